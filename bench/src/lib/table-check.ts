// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { openTable, type Row } from "@sluice/delta";
import { makeRecordSet, type RecordSet, type RecordShape } from "./record-set.ts";
import { wallClockMs } from "./wall-clock.ts";

/** Without a new version for so long, the rows are taken as lost. */
const STALL_TIMEOUT_MS = 60_000;
const SPOT_CHECK_ROWS = 500;

/** The records of the shape checked last: most checks in a row are of one shape. */
let lastChecked: { readonly shape: RecordShape; readonly set: RecordSet } | undefined;

/**
 * Follows a table by its Delta log, as any reader would, until it has the rows that were acknowledged.
 * @param pollIntervalMs between two looks at the log.
 * @returns the wall clock when it had.
 * @throws Error when it has more, or when no version comes for a minute.
 */
export async function waitForRows(
  location: string,
  rowCount: number,
  pollIntervalMs: number,
): Promise<number> {
  const table = await openTable(location);
  let version = -1;
  let changedAtMs = wallClockMs();
  for (;;) {
    const snapshot = await table.refresh();
    const seenAtMs = wallClockMs();
    if (snapshot.version !== version) {
      version = snapshot.version;
      changedAtMs = seenAtMs;
      const found = await table.countRows();
      if (found === rowCount) return seenAtMs;
      if (found > rowCount) {
        throw new Error(`${location} has ${found} rows; ${rowCount} were acknowledged`);
      }
    } else if (seenAtMs - changedAtMs > STALL_TIMEOUT_MS) {
      const found = await table.countRows();
      throw new Error(`${location} stays at ${found} rows; ${rowCount} were acknowledged`);
    }
    await sleep(pollIntervalMs);
  }
}

/**
 * Reads rows back and compares every value with the generator's.
 * @throws Error that names the first value that differs.
 */
export async function checkValues(location: string, shape: RecordShape): Promise<void> {
  const set = recordSetOf(shape);
  const table = await openTable(location);
  // Whole row groups are read for a few rows: of large records only a few.
  const limit = Math.min(SPOT_CHECK_ROWS, set.rows.length);
  let checkedCount = 0;
  for await (const row of table.scan({ limit })) {
    checkRow(location, set, row);
    checkedCount++;
  }
  if (checkedCount === 0) throw new Error(`${location} gave no rows to check`);
}

function recordSetOf(shape: RecordShape): RecordSet {
  if (lastChecked?.shape !== shape) lastChecked = { shape, set: makeRecordSet(shape) };
  return lastChecked.set;
}

function checkRow(location: string, set: RecordSet, row: Row): void {
  const expected = set.rows[Number(row["sequence"])];
  for (const [index, { name, type }] of set.columns.entries()) {
    const found = type === "TIMESTAMP" ? Number(row[name]) : row[name];
    if (found === expected?.[index]) continue;
    const text = `${location}: ${name} is ${String(found)} and was sent as ${String(expected?.[index])}`;
    throw new Error(text);
  }
}
