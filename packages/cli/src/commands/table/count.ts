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
  let found = 0;
  const counted = await runInterruptible(
    options.where === undefined
      ? { run: async (signal) => target.table.countRows({ ...scan, signal }) }
      : {
          run: async (signal) => {
            const batches = target.table.scanColumns({ ...scan, columns: [], signal });
            for await (const { rowCount } of batches) found += rowCount;
            return found;
          },
          progress: () => ({ doneCount: found, unit: "row", fraction: undefined }),
        },
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
