// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { parquetMetadata } from "hyparquet";
import type { DeltaErrorCode } from "../../../src/delta-error.ts";
import type { InputRow } from "../../../src/rows/row-encoder.ts";
import { parseColumnList, parseSqlType } from "../../../src/schema/column-list.ts";
import type { FieldPath } from "../../../src/schema/field-path.ts";
import { sqlTypeOf } from "../../../src/schema/sql-type.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import type { NewTable } from "../../../src/table/table-definition.ts";
import { actionsAt, allRows, rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

const ENABLED = { "delta.enableTypeWidening": "true" };

async function tableOf(
  context: TestContext,
  columns: string,
  options: Omit<NewTable, "schema"> = {},
): Promise<DeltaTable> {
  const location = await temporaryDirectory(context);
  const schema = parseColumnList(columns);
  return createTable({ location, schema, properties: ENABLED, ...options });
}

/** @param changes types in SQL, by the column or the path to it with dots. */
async function widen(table: DeltaTable, changes: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, type] of Object.entries(changes)) {
    const column: FieldPath = path.split(".");
    const result = await table.alter({ kind: "changeType", column, type: parseSqlType(type) });
    assert.equal(result.kind, "committed", JSON.stringify(result));
  }
}

async function refused(
  table: DeltaTable,
  path: string,
  type: string,
  message: RegExp,
  code: DeltaErrorCode = "invalid_argument",
): Promise<void> {
  const { version } = table.snapshot();
  await rejectsWith(widen(table, { [path]: type }), code, message);
  assert.equal((await table.refresh()).version, version);
}

async function rowsOf(table: DeltaTable, where?: string): Promise<unknown[]> {
  const options = where === undefined ? {} : { where };
  return allRows((await openTable(table.location)).scan(options));
}

/** Has the statistics of the table's file as Spark writes them: 0.1 for the FLOAT that as a DOUBLE is a little more. */
async function describeFloatsShortly(table: DeltaTable): Promise<void> {
  const readSnapshot = table.snapshot();
  const [file] = readSnapshot.files;
  assert.ok(file?.stats !== undefined);
  const stats = file.stats.replaceAll(String(Math.fround(0.1)), "0.1");
  assert.notEqual(stats, file.stats);
  const adds = [{ ...file, stats }];
  const result = await table.commit({ readSnapshot, operation: "COMPUTE STATS", adds });
  assert.equal(result.kind, "committed");
}

/** Names and types of the columns of a data file. */
function typesInFile(table: DeltaTable): string[] {
  const [file] = table.snapshot().files;
  const { buffer } = new Uint8Array(readFileSync(join(table.location, file?.path ?? "")));
  return parquetMetadata(buffer).schema.flatMap(({ name, type, logical_type: logical }) =>
    type === undefined ? [] : [`${name} ${type} ${logical?.type ?? ""}`.trim()],
  );
}

/** One column for each change that the protocol allows. */
const COLUMNS =
  "t TINYINT, s SMALLINT, i INT, f FLOAT, x INT, y DATE, d DECIMAL(5,2), n INT, l BIGINT, " +
  "o STRUCT<p: INT>, a ARRAY<SMALLINT>, m MAP<INT, ARRAY<FLOAT>>";
const WIDER: Readonly<Record<string, string>> = {
  t: "SMALLINT",
  s: "INT",
  i: "BIGINT",
  f: "DOUBLE",
  x: "DOUBLE",
  y: "TIMESTAMP_NTZ",
  d: "DECIMAL(12,4)",
  n: "DECIMAL(12,2)",
  l: "DECIMAL(20,0)",
  "o.p": "BIGINT",
  "a.element": "INT",
  "m.key": "BIGINT",
  "m.value.element": "DOUBLE",
};
const NARROW_ROW: InputRow = {
  t: 127,
  s: -32_768,
  i: 2_147_483_647,
  f: 0.5,
  x: -7,
  y: "1969-12-31",
  d: "-123.45",
  n: 42,
  l: 2n ** 62n,
  o: { p: 1 },
  a: [1, null],
  m: new Map([[5, [1.5]]]),
};
const WIDE_ROW: InputRow = {
  t: 128,
  s: 32_768,
  i: 2n ** 40n,
  f: 0.1,
  x: 0.25,
  y: 86_400_000_001n,
  d: "12345678.9012",
  n: "1234567890.12",
  l: "99999999999999999999",
  o: { p: 2n ** 40n },
  a: [70_000],
  m: new Map([[2n ** 40n, [0.1]]]),
};
const READ_ROWS = [
  {
    t: 127,
    s: -32_768,
    i: 2_147_483_647n,
    f: 0.5,
    x: -7,
    y: -86_400_000_000n,
    d: "-123.4500",
    n: "42.00",
    l: String(2n ** 62n),
    o: { p: 1n },
    a: [1, null],
    m: new Map([[5n, [1.5]]]),
  },
  WIDE_ROW,
];

describe("changing types", () => {
  test("widens every place of a type, for rows that are there and rows that come", async (context) => {
    const table = await tableOf(context, COLUMNS);
    await table.appendRows([NARROW_ROW]);
    await widen(table, WIDER);
    await table.appendRows([WIDE_ROW]);
    assert.deepEqual(await rowsOf(table), READ_ROWS);
    const { schema, protocol } = table.snapshot();
    const types = schema.fields.map(({ type }) => sqlTypeOf(type)).join(", ");
    assert.equal(
      types,
      "SMALLINT, INT, BIGINT, DOUBLE, DOUBLE, TIMESTAMP_NTZ, DECIMAL(12,4), DECIMAL(12,2), DECIMAL(20,0), " +
        "STRUCT<p: BIGINT>, ARRAY<INT>, MAP<BIGINT, ARRAY<DOUBLE>>",
    );
    assert.deepEqual(protocol.readerFeatures, ["timestampNtz", "typeWidening"]);
    assert.ok(protocol.writerFeatures?.includes("typeWidening"));
  });

  test("notes each change on the nearest field, in order, and keeps it", async (context) => {
    const table = await tableOf(context, "a TINYINT COMMENT 'c', m MAP<INT, ARRAY<FLOAT>>", {
      columnMapping: "name",
    });
    await widen(table, { a: "SMALLINT" });
    const { version } = table.snapshot();
    await widen(table, { a: "INT", "m.key": "BIGINT", "m.value.element": "DOUBLE" });
    await table.alter({ kind: "renameColumn", column: "a", name: "b" });
    await table.alter({ kind: "setColumnComment", column: "b", comment: "d" });
    const [first, second] = (await openTable(table.location)).snapshot().schema.fields;
    assert.deepEqual(first?.metadata["delta.typeChanges"], [
      { fromType: "byte", toType: "short" },
      { fromType: "short", toType: "integer" },
    ]);
    assert.deepEqual(second?.metadata["delta.typeChanges"], [
      { fromType: "integer", toType: "long", fieldPath: "key" },
      { fromType: "float", toType: "double", fieldPath: "value.element" },
    ]);
    const info = actionsAt(table.location, version)[0]?.["commitInfo"];
    assert.equal(info?.["operation"], "CHANGE COLUMN");
    const { column } = info["operationParameters"] as { column: string };
    const { name, type, nullable, metadata } = JSON.parse(column) as Record<string, unknown>;
    assert.deepEqual(
      [name, type, nullable, (metadata as Record<string, unknown>)["comment"]],
      ["a", "short", true, "c"],
    );
  });

  test("is refused without the property, and raises the protocol with it", async (context) => {
    const table = await tableOf(context, "a INT", { properties: {} });
    await refused(table, "a", "BIGINT", /set the property delta\.enableTypeWidening to true first/);
    assert.deepEqual(table.snapshot().protocol, { minReaderVersion: 1, minWriterVersion: 2 });
    await table.alter({ kind: "setProperties", properties: ENABLED });
    await widen(table, { a: "BIGINT" });
    assert.deepEqual(table.snapshot().protocol.readerFeatures, ["typeWidening"]);
    await table.alter({
      kind: "setProperties",
      properties: { "delta.enableTypeWidening": "false" },
    });
    await refused(table, "a", "DECIMAL(20,0)", /set the property/);
    await table.appendRows([{ a: 2n ** 40n }]);
    assert.deepEqual(await rowsOf(table), [{ a: 2n ** 40n }]);
  });

  test("refuses what would lose values, and what is no single type", async (context) => {
    const table = await tableOf(
      context,
      "i INT, l BIGINT, d DECIMAL(5,2), y DATE, m TIMESTAMP, s STRING, o STRUCT<p: INT>, a ARRAY<INT>",
    );
    await refused(table, "i", "INT", /"i" is INT already/);
    for (const [path, type] of [
      ["i", "SMALLINT"],
      ["i", "FLOAT"],
      ["i", "STRING"],
      ["i", "DECIMAL(9,0)"],
      ["i", "DECIMAL(11,2)"],
      ["l", "DOUBLE"],
      ["l", "DECIMAL(19,0)"],
      ["d", "DECIMAL(6,4)"],
      ["d", "DECIMAL(5,1)"],
      ["d", "DOUBLE"],
      ["y", "TIMESTAMP"],
      ["m", "TIMESTAMP_NTZ"],
      ["s", "BINARY"],
      ["o", "STRUCT<p: BIGINT>"],
      ["a", "ARRAY<BIGINT>"],
    ] as const) {
      await refused(table, path, type, /cannot be changed from .* to .*; a type can only be/);
    }
    for (const path of ["z", "o.z", "a.key", "i.element", "a.element.x"]) {
      await refused(table, path, "BIGINT", /the table has no column/);
    }
  });

  test("refuses columns that conditions read, and defaults that do not fit", async (context) => {
    const table = await tableOf(context, "a INT, b INT, o STRUCT<p: INT, q: INT>, y DATE", {
      constraints: { c: "a > 0" },
      defaults: { b: "5", y: "DATE '2024-01-01'" },
    });
    await refused(table, "a", "BIGINT", /used by the CHECK constraint c/);
    const nested = await tableOf(context, "o STRUCT<p: INT>", { constraints: { d: "o.p > 0" } });
    await refused(nested, "o.p", "BIGINT", /used by the CHECK constraint d/);
    await widen(table, { "o.q": "BIGINT", b: "DECIMAL(12,2)", y: "TIMESTAMP_NTZ" });
    await table.appendRows([{ a: 1, o: { p: 1, q: 2n ** 40n } }]);
    const midnight = BigInt(Date.UTC(2024, 0, 1)) * 1000n;
    assert.deepEqual(await rowsOf(table), [
      { a: 1, b: "5.00", o: { p: 1, q: 2n ** 40n }, y: midnight },
    ]);
  });

  test("does not begin to write for clients of the preview", async (context) => {
    const table = await tableOf(context, "a INT");
    const { protocol } = table.snapshot();
    const withPreview = (features: readonly string[] = []): string[] => [
      ...features,
      "typeWidening-preview",
    ];
    const result = await table.commit({
      readSnapshot: table.snapshot(),
      operation: "UPGRADE PROTOCOL",
      protocol: {
        ...protocol,
        readerFeatures: withPreview(protocol.readerFeatures),
        writerFeatures: withPreview(protocol.writerFeatures),
      },
    });
    assert.equal(result.kind, "committed");
    await table.appendRows([{ a: 1 }]);
    await refused(table, "a", "BIGINT", /supports typeWidening-preview/, "unsupported");
  });

  test("leaves the types of a table behind when another is made by its schema", async (context) => {
    const table = await tableOf(context, "a INT");
    await widen(table, { a: "BIGINT" });
    const location = await temporaryDirectory(context);
    const { schema } = table.snapshot();
    const copy = await createTable({ location, schema });
    assert.deepEqual(copy.snapshot().schema.fields[0]?.metadata, {});
    assert.deepEqual(copy.snapshot().protocol, { minReaderVersion: 1, minWriterVersion: 2 });
    await copy.alter({
      kind: "addColumns",
      columns: [{ field: { ...schema.fields[0], name: "b" } as (typeof schema.fields)[number] }],
    });
    assert.deepEqual(copy.snapshot().schema.fields[1]?.metadata, {});
  });
});

describe("tables of changed types", () => {
  test("skip files by statistics of the types before, and no file too many", async (context) => {
    const table = await tableOf(context, "f FLOAT, y DATE, n INT, i INT, d DECIMAL(5,2)");
    const before = { f: 0.1, y: "2024-02-29", n: 7, i: -5, d: "1.50" };
    await table.appendRows([{ ...before, f: Math.fround(before.f) }]);
    const wider = { f: "DOUBLE", y: "TIMESTAMP_NTZ", n: "DECIMAL(12,2)", i: "BIGINT" };
    await widen(table, { ...wider, d: "DECIMAL(9,4)" });
    await describeFloatsShortly(table);
    const found = [
      "f > 0.1",
      "f = 0.10000000149011612",
      "y = TIMESTAMP_NTZ '2024-02-29 00:00:00'",
      "y <= DATE '2024-02-29'",
      "n = 7.00",
      "n < 7.01",
      "i = -5",
      "i > -6000000000",
      "d = 1.5000",
      "d < 1.5001",
    ];
    const skipped = [
      "f > 0.11",
      "f < 0.09",
      "y > TIMESTAMP_NTZ '2024-02-29 00:00:01'",
      "y < DATE '2024-02-29'",
      "n > 7.5",
      "i < -6000000000",
      "d > 1.51",
    ];
    const assertAll = async (): Promise<void> => {
      for (const where of found) assert.equal((await rowsOf(table, where)).length, 1, where);
      const { files } = (await openTable(table.location)).snapshot();
      assert.equal(files.fileCount, 1);
      for (const where of skipped) assert.equal((await rowsOf(table, where)).length, 0, where);
    };
    await assertAll();
    const properties = {
      "delta.checkpoint.writeStatsAsStruct": "true",
      "delta.checkpoint.writeStatsAsJson": "false",
    };
    await table.alter({ kind: "setProperties", properties });
    await table.checkpoint();
    const [fromCheckpoint] = (await openTable(table.location)).snapshot().files;
    assert.match(fromCheckpoint?.stats ?? "", /"y":"2024-02-29T00:00:00/);
    await assertAll();
  });

  test("are partitioned by a widened column", async (context) => {
    const table = await tableOf(context, "p DATE, q INT, v INT", { partitionBy: ["p", "q"] });
    await table.appendRows([{ p: "2024-01-01", q: 1, v: 1 }]);
    await widen(table, { p: "TIMESTAMP_NTZ", q: "DECIMAL(12,2)" });
    const day = BigInt(Date.UTC(2024, 0, 1)) * 1000n;
    await table.appendRows([{ p: day + 1n, q: "1.50", v: 2 }]);
    assert.deepEqual(await rowsOf(table), [
      { p: day, q: "1.00", v: 1 },
      { p: day + 1n, q: "1.50", v: 2 },
    ]);
    assert.deepEqual(await rowsOf(table, "q < 1.2 AND p = DATE '2024-01-01'"), [
      { p: day, q: "1.00", v: 1 },
    ]);
    await table.checkpoint();
    assert.equal((await rowsOf(table)).length, 2);
  });

  test("are rewritten in the types of now", async (context) => {
    const table = await tableOf(context, COLUMNS);
    await table.appendRows([NARROW_ROW]);
    await widen(table, WIDER);
    await table.appendRows([WIDE_ROW]);
    const { removedFileCount, addedFileCount } = await table.optimize();
    assert.deepEqual([removedFileCount, addedFileCount], [2, 1]);
    assert.deepEqual(await rowsOf(table), READ_ROWS);
    assert.deepEqual(typesInFile(table), [
      "t INT32 INTEGER",
      "s INT32 INTEGER",
      "i INT64 INTEGER",
      "f DOUBLE",
      "x DOUBLE",
      "y INT64 TIMESTAMP",
      "d INT64 DECIMAL",
      "n INT64 DECIMAL",
      "l FIXED_LEN_BYTE_ARRAY DECIMAL",
      "p INT64 INTEGER",
      "element INT32 INTEGER",
      "key INT64 INTEGER",
      "element DOUBLE",
    ]);
  });

  test("go back to the types of an earlier version", async (context) => {
    const table = await tableOf(context, "a INT");
    await table.appendRows([{ a: 1 }]);
    const { version } = table.snapshot();
    await widen(table, { a: "BIGINT" });
    await table.appendRows([{ a: 2n ** 40n }]);
    await table.restore({ version });
    assert.deepEqual(await rowsOf(table), [{ a: 1 }]);
    await table.appendRows([{ a: 3 }]);
    assert.deepEqual(await rowsOf(table), [{ a: 1 }, { a: 3 }]);
  });
});
