// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTable, parseColumnList } from "@sluice/delta";

const SCHEMA = parseColumnList("id BIGINT");

/** A table without data files: only its log is read. */
export async function makeEmptyTable(location: string): Promise<void> {
  await createTable({ location, schema: SCHEMA });
}

/** A log of so many commits that add a file each, written as files at once: nobody waits for a sync of each. */
export async function makeManyCommits(location: string, count: number): Promise<void> {
  await makeEmptyTable(location);
  for (let version = 1; version <= count; version += 1) {
    const name = `${String(version).padStart(20, "0")}.json`;
    writeFileSync(join(location, "_delta_log", name), commitText(version));
  }
}

function commitText(version: number): string {
  const stats = {
    numRecords: 100,
    minValues: { id: version * 100 },
    maxValues: { id: version * 100 + 99 },
    nullCount: { id: 0 },
  };
  const timestamp = 1_700_000_000_000 + version;
  const commitInfo = { timestamp, operation: "WRITE", operationParameters: { mode: "Append" } };
  const add = {
    path: `part-${String(version).padStart(8, "0")}-c5c3ef92-e630-46ef-9ae4-c1018f882669.c000.parquet`,
    partitionValues: {},
    size: 1000 + (version % 997),
    modificationTime: timestamp,
    dataChange: true,
    stats: JSON.stringify(stats),
  };
  return `${JSON.stringify({ commitInfo })}\n${JSON.stringify({ add })}\n`;
}
