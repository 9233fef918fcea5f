// SPDX-License-Identifier: Apache-2.0
import { formatCounted } from "../../terminal/numbers.ts";
import type { CommandContext } from "../context.ts";
import { openTarget, type TargetOptions } from "./target.ts";

export interface CheckpointCommandOptions extends TargetOptions {
  /** Deletes commits that have expired, too. */
  readonly cleanUp?: boolean;
}

/** Writes a checkpoint of the newest version. */
export async function checkpointCommand(
  argument: string | undefined,
  options: CheckpointCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { screen } = context;
  const { name, table } = await openTarget(argument, options, context);
  const known = table.snapshot().tombstones.checkpoint?.version;
  const version = await table.checkpoint();
  const isNew = known !== version;
  const cleaned = options.cleanUp === true ? await table.cleanUpLog() : undefined;
  if (options.json === true) {
    const deleted = cleaned === undefined ? {} : { deletedLogFiles: cleaned.deletedPaths.length };
    await screen.print(JSON.stringify({ name, version, created: isNew, ...deleted }));
    return;
  }
  await screen.print(
    isNew
      ? `wrote a checkpoint of ${name} at version ${version}`
      : `${name} has a checkpoint of its newest version ${version} already`,
  );
  if (cleaned === undefined) return;
  const count = formatCounted(cleaned.deletedPaths.length, "file");
  await screen.print(
    cleaned.isComplete
      ? `deleted ${count} of the log that expired`
      : `deleted ${count} of the log that expired; run it again for the rest`,
  );
}
