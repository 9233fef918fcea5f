// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { InputRow } from "../../../src/rows/row-encoder.ts";
import { writeCheckpoint } from "../../../src/log/write-checkpoint.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { createTable, type CreateTableOptions } from "../../../src/table/create-table.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import { assertReads, removeCommitsBefore } from "../agreement.ts";
import { type Check, type CheckContext, READERS } from "../check.ts";
import { FLAT_COLUMNS, flatRow } from "./written-types.ts";

const DAY_MS = 86_400_000;

/** A table of every flat type with a partition, a load for each of the rows. */
async function manyLoads(
  location: string,
  options: Partial<CreateTableOptions> = {},
): Promise<{ readonly table: DeltaTable; readonly rows: readonly InputRow[] }> {
  const schema = parseColumnList(`part STRING, ${FLAT_COLUMNS}, o STRUCT<x: INT>`);
  const table = await createTable({ location, schema, partitionBy: ["part"], ...options });
  const rows: InputRow[] = Array.from({ length: 12 }, (_, k) => ({
    ...(k % 5 === 4 ? {} : flatRow(k)),
    part: k % 3 === 0 ? null : `part/${k % 3}`,
    o: k % 2 === 0 ? null : { x: k },
  }));
  for (const [k, row] of rows.entries()) {
    await table.appendRows([row], { txn: { appId: "loader", version: k } });
  }
  return { table, rows };
}

function checkpoint(
  form: "classic" | "v2" | "v2-classic-name",
  properties: Record<string, string>,
): Check["run"] {
  return async ({ engine, location }) => {
    const { table, rows } = await manyLoads(location, { properties });
    const removed = [...table.snapshot().files].slice(0, 2);
    await table.commit({ readSnapshot: table.snapshot(), operation: "DELETE", removes: removed });
    const snapshot = await table.refresh();
    const options = { form, actionsPerSidecar: 4 } as const;
    await writeCheckpoint(new LocalStore(location), snapshot, options);
    await removeCommitsBefore(location, snapshot.version);
    const left = rows.slice(2);
    await assertReads(engine, await openTable(location), left);
    await (await openTable(location)).appendRows([{ t: 1 }]);
    await assertReads(engine, await openTable(location), [...left, { t: 1 }]);
  };
}

const V2 = { "delta.checkpointPolicy": "v2" };
const STRUCT_STATS = {
  "delta.checkpoint.writeStatsAsStruct": "true",
  "delta.checkpoint.writeStatsAsJson": "false",
};

async function cleanedUp({ engine, location }: CheckContext): Promise<void> {
  let nowMs = Date.now();
  const { table, rows } = await manyLoads(location, { clock: () => nowMs });
  await table.checkpoint();
  await table.appendRows([{ t: 1 }]);
  nowMs += 40 * DAY_MS;
  const { deletedPaths } = await table.cleanUpLog();
  assert.ok(deletedPaths.length >= 12, "commits are gone");
  await assertReads(engine, table, [...rows, { t: 1 }]);
  await table.appendRows([{ t: 2 }]);
  await assertReads(engine, await openTable(location), [...rows, { t: 1 }, { t: 2 }]);
}

async function optimized({ engine, location }: CheckContext): Promise<void> {
  const { table, rows } = await manyLoads(location);
  const { removedFileCount, addedFileCount } = await table.optimize();
  assert.deepEqual([removedFileCount, addedFileCount], [12, 3]);
  await assertReads(engine, table, rows);
  await table.checkpoint();
  await removeCommitsBefore(location, table.snapshot().version);
  await assertReads(engine, table, rows);
}

async function vacuumed({ engine, location }: CheckContext): Promise<void> {
  let nowMs = Date.now();
  const { table, rows } = await manyLoads(location, { clock: () => nowMs });
  await table.optimize();
  nowMs += 8 * DAY_MS;
  const { fileCount } = await table.vacuum();
  assert.equal(fileCount, 12);
  await assertReads(engine, table, rows);
}

async function restored({ engine, location }: CheckContext): Promise<void> {
  const { table, rows } = await manyLoads(location);
  await table.alter({
    kind: "addColumns",
    columns: [{ field: { name: "late", type: "integer", nullable: true, metadata: {} } }],
  });
  await table.appendRows([{ late: 1 }]);
  await table.optimize();
  const result = await table.restore({ version: 6 });
  assert.equal(result.kind, "restored");
  await assertReads(engine, table, rows.slice(0, 6));
  await table.appendRows([{ t: 5 }]);
  await assertReads(engine, table, [...rows.slice(0, 6), { t: 5 }]);
}

export const MAINTENANCE_CHECKS: readonly Check[] = [
  { name: "classic checkpoint, commits gone", engines: READERS, run: checkpoint("classic", {}) },
  {
    name: "classic checkpoint with statistics as columns",
    engines: READERS,
    run: checkpoint("classic", STRUCT_STATS),
  },
  ...(["v2", "v2-classic-name"] as const).map((form) => ({
    name: `v2 checkpoint with sidecars${form === "v2" ? "" : ", classic name"}, commits gone`,
    engines: READERS,
    unable: {
      deltalake: "delta-rs refuses v2Checkpoint",
      polars: "delta-rs refuses v2Checkpoint",
    },
    run: checkpoint(form, V2),
  })),
  { name: "log cleaned up", engines: READERS, run: cleanedUp },
  { name: "optimized", engines: READERS, run: optimized },
  { name: "vacuumed", engines: READERS, run: vacuumed },
  { name: "restored", engines: READERS, run: restored },
];
