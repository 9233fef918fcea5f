// SPDX-License-Identifier: Apache-2.0
import type { RestoreResult, RestoreTarget } from "@sluice/delta";
import { CliError } from "../../cli-error.ts";
import { formatCounted } from "../../terminal/numbers.ts";
import type { CommandContext } from "../context.ts";
import { openTarget, type TargetOptions } from "./target.ts";

export interface RestoreCommandOptions extends TargetOptions {
  readonly version?: number;
  /** Milliseconds since the epoch. */
  readonly at?: number;
}

/** Makes a new version that has the state of an earlier one. */
export async function restoreCommand(
  argument: string | undefined,
  options: RestoreCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { screen } = context;
  const state = restoreTargetOf(options);
  const { name, table } = await openTarget(argument, options, context);
  const result = await table.restore(state);
  if (options.json === true) await screen.print(JSON.stringify({ name, ...result }));
  else await screen.print(resultText(name, result));
}

function restoreTargetOf({ version, at }: RestoreCommandOptions): RestoreTarget {
  if (version !== undefined && at === undefined) return { version };
  if (at !== undefined && version === undefined) return { timestampMs: at };
  throw new CliError("say which state to restore, by --version or by --at", {
    hints: ["`sluice table history` has the versions and their times."],
  });
}

function resultText(name: string, result: RestoreResult): string {
  if (result.kind === "unchanged") {
    return `${name} has that state already, in version ${result.version}`;
  }
  const { version, restoredVersion, restoredFileCount, removedFileCount } = result;
  const files = `${formatCounted(restoredFileCount, "file")} back, ${formatCounted(removedFileCount, "file")} out`;
  return `restored version ${restoredVersion} of ${name} as version ${version}: ${files}`;
}
