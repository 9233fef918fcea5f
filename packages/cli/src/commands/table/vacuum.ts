// SPDX-License-Identifier: Apache-2.0
import { type VacuumOptions, DeltaError, type VacuumResult } from "@sluice/delta";
import { CliError } from "../../cli-error.ts";
import { durationText } from "../../terminal/durations.ts";
import { formatBytes, formatCounted } from "../../terminal/numbers.ts";
import { printable } from "../../terminal/display-text.ts";
import type { CommandContext } from "../context.ts";
import { runInterruptible } from "./interruptible.ts";
import { openTarget, type TargetOptions } from "./target.ts";

export interface VacuumCommandOptions extends TargetOptions {
  /** Milliseconds. */
  readonly retain?: number;
  readonly forceShortRetention?: boolean;
  readonly dryRun?: boolean;
  readonly maxFiles?: number;
  /** Names the files. */
  readonly verbose?: boolean;
}

/** Deletes files that no version within the retention needs. @returns the exit code. */
export async function vacuumCommand(
  argument: string | undefined,
  options: VacuumCommandOptions,
  context: CommandContext,
): Promise<number> {
  const { screen } = context;
  const { name, table } = await openTarget(argument, options, context);
  const paths: string[] | undefined =
    options.verbose === true && options.json === true ? [] : undefined;
  let fileCount = 0;
  const onFile: VacuumOptions["onFile"] = ({ path }) => {
    fileCount += 1;
    paths?.push(path);
    if (options.verbose === true && options.json !== true)
      screen.output.write(`${printable(path)}\n`);
  };
  const isDryRun = options.dryRun === true;
  const result = await withAdvice(async () =>
    runInterruptible(
      {
        run: async (signal) => table.vacuum({ ...limitsOf(options), onFile, signal }),
        ...(options.verbose === true
          ? {}
          : { progress: () => ({ doneCount: fileCount, unit: "file", fraction: undefined }) }),
      },
      context,
    ),
  );
  if (result.kind === "stopped") {
    screen.tell(
      isDryRun
        ? "stopped; nothing was deleted"
        : `stopped; about ${formatCounted(fileCount, "file")} deleted, the same command goes on`,
    );
    return result.exitCode;
  }
  const outcome = result.value;
  if (options.json === true) {
    await screen.print(
      JSON.stringify({ name, ...outcome, ...(paths === undefined ? {} : { paths }) }),
    );
  } else await screen.print(outcomeText(name, outcome));
  return 0;
}

function limitsOf(options: VacuumCommandOptions): VacuumOptions {
  const { retain, forceShortRetention, dryRun, maxFiles } = options;
  return {
    ...(retain === undefined ? {} : { retentionMs: retain }),
    ...(forceShortRetention === undefined ? {} : { allowShortRetention: forceShortRetention }),
    ...(dryRun === undefined ? {} : { dryRun }),
    ...(maxFiles === undefined ? {} : { maxFiles }),
  };
}

/** The library's message names its own options; this adds those of the command. */
async function withAdvice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof DeltaError) || cause.details["retentionMs"] === undefined) throw cause;
    throw new CliError(cause.message, {
      cause,
      hints: [
        "Give a longer --retain, or --force-short-retention where nobody else reads or writes the table.",
      ],
    });
  }
}

function outcomeText(name: string, outcome: VacuumResult): string {
  const { fileCount, byteCount, seenFileCount, retentionMs, dryRun } = outcome;
  const within =
    retentionMs === 0
      ? "the newest version does not need"
      : `no version of the last ${durationText(retentionMs)} needs`;
  const looked = `looked at ${formatCounted(seenFileCount, "file")}`;
  if (fileCount === 0) return `${name} has no files that ${within}; ${looked}`;
  const files = `${formatCounted(fileCount, "file")} (${formatBytes(byteCount)}) of ${name}`;
  return `${dryRun ? "would delete" : "deleted"} ${files} that ${within}; ${looked}`;
}
