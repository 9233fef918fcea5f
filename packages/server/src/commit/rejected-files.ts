// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Where rows are kept that a table does not take any more, below its root, as the real service does. */
const REJECTED_DIRECTORY = "_zerobus/table_rejected_parquets";

const NAME = /^sluice-(.+)-(\d{16})-\d+-[0-9a-f]{32}\.parquet$/;

/**
 * A file for rejected rows of the commit that begins behind a log position. No two are the same: an attempt that was given
 * up removes its own file, however late.
 * @param index tells the files of one commit apart.
 */
export function rejectedFilePath(logId: string, startPosition: number, index: number): string {
  const start = String(startPosition).padStart(16, "0");
  const attempt = randomUUID().replaceAll("-", "");
  return `${REJECTED_DIRECTORY}/sluice-${logId}-${start}-${index}-${attempt}.parquet`;
}

/**
 * Removes what an attempt has left that ended before its commit: its rows are still in the log, and are rejected again.
 * @param settledPosition what begins before it stays: up to it the table has the log's records, or the log no longer does.
 */
export async function removeUnsettledRejects(
  tableLocation: string,
  logId: string,
  settledPosition: number,
): Promise<void> {
  const directory = join(tableLocation, REJECTED_DIRECTORY);
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cause;
  }
  for (const name of names) {
    const match = NAME.exec(name);
    if (match?.[1] !== logId || Number(match[2]) < settledPosition) continue;
    await rm(join(directory, name), { force: true });
  }
}
