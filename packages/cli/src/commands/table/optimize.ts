// SPDX-License-Identifier: Apache-2.0
import type { OptimizeOptions, OptimizeProgress, OptimizeResult } from "@sluice/delta";
import { formatBytes, formatCounted } from "../../terminal/numbers.ts";
import type { ProgressState } from "../../terminal/progress.ts";
import type { CommandContext } from "../context.ts";
import { runInterruptible } from "./interruptible.ts";
import { openTarget, type TargetOptions } from "./target.ts";

export interface OptimizeCommandOptions extends TargetOptions {
  readonly where?: string;
  /** Bytes. */
  readonly targetSize?: number;
  /** Bytes. */
  readonly minSize?: number;
  /** 0 to 1. */
  readonly maxDeleted?: number;
  /** Bytes. */
  readonly maxInput?: number;
  readonly jobs: number;
  readonly dryRun?: boolean;
}

/** Writes small files together into larger ones. @returns the exit code. */
export async function optimizeCommand(
  argument: string | undefined,
  options: OptimizeCommandOptions,
  context: CommandContext,
): Promise<number> {
  const { screen } = context;
  const { name, table } = await openTarget(argument, options, context);
  let done: OptimizeProgress = { writtenInputBytes: 0, doneInputBytes: 0, totalInputBytes: 0 };
  const result = await runInterruptible(
    {
      run: async (signal) =>
        table.optimize({
          ...limitsOf(options),
          signal,
          onProgress: (progress) => (done = progress),
        }),
      ...(options.dryRun === true ? {} : { progress: () => progressOf(done) }),
    },
    context,
  );
  if (result.kind === "stopped") {
    screen.tell(stoppedText(done));
    return result.exitCode;
  }
  const outcome = result.value;
  if (options.json === true) await screen.print(JSON.stringify({ name, ...outcome }));
  else await screen.print(outcomeText(name, outcome));
  return 0;
}

function limitsOf(options: OptimizeCommandOptions): OptimizeOptions {
  const { where, targetSize, minSize, maxDeleted, maxInput, jobs, dryRun } = options;
  return {
    concurrency: jobs,
    ...(where === undefined ? {} : { where }),
    ...(targetSize === undefined ? {} : { targetFileBytes: targetSize }),
    ...(minSize === undefined ? {} : { minFileBytes: minSize }),
    ...(maxDeleted === undefined ? {} : { maxDeletedShare: maxDeleted }),
    ...(maxInput === undefined ? {} : { maxInputBytes: maxInput }),
    ...(dryRun === undefined ? {} : { dryRun }),
  };
}

function progressOf({ writtenInputBytes, totalInputBytes }: OptimizeProgress): ProgressState {
  return {
    doneCount: writtenInputBytes,
    unit: "byte",
    fraction: totalInputBytes === 0 ? undefined : writtenInputBytes / totalInputBytes,
  };
}

function stoppedText({ doneInputBytes, totalInputBytes }: OptimizeProgress): string {
  return doneInputBytes === 0
    ? "stopped; nothing was committed, what was written is removed"
    : `stopped; ${formatBytes(doneInputBytes)} of ${formatBytes(totalInputBytes)} are done and committed, the same command goes on`;
}

function outcomeText(name: string, outcome: OptimizeResult): string {
  const { removedFileCount, removedByteCount, addedFileCount, addedByteCount, versions } = outcome;
  const from = `${formatCounted(removedFileCount, "file")} (${formatBytes(removedByteCount)})`;
  const into = `${formatCounted(addedFileCount, "file")} (${formatBytes(addedByteCount)})`;
  if (removedFileCount === 0 && outcome.conflictCount === 0) {
    return `${name} has no files to write together`;
  }
  if (outcome.dryRun) return `would write ${from} of ${name} into about ${into}`;
  const last = versions.at(-1);
  const lines = [];
  if (last !== undefined) lines.push(`wrote ${from} of ${name} into ${into}, in version ${last}`);
  if (outcome.conflictCount > 0) {
    const given = formatCounted(outcome.conflictCount, "new file");
    lines.push(`${given} given up: other writers removed rows meanwhile; run it again`);
  }
  return lines.join("\n");
}
