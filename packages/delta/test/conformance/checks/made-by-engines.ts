// SPDX-License-Identifier: Apache-2.0
// Tables that engines make, which we read, write to and maintain.
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DeltaError } from "../../../src/delta-error.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { assertReads, ownRows, removeCommitsBefore, sortedRows } from "../agreement.ts";
import { type Check, type CheckContext } from "../check.ts";
import type { EngineReading } from "../engine.ts";

const EVERY_KIND_OF_TABLE: readonly (readonly [recipe: readonly string[], what: string])[] = [
  [["deletion_vectors"], "deletion vectors"],
  [["mapping", "name"], "column mapping by name"],
  [["mapping", "id"], "column mapping by id"],
  [["partitions"], "partitions with hostile values"],
  [["type_widening"], "widened types"],
  [["variant"], "VARIANT"],
  [["old_forms"], "INT96 and the old forms of Parquet"],
  [["nested"], "nested types"],
];

/** What it reads of its own table, we read; in variants only the texts of times differ. */
function madeBySpark(recipe: readonly string[]): Check["run"] {
  return async ({ engine, location }) => {
    mkdirSync(location);
    const readings = (await engine.ask("make", { location, recipe })) as Record<
      string,
      EngineReading
    >;
    for (const [name, { rows }] of Object.entries(readings)) {
      const own = await ownRows(join(location, name));
      assert.ok(own.length > 0);
      assert.deepEqual(own, sortedRows(rows).map(withIsoTimes).toSorted());
    }
  };
}

function withIsoTimes(row: string): string {
  return row.replace(
    /(\\"\d{4}-\d\d-\d\d) (\d\d:[\d:.]+)(\+00:00)?/g,
    (_, day: string, time: string, offset: string | undefined) =>
      `${day}T${time}${offset === undefined ? "" : "Z"}`,
  );
}

async function deletionVectorsCompacted({ engine, location }: CheckContext): Promise<void> {
  const statements = [
    "CREATE TABLE TABLE_ (id BIGINT, p STRING, name STRING) USING delta PARTITIONED BY (p)" +
      " TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
    "INSERT INTO TABLE_ SELECT id, concat('p/', id % 2), concat('name ', id) FROM range(0, 1000, 1, 1)",
    "DELETE FROM TABLE_ WHERE id % 7 = 3",
    "DELETE FROM TABLE_ WHERE id BETWEEN 400 AND 500",
    "INSERT INTO TABLE_ VALUES (2000, NULL, 'late'), (2001, 'p/1', NULL)",
    "UPDATE TABLE_ SET name = 'changed' WHERE id = 5",
  ];
  await engine.ask("sql", { location, statements });
  const table = await openTable(location);
  const before = await ownRows(location);
  await assertReads(engine, table);
  assert.ok([...table.snapshot().files].some(({ deletionVector }) => deletionVector !== undefined));
  await table.optimize();
  assert.ok(
    [...table.snapshot().files].every(({ deletionVector }) => deletionVector === undefined),
  );
  await engine.ask("forget", {});
  await assertReads(engine, table);
  assert.deepEqual(await ownRows(location), before);
  // And the other way: it deletes rows of our compacted files.
  await engine.ask("sql", { location, statements: ["DELETE FROM TABLE_ WHERE id % 5 = 1"] });
  await table.refresh();
  await assertReads(engine, table);
  await table.restore({ version: table.snapshot().version - 1 });
  assert.deepEqual(await ownRows(location), before);
  await assertReads(engine, table);
}

function sparkCheckpoint(properties: string, partSize?: number): Check["run"] {
  return async ({ engine, location }) => {
    const statements = [
      `CREATE TABLE TABLE_ (id BIGINT, p STRING, o STRUCT<x: INT>) USING delta PARTITIONED BY (p) TBLPROPERTIES (${properties})`,
      ...[0, 1, 2, 3].map(
        (k) =>
          `INSERT INTO TABLE_ VALUES (${k}, 'p ${k % 2}', named_struct('x', ${k})), (${k + 10}, NULL, NULL)`,
      ),
      "DELETE FROM TABLE_ WHERE id = 12",
    ];
    await engine.ask("sql", { location, statements });
    const before = await ownRows(location);
    await engine.ask("checkpoint", {
      location,
      ...(partSize === undefined ? {} : { part_size: partSize }),
    });
    const { version } = (await openTable(location)).snapshot();
    const names = await readdir(join(location, "_delta_log"));
    const parts = names.filter((name) => /checkpoint\.\d{10}\.\d{10}\.parquet$/.test(name));
    assert.equal(parts.length > 1, partSize !== undefined, names.join(" "));
    assert.equal(existsSync(join(location, "_delta_log/_sidecars")), properties.includes("v2"));
    await removeCommitsBefore(location, version);
    const table = await openTable(location);
    assert.deepEqual(await ownRows(location), before);
    await table.appendRows([{ id: 50, p: "p 0", o: null }]);
    await table.checkpoint();
    await removeCommitsBefore(location, table.snapshot().version);
    await engine.ask("forget", {});
    await assertReads(engine, table);
    assert.equal((await ownRows(location)).length, before.length + 1);
  };
}

async function sparkFeatures({ engine, location }: CheckContext): Promise<void> {
  const properties = [
    "'delta.enableRowTracking' = 'true'",
    "'delta.enableInCommitTimestamps' = 'true'",
    "'delta.enableChangeDataFeed' = 'true'",
    "'delta.feature.allowColumnDefaults' = 'supported'",
  ];
  const statements = [
    "CREATE TABLE TABLE_ (id BIGINT NOT NULL, name STRING DEFAULT 'd', day DATE) USING delta CLUSTER BY (id)" +
      ` TBLPROPERTIES (${properties.join(", ")})`,
    "ALTER TABLE TABLE_ ADD CONSTRAINT positive CHECK (id > 0)",
    "INSERT INTO TABLE_ (id, day) VALUES (1, DATE'2024-02-29'), (2, NULL)",
    // Its row keeps its id, which is in the new file.
    "UPDATE TABLE_ SET name = 'u' WHERE id = 2",
  ];
  await engine.ask("sql", { location, statements });
  const table = await openTable(location);
  await assert.rejects(table.appendRows([{ id: 0 }]), /positive/);
  await table.appendRows([{ id: 3 }, { id: 4, name: null }]);
  await assertReads(engine, table, [
    { id: 1n, name: "d", day: "2024-02-29" },
    { id: 2n, name: "u", day: null },
    { id: 3n, name: "d", day: null },
    { id: 4n, name: null, day: null },
  ]);
  const seen = (await engine.ask("row_ids", { location, column: "id" })) as number[][];
  assert.equal(new Set(seen.map(([, rowId]) => rowId)).size, 4);
}

async function sparkComputedColumns({ engine, location }: CheckContext): Promise<void> {
  await engine.ask("create_computed", { location });
  const table = await openTable(location);
  await assertReads(engine, table, [
    { id: 1n, x: 1, y: 2 },
    { id: 2n, x: 2, y: 3 },
  ]);
  // Values that only the table can give are refused, not made up.
  await assert.rejects(table.appendRows([{ x: 3 }]), isRefusal);
}

function isRefusal(error: unknown): boolean {
  return error instanceof DeltaError && error.code === "unsupported";
}

async function compactedCommits({ engine, location }: CheckContext): Promise<void> {
  await engine.ask("create", { location });
  const table = await openTable(location);
  for (const id of [10, 11, 12]) await table.appendRows([{ id }]);
  await engine.ask("delete", { location, predicate: "id = 11" });
  const before = await ownRows(location);
  await engine.ask("compact_logs", { location, first: 1, last: 4 });
  assert.ok((await readdir(join(location, "_delta_log"))).some((name) => /compacted/.test(name)));
  assert.deepEqual(await ownRows(location), before);
  await assertReads(engine, await openTable(location));
}

async function madeByDeltaRs({ engine, location }: CheckContext): Promise<void> {
  await engine.ask("create", { location });
  await assertReads(engine, await openTable(location));
  await engine.ask("evolve", { location });
  await assertReads(engine, await openTable(location));
  await engine.ask("constrain", { location, name: "small", condition: "id < 1000" });
  await engine.ask("delete", { location, predicate: "id = 1" });
  const table = await openTable(location);
  await assertReads(engine, table);
  await assert.rejects(table.appendRows([{ id: 1000 }]), /small/);
  await table.appendRows([{ id: 999 }]);
  await assertReads(engine, table);
}

async function partitionedByDeltaRs({ engine, location }: CheckContext): Promise<void> {
  await engine.ask("create", { location, partition_by: ["name", "day"] });
  const table = await openTable(location);
  await assertReads(engine, table);
  await table.appendRows([{ id: 7, name: "é/=% ", day: "2024-02-29" }]);
  await assertReads(engine, table);
  await engine.ask("compact", { location });
  await table.refresh();
  await assertReads(engine, table);
}

async function maintainedByDeltaRs({ engine, location }: CheckContext): Promise<void> {
  await engine.ask("create", { location });
  const table = await openTable(location);
  for (const id of [10, 11, 12])
    await table.appendRows([{ id }], { txn: { appId: "a", version: id } });
  const before = await ownRows(location);
  await engine.ask("compact", { location });
  assert.deepEqual(await ownRows(location), before);
  await engine.ask("checkpoint", { location });
  await removeCommitsBefore(location, (await openTable(location)).snapshot().version);
  const reopened = await openTable(location);
  assert.deepEqual(await ownRows(location), before);
  const again = await reopened.appendRows([{ id: 12 }], { txn: { appId: "a", version: 12 } });
  assert.equal(again.kind, "alreadyCommitted");
  await engine.ask("vacuum", { location });
  await assertReads(engine, reopened);
  assert.deepEqual(await ownRows(location), before);
}

async function restoredByDeltaRs({ engine, location }: CheckContext): Promise<void> {
  await engine.ask("create", { location });
  const table = await openTable(location);
  const before = await ownRows(location);
  await table.appendRows([{ id: 10 }]);
  await table.optimize();
  await engine.ask("restore", { location, version: 0 });
  await table.refresh();
  assert.deepEqual(await ownRows(location), before);
  await table.restore({ version: 1 });
  assert.equal((await ownRows(location)).length, before.length + 1);
  await assertReads(engine, table);
}

export const ENGINE_TABLE_CHECKS: readonly Check[] = [
  ...EVERY_KIND_OF_TABLE.map(([recipe, what]) => ({
    name: `its own table with ${what}`,
    engines: ["spark" as const],
    run: madeBySpark(recipe),
  })),
  {
    name: "its deletion vectors, compacted by us",
    engines: ["spark"],
    run: deletionVectorsCompacted,
  },
  { name: "its classic checkpoint", engines: ["spark"], run: sparkCheckpoint("'a' = 'b'") },
  { name: "its checkpoint in parts", engines: ["spark"], run: sparkCheckpoint("'a' = 'b'", 3) },
  {
    name: "its v2 checkpoint",
    engines: ["spark"],
    run: sparkCheckpoint("'delta.checkpointPolicy' = 'v2'"),
  },
  {
    name: "its own table with constraints, defaults, row tracking, commit times",
    engines: ["spark"],
    run: sparkFeatures,
  },
  {
    name: "its own table with identity and generated columns",
    engines: ["spark"],
    run: sparkComputedColumns,
  },
  { name: "its compacted commits", engines: ["deltalake"], run: compactedCommits },
  { name: "its own tables, evolved, constrained", engines: ["deltalake"], run: madeByDeltaRs },
  { name: "its own partitioned tables", engines: ["deltalake"], run: partitionedByDeltaRs },
  {
    name: "its compaction, checkpoint and vacuum",
    engines: ["deltalake"],
    run: maintainedByDeltaRs,
  },
  { name: "its restore and ours", engines: ["deltalake"], run: restoredByDeltaRs },
];
