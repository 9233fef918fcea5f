// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { LOG_DIRECTORY } from "../../src/log/log-files.ts";
import type { InputRow } from "../../src/rows/row-encoder.ts";
import type { Row } from "../../src/scan/row.ts";
import type { StructType } from "../../src/schema/types.ts";
import { type DeltaTable, openTable } from "../../src/table/delta-table.ts";
import { plainValueOf } from "../support/plain-values.ts";
import { allRows } from "../support/table-checks.ts";
import type { Engine } from "./engine.ts";

/** Rows in the form of the engines, in an order of their own. */
export function plainRows(schema: StructType, rows: readonly (Row | InputRow)[]): string[] {
  return sortedRows(
    rows.map((row) => schema.fields.map(({ name, type }) => plainValueOf(row[name], type))),
  );
}

export function sortedRows(rows: readonly (readonly unknown[])[]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

/** Our reader, from a fresh start. */
export async function ownRows(location: string): Promise<string[]> {
  const table = await openTable(location);
  const rows = await allRows(table.scan());
  assert.equal(await table.countRows(), rows.length, "countRows and scan");
  return plainRows(table.snapshot().schema, rows);
}

/**
 * The engine and our own reader see exactly these rows.
 * @param rows as scans give them; without, what our own reader sees.
 */
export async function assertReads(
  engine: Engine,
  table: DeltaTable,
  rows?: readonly (Row | InputRow)[],
): Promise<void> {
  const own = await ownRows(table.location);
  const { schema } = await table.refresh();
  if (rows !== undefined) assert.deepEqual(own, plainRows(schema, rows), "our own reader");
  const reading = await engine.read(table.location);
  const names = schema.fields.map(({ name }) => name);
  assert.deepEqual(reading.columns, names);
  assert.deepEqual(sortedRows(reading.rows), own, engine.name);
}

/** Removes the commits before a checkpoint, so that readers have to start from it. */
export async function removeCommitsBefore(location: string, version: number): Promise<void> {
  const log = join(location, LOG_DIRECTORY);
  for (const name of await readdir(log)) {
    const commit = /^(\d{20})\.(json|crc)$/.exec(name);
    if (commit !== null && Number(commit[1]) < version) await unlink(join(log, name));
  }
}
