// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import type { TableChange } from "../../../src/alter/table-change.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import type { StructField } from "../../../src/schema/types.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import type { NewTable } from "../../../src/table/table-definition.ts";
import { actionsAt, allRows, rejectsWith } from "../../support/table-checks.ts";
import { syntheticFile, temporaryDirectory } from "../../support/table-files.ts";

async function tableOf(
  context: TestContext,
  columns: string,
  options: Omit<NewTable, "schema"> = {},
): Promise<DeltaTable> {
  const location = await temporaryDirectory(context);
  return createTable({ location, schema: parseColumnList(columns), ...options });
}

function fieldOf(column: string): StructField {
  const [field] = parseColumnList(column).fields;
  assert.ok(field !== undefined);
  return field;
}

async function altered(table: DeltaTable, change: TableChange): Promise<number> {
  const result = await table.alter(change);
  assert.ok(result.kind === "committed", JSON.stringify(result));
  return result.version;
}

/** What the version's `commitInfo` says was done. */
function operationAt(table: DeltaTable, version: number): unknown[] {
  const info = actionsAt(table.location, version)[0]?.["commitInfo"];
  return [info?.["operation"], info?.["operationParameters"]];
}

async function rowsOf(table: DeltaTable): Promise<unknown[]> {
  return allRows((await openTable(table.location)).scan());
}

async function refused(table: DeltaTable, change: TableChange, message: RegExp): Promise<void> {
  const { version } = table.snapshot();
  await rejectsWith(table.alter(change), "invalid_argument", message);
  assert.equal((await table.refresh()).version, version);
}

describe("alter columns", () => {
  test("adds columns, inside of others too, whose values are NULL in older rows", async (context) => {
    const table = await tableOf(context, "a INT, s STRUCT<b: INT>, l ARRAY<STRUCT<c: INT>>");
    await table.appendRows([{ a: 1, s: { b: 1 }, l: [{ c: 1 }] }]);
    const columns = [
      { field: fieldOf("n TIMESTAMP_NTZ COMMENT 'x'") },
      { parent: ["s"], field: fieldOf("d STRING") },
      { parent: ["l", "element"], field: fieldOf("e INT") },
    ];
    const version = await altered(table, { kind: "addColumns", columns });
    const [operation, parameters] = operationAt(table, version);
    assert.equal(operation, "ADD COLUMNS");
    const described = JSON.parse((parameters as { columns: string }).columns) as unknown[];
    assert.deepEqual(described[1], {
      column: { name: "s.d", type: "string", nullable: true, metadata: {} },
    });
    assert.deepEqual(table.snapshot().protocol.readerFeatures, ["timestampNtz"]);
    await table.appendRows([{ a: 2, s: { d: "x" }, l: [{ e: 2 }], n: 5n }]);
    assert.deepEqual(await rowsOf(table), [
      { a: 1, s: { b: 1, d: null }, l: [{ c: 1, e: null }], n: null },
      { a: 2, s: { b: null, d: "x" }, l: [{ c: null, e: 2 }], n: 5n },
    ]);
  });

  test("refuses columns that the rows that are there could not have", async (context) => {
    const table = await tableOf(context, "a INT");
    const add = (field: StructField, parent: string[] = []): TableChange => ({
      kind: "addColumns",
      columns: [{ parent, field }],
    });
    await refused(table, add(fieldOf("b INT NOT NULL")), /"b" is NOT NULL/);
    await refused(table, add(fieldOf("A INT")), /a column "a" already/);
    await refused(table, add(fieldOf("b INT"), ["x"]), /no column "x"/);
    await refused(table, add(fieldOf("b INT"), ["a"]), /no column "a"/);
    const withDefault = { ...fieldOf("b INT"), metadata: { CURRENT_DEFAULT: "1" } };
    await refused(table, add(withDefault), /has a default/);
    await refused(table, add({ ...fieldOf("b INT"), name: "b c" }), /character " "/);
    await refused(table, { kind: "addColumns", columns: [] }, /no column is given/);
  });

  test("renames and drops columns of a table that maps them, without touching files", async (context) => {
    const table = await tableOf(context, "p STRING, a INT, s STRUCT<b: INT, c: INT>", {
      partitionBy: ["p"],
      columnMapping: "name",
    });
    await table.appendRows([{ p: "x", a: 1, s: { b: 2, c: 3 } }]);
    const rename = await altered(table, { kind: "renameColumn", column: "a", name: "a new, one" });
    assert.deepEqual(operationAt(table, rename), [
      "RENAME COLUMN",
      { oldColumnPath: "a", newColumnPath: "a new, one" },
    ]);
    await altered(table, { kind: "renameColumn", column: ["s", "b"], name: "d" });
    await altered(table, { kind: "renameColumn", column: "p", name: "q" });
    assert.deepEqual(table.snapshot().metadata.partitionColumns, ["q"]);
    const drop = await altered(table, { kind: "dropColumns", columns: [["s", "c"]] });
    assert.deepEqual(operationAt(table, drop), ["DROP COLUMNS", { columns: '["s.c"]' }]);
    await table.appendRows([{ q: "x", "a new, one": 4, s: { d: 5 } }]);
    assert.deepEqual(await rowsOf(table), [
      { q: "x", "a new, one": 1, s: { d: 2 } },
      { q: "x", "a new, one": 4, s: { d: 5 } },
    ]);
    await altered(table, {
      kind: "addColumns",
      columns: [{ parent: ["s"], field: fieldOf("c INT") }],
    });
    assert.equal(table.snapshot().metadata.configuration["delta.columnMapping.maxColumnId"], "6");
    // The column that comes is not the one that went, though it has its name.
    const [first] = (await rowsOf(table)) as { s: object }[];
    assert.deepEqual(first?.s, { d: 2, c: null });
  });

  test("refuses to rename and drop what cannot go", async (context) => {
    const plain = await tableOf(context, "a INT, b INT");
    await refused(plain, { kind: "renameColumn", column: "a", name: "c" }, /maps its columns/);
    await refused(plain, { kind: "dropColumns", columns: ["a"] }, /maps its columns/);
    const table = await tableOf(context, "p INT, a INT, b INT, s STRUCT<c: INT>", {
      partitionBy: ["p"],
      columnMapping: "name",
      constraints: { c: "a > 0" },
    });
    await refused(
      table,
      { kind: "renameColumn", column: "a", name: "x" },
      /used by the CHECK .* c/,
    );
    await refused(table, { kind: "renameColumn", column: "b", name: "P" }, /differs only in case/);
    await refused(table, { kind: "dropColumns", columns: ["a"] }, /used by the CHECK constraint c/);
    await refused(table, { kind: "dropColumns", columns: ["p"] }, /partitioned by/);
    await refused(
      table,
      { kind: "dropColumns", columns: [["s", "c"]] },
      /is the last of its struct/,
    );
    await refused(table, { kind: "dropColumns", columns: ["x"] }, /no column "x"/);
    const clustered = await tableOf(context, "a INT, b INT", {
      clusterBy: ["a"],
      columnMapping: "name",
    });
    await refused(clustered, { kind: "dropColumns", columns: ["a"] }, /clustered by/);
  });

  test("forbids NULL only where no row has it", async (context) => {
    const table = await tableOf(context, "a INT, s STRUCT<b: INT>");
    await table.appendRows([
      { a: 1, s: { b: 1 } },
      { a: 2, s: null },
    ]);
    await refused(
      table,
      { kind: "setNotNull", column: "s" },
      /"s" cannot become NOT NULL: .* row 1/,
    );
    await altered(table, { kind: "setNotNull", column: ["s", "b"] });
    const version = await altered(table, { kind: "setNotNull", column: "a" });
    assert.equal(operationAt(table, version)[0], "CHANGE COLUMN");
    await rejectsWith(table.appendRows([{}]), "invalid_argument", /"a": it is NOT NULL/);
    await rejectsWith(
      table.appendRows([{ a: 1, s: {} }]),
      "invalid_argument",
      /"s\.b": it is NOT NULL/,
    );
    await refused(table, { kind: "setNotNull", column: "a" }, /NOT NULL already/);
    await altered(table, { kind: "dropNotNull", column: "a" });
    await refused(table, { kind: "dropNotNull", column: "a" }, /nullable already/);
    await table.appendRows([{}]);
    assert.equal(await table.countRows(), 3);
  });

  test("sets and drops defaults and comments", async (context) => {
    const table = await tableOf(context, "a INT");
    await altered(table, { kind: "setDefault", column: "a", value: "5" });
    await table.appendRows([{}]);
    await refused(
      table,
      { kind: "setDefault", column: "a", value: "'x'" },
      /default 'x' of column/,
    );
    await altered(table, { kind: "dropDefault", column: "a" });
    await refused(table, { kind: "dropDefault", column: "a" }, /has no default/);
    await table.appendRows([{}]);
    assert.deepEqual(await rowsOf(table), [{ a: 5 }, { a: null }]);
    await altered(table, { kind: "setColumnComment", column: "a", comment: "it's" });
    assert.deepEqual(table.snapshot().schema.fields[0]?.metadata, { comment: "it's" });
    await altered(table, { kind: "setDescription", description: "all" });
    assert.equal(table.snapshot().metadata.description, "all");
  });
});

describe("alter constraints", () => {
  test("adds a condition only where it is true for every row, and takes it away", async (context) => {
    const table = await tableOf(context, "p STRING, a INT", { partitionBy: ["p"] });
    await table.appendRows([
      { p: "x", a: 1 },
      { p: "y", a: 5 },
    ]);
    const add = (name: string, condition: string): TableChange => ({
      kind: "addConstraint",
      name,
      condition,
    });
    await refused(
      table,
      add("small", "a < 5"),
      /small cannot be added: a < 5 is not true in row 1/,
    );
    const version = await altered(table, add("Known", "p IN ('x', 'y')"));
    assert.deepEqual(operationAt(table, version), [
      "ADD CONSTRAINT",
      { name: "Known", expr: "p IN ('x', 'y')" },
    ]);
    assert.deepEqual(table.snapshot().protocol, { minReaderVersion: 1, minWriterVersion: 3 });
    await refused(table, add("known", "a > 0"), /has a constraint known already/);
    await rejectsWith(table.appendRows([{ p: "z" }]), "invalid_argument", /constraint known/);
    const dropped = await altered(table, { kind: "dropConstraint", name: "KNOWN" });
    assert.equal(operationAt(table, dropped)[0], "DROP CONSTRAINT");
    await table.appendRows([{ p: "z" }]);
    await refused(table, { kind: "dropConstraint", name: "known" }, /has no constraint known/);
  });

  test("is a conflict when rows come that were not checked", async (context) => {
    const table = await tableOf(context, "a INT");
    const other = await openTable(table.location);
    await table.appendRows([{ a: 1 }]);
    // The other object has read the table before the row that breaks the condition came.
    const readSnapshot = await other.refresh();
    await table.appendRows([{ a: -1 }]);
    const metadata = {
      ...readSnapshot.metadata,
      configuration: { "delta.constraints.c": "a > 0" },
    };
    const request = {
      readSnapshot,
      operation: "ADD CONSTRAINT",
      reads: "table",
      metadata,
    } as const;
    const result = await other.commit(request);
    assert.deepEqual(result, { kind: "conflict", reason: "concurrentAppend", version: 2 });
  });
});

describe("alter properties", () => {
  test("sets and unsets them, and raises the protocol for what they need", async (context) => {
    const table = await tableOf(context, "a INT");
    const properties = { "delta.enableChangeDataFeed": "true", mine: "x" };
    const set = await altered(table, { kind: "setProperties", properties });
    assert.deepEqual(operationAt(table, set), [
      "SET TBLPROPERTIES",
      { properties: JSON.stringify(properties) },
    ]);
    assert.deepEqual(table.snapshot().protocol, { minReaderVersion: 1, minWriterVersion: 4 });
    const unset = await altered(table, { kind: "unsetProperties", properties: ["mine"] });
    assert.deepEqual(operationAt(table, unset), [
      "UNSET TBLPROPERTIES",
      { properties: '["mine"]' },
    ]);
    assert.deepEqual(table.snapshot().metadata.configuration, {
      "delta.enableChangeDataFeed": "true",
    });
    await refused(table, { kind: "unsetProperties", properties: ["mine"] }, /no property "mine"/);
    const bad = { "delta.appendOnly": "maybe" };
    await refused(table, { kind: "setProperties", properties: bad }, /must be true or false/);
  });

  test("begins to map columns under the names that files have, for good", async (context) => {
    const table = await tableOf(context, "a INT, s STRUCT<b: INT>");
    await table.appendRows([{ a: 1, s: { b: 2 } }]);
    const key = "delta.columnMapping.mode";
    const set = (mode: string): TableChange => ({
      kind: "setProperties",
      properties: { [key]: mode },
    });
    await refused(table, set("id"), /can only become name/);
    await altered(table, set("name"));
    assert.deepEqual(table.snapshot().protocol, { minReaderVersion: 2, minWriterVersion: 5 });
    await altered(table, { kind: "renameColumn", column: "a", name: "z" });
    await table.appendRows([{ z: 3, s: { b: 4 } }]);
    assert.deepEqual(await rowsOf(table), [
      { z: 1, s: { b: 2 } },
      { z: 3, s: { b: 4 } },
    ]);
    await refused(table, set("none"), /cannot be changed/);
    await refused(table, { kind: "unsetProperties", properties: [key] }, /cannot be changed/);
  });

  test("gives rows that are there ids when it begins to track rows", async (context) => {
    const table = await tableOf(context, "a INT");
    await table.appendRows([{ a: 1 }, { a: 2 }]);
    await table.appendRows([{ a: 3 }]);
    const properties = { "delta.enableRowTracking": "true" };
    const version = await altered(table, { kind: "setProperties", properties });
    const adds = actionsAt(table.location, version).flatMap(({ add }) =>
      add === undefined ? [] : [add],
    );
    assert.deepEqual(
      adds.map(({ baseRowId, defaultRowCommitVersion, dataChange }) => [
        baseRowId,
        defaultRowCommitVersion,
        dataChange,
      ]),
      [
        [0, 3, false],
        [2, 3, false],
      ],
    );
    const { configuration } = table.snapshot().metadata;
    assert.match(
      configuration["delta.rowTracking.materializedRowIdColumnName"] ?? "",
      /^_row-id-col-/,
    );
    await table.appendRows([{ a: 4 }]);
    assert.equal([...table.snapshot().files].at(-1)?.baseRowId, 3);
    assert.equal(await table.countRows(), 4);
  });

  test("begins and ends to carry times of its own", async (context) => {
    const table = await tableOf(context, "a INT");
    const enabled = { "delta.enableInCommitTimestamps": "true" };
    await altered(table, { kind: "setProperties", properties: enabled });
    const { configuration } = table.snapshot().metadata;
    assert.equal(configuration["delta.inCommitTimestampEnablementVersion"], "1");
    const properties = ["delta.enableInCommitTimestamps"];
    await altered(table, { kind: "unsetProperties", properties });
    assert.deepEqual(table.snapshot().metadata.configuration, {});
    await table.append({ files: [syntheticFile("a")] });
    assert.equal(actionsAt(table.location, 3)[0]?.["commitInfo"]?.["inCommitTimestamp"], undefined);
  });

  test("clusters a table by other columns, and has it support features", async (context) => {
    const table = await tableOf(context, "a INT, b INT");
    await altered(table, { kind: "clusterBy", columns: ["b"] });
    assert.match(
      table.snapshot().domains.get("delta.clustering")?.configuration ?? "",
      /\[\["b"\]\]/,
    );
    const version = await altered(table, { kind: "enableFeatures", features: ["deletionVectors"] });
    assert.equal(operationAt(table, version)[0], "UPGRADE PROTOCOL");
    assert.deepEqual(table.snapshot().protocol.readerFeatures, ["deletionVectors"]);
    const again = { kind: "enableFeatures", features: ["deletionVectors"] } as const;
    await refused(table, again, /supports deletionVectors already/);
    await refused(
      table,
      { kind: "enableFeatures", features: ["nova"] },
      /"nova" cannot be enabled/,
    );
    const partitioned = await tableOf(context, "p INT, a INT", { partitionBy: ["p"] });
    await refused(partitioned, { kind: "clusterBy", columns: ["a"] }, /is partitioned by p/);
  });
});
