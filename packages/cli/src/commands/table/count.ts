// SPDX-License-Identifier: Apache-2.0
import type { CommandContext } from "../context.ts";
import { runInterruptible } from "./interruptible.ts";
import { type RowOptions, scanOf, snapshotToRead } from "./read-state.ts";
import { openTarget } from "./target.ts";

/** @returns the exit code. */
export async function countTableCommand(
  argument: string | undefined,
  options: RowOptions,
  context: CommandContext,
): Promise<number> {
  const { screen } = context;
  const target = await openTarget(argument, options, context);
  const snapshot = await snapshotToRead(target, options);
  const { scan } = scanOf(snapshot, options);
  const counted = await runInterruptible(
    { run: async (signal) => target.table.countRows({ ...scan, signal }) },
    context,
  );
  if (counted.kind === "stopped") {
    screen.tell("stopped; the rows are not counted");
    return counted.exitCode;
  }
  const { name } = target;
  const { version } = snapshot;
  const rows = counted.value;
  await screen.print(
    options.json === true ? JSON.stringify({ name, version, rows }) : String(rows),
  );
  return 0;
}
