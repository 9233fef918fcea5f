// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet";
import type { InputRow } from "../../../src/rows/row-encoder.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { actionsAt, allRows, rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

const EVERY_TYPE = parseColumnList(
  "t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, b BOOLEAN, c STRING, r BINARY, y DATE, m TIMESTAMP, " +
    "z TIMESTAMP_NTZ, e DECIMAL(9,2), g DECIMAL(18,3), h DECIMAL(38,10), " +
    "o STRUCT<p: INT, q: STRUCT<u: STRING NOT NULL>>, a ARRAY<ARRAY<INT>>, w MAP<STRING, ARRAY<BIGINT>>",
);

const FULL: InputRow = {
  t: -128,
  s: 32_767,
  i: -2_147_483_648,
  l: 9_223_372_036_854_775_807n,
  f: 0.5,
  d: 1e300,
  b: true,
  c: "ünï",
  r: Uint8Array.of(0, 255),
  y: "1969-12-31",
  m: -1n,
  z: 1_700_000_000_123_456n,
  e: "-1234567.89",
  g: "0.001",
  h: "1234567890123456789012345678.0123456789",
  o: { p: 1, q: { u: "x" } },
  a: [[1, null], [], null],
  w: new Map([
    ["k", [1n, null]],
    ["none", null],
  ]),
};

function dataFiles(location: string): string[] {
  return readdirSync(location, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".parquet"),
  );
}

describe("appendRows", () => {
  test("gives back every type as it was given", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: EVERY_TYPE });
    const nothing = Object.fromEntries(EVERY_TYPE.fields.map(({ name }) => [name, null]));
    const rows = [FULL, nothing, { ...FULL, o: { p: null, q: null }, a: [], w: new Map() }];
    assert.deepEqual(await table.appendRows(rows), { kind: "committed", version: 1 });
    const reopened = await openTable(location);
    assert.deepEqual(await allRows(reopened.scan()), rows);
    await table.appendRows(reopened.scan());
    assert.deepEqual(await allRows(table.scan()), [...rows, ...rows]);
  });

  test("takes convenient forms of values", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: EVERY_TYPE });
    await table.appendRows([
      {
        l: 5,
        i: 7n,
        y: new Date("2024-02-29"),
        m: new Date("2024-02-29T12:00:00.5Z"),
        z: "2024-02-29 12:00:00.000001",
        e: 1.5,
        g: 2n,
        h: "1e3",
        w: { k: [1] },
      },
      { m: "2024-02-29T12:00:00+01:00" },
    ]);
    const [first, second] = await allRows(table.scan());
    assert.ok(first !== undefined);
    const { l, i, y, m, z, e, g, h, w } = first;
    assert.deepEqual(
      { l, i, y, m, z, e, g, h, w },
      {
        l: 5n,
        i: 7,
        y: "2024-02-29",
        m: 1_709_208_000_500_000n,
        z: 1_709_208_000_000_001n,
        e: "1.50",
        g: "2.000",
        h: "1000.0000000000",
        w: new Map([["k", [1n]]]),
      },
    );
    assert.equal(second?.["m"], 1_709_204_400_000_000n);
  });

  test("takes rows from any iterable, and makes files of the target size", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT, x DOUBLE") });
    async function* rows(): AsyncGenerator<InputRow> {
      for (let id = 0; id < 300_000; id += 1) yield { id, x: Math.sin(id) };
    }
    await table.appendRows(rows(), { targetFileBytes: 1 });
    // A file is ended behind the row group that reaches the target.
    assert.deepEqual(
      [...table.snapshot().files].map(({ rowCount }) => rowCount),
      [131_072, 131_072, 37_856],
    );
    assert.equal(await table.countRows(), 300_000);
    const [{ commitInfo } = {}] = actionsAt(location, 1);
    assert.equal(commitInfo?.["isBlindAppend"], true);
    assert.deepEqual(commitInfo?.["operationParameters"], { mode: "Append", partitionBy: "[]" });
    const metrics = commitInfo?.["operationMetrics"] as Record<string, string>;
    assert.equal(metrics["numOutputRows"], "300000");
    assert.equal(metrics["numFiles"], "3");
  });

  test("takes columns named as what every object has", async (context) => {
    const location = await temporaryDirectory(context);
    const schema = parseColumnList(
      "constructor STRING, toString INT, `__proto__` INT, s STRUCT<valueOf: INT>",
    );
    const table = await createTable({ location, schema, partitionBy: ["constructor"] });
    const own = { constructor: "x", toString: 1, ["__proto__"]: 2, s: { valueOf: 3 } };
    await table.appendRows([{ s: {} }, own]);
    const [empty, full] = await allRows(table.scan());
    assert.deepEqual(Object.values(empty ?? {}), [null, null, null, { valueOf: null }]);
    assert.deepEqual(Object.values(full ?? {}), ["x", 1, 2, { valueOf: 3 }]);
  });

  test("adds nothing for a txn that the table has, and leaves no file", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT") });
    const txn = { appId: "load", version: 1 };
    assert.deepEqual(await table.appendRows([{ id: 1 }], { txn }), {
      kind: "committed",
      version: 1,
    });
    assert.deepEqual(await table.appendRows([{ id: 1 }], { txn }), {
      kind: "alreadyCommitted",
      version: 1,
    });
    assert.equal(await table.countRows(), 1);
    assert.equal(dataFiles(location).length, 1);
  });

  test("takes all rows or none, and leaves no file", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT NOT NULL") });
    function* rows(): Generator<InputRow> {
      for (let id = 0; id < 140_000; id += 1) yield { id };
      yield { id: null };
    }
    const append = table.appendRows(rows());
    await rejectsWith(append, "invalid_argument", /row 140000, column "id": it is NOT NULL/);
    assert.equal(table.snapshot().version, 0);
    assert.deepEqual(dataFiles(location), []);
    await rejectsWith(table.appendRows([5 as never]), "invalid_argument", /row 0 is not an object/);
  });

  test("tells a conflict when the schema changes while rows are written", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT") });
    const other = await openTable(location);
    await using writer = await table.openWriter();
    await writer.write([{ id: 1 }]);
    const more = { name: "more", type: "long", nullable: true, metadata: {} } as const;
    await other.alter({ kind: "addColumns", columns: [{ field: more }] });
    assert.deepEqual(await writer.commit(), {
      kind: "conflict",
      reason: "schemaChanged",
      version: 1,
    });
    assert.equal(writer.state, "refused");
    await rejectsWith(writer.commit(), "invalid_argument", /write the rows again/);
    await writer.abort();
    assert.deepEqual(dataFiles(location), []);
  });

  test("refuses tables that it cannot write rows to, before it takes one", async (context) => {
    const location = await temporaryDirectory(context);
    const properties = { "delta.parquet.compression.codec": "snappy" };
    const table = await createTable({ location, schema: parseColumnList("id BIGINT"), properties });
    await rejectsWith(table.openWriter(), "unsupported", /compressed with snappy/);
    await rejectsWith(
      table.openWriter({ maxOpenPartitions: 0 }),
      "unsupported",
      /compressed with snappy/,
    );
  });

  for (const codec of ["gzip", "uncompressed", "zstd"]) {
    test(`writes files with the codec ${codec} that the table asks for`, async (context) => {
      const location = await temporaryDirectory(context);
      const properties = { "delta.parquet.compression.codec": codec };
      const schema = parseColumnList("id BIGINT, text STRING");
      const table = await createTable({ location, schema, properties });
      const rows = Array.from({ length: 3000 }, (_, id) => ({
        id: BigInt(id),
        text: `text ${id % 50} ${"x".repeat(id % 9)}`,
      }));
      await table.appendRows(rows);
      assert.deepEqual(await allRows(table.scan()), rows);
      const [file] = dataFiles(location);
      assert.match(
        file ?? "",
        codec === "uncompressed" ? /-c000\.parquet$/ : new RegExp(`${codec}\\.parquet$`),
      );
    });
  }
});

describe("table writer", () => {
  test("keeps at most so many files open, ending the one that waited longest", async (context) => {
    const location = await temporaryDirectory(context);
    const schema = parseColumnList("p INT, x INT");
    const table = await createTable({ location, schema, partitionBy: ["p"] });
    await using writer = await table.openWriter({ maxOpenPartitions: 2 });
    for (const p of [1, 2, 1, 3, 2]) await writer.write([{ p, x: p }]);
    assert.equal(writer.rowCount, 5);
    await writer.commit();
    const files = [...table.snapshot().files].map(
      ({ partitionValues, rowCount }) => `${partitionValues["p"]}: ${rowCount}`,
    );
    // 2 was ended for 3, since 1 had been written to after it; then 1 was for the second 2.
    assert.deepEqual(files.toSorted(), ["1: 2", "2: 1", "2: 1", "3: 1"]);
  });

  test("holds no more rows in memory than it may", async (context) => {
    const location = await temporaryDirectory(context);
    const schema = parseColumnList("p INT, x STRING");
    const table = await createTable({ location, schema, partitionBy: ["p"] });
    await using writer = await table.openWriter({ maxBufferedBytes: 1 });
    const x = "y".repeat(1000);
    for (let round = 0; round < 3; round += 1) {
      await writer.write([1, 2, 3].map((p) => ({ p, x })));
    }
    await writer.commit();
    assert.equal(table.snapshot().files.fileCount, 3);
    assert.equal(await table.countRows(), 9);
  });

  test("ends a row group by the bytes of its rows, not only by their number", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("x STRING") });
    const x = "z".repeat(2 ** 20);
    await table.appendRows(Array.from({ length: 150 }, () => ({ x })));
    assert.equal(await table.countRows(), 150);
    const [file] = [...table.snapshot().files];
    const parquet = await asyncBufferFromFile(join(location, file?.path ?? ""));
    const { row_groups: groups } = await parquetMetadataAsync(parquet);
    assert.deepEqual(
      groups.map((group) => Number(group.num_rows)),
      [64, 64, 22],
    );
  });

  test("commits no rows as a version without files", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT") });
    assert.deepEqual(await table.appendRows([]), { kind: "committed", version: 1 });
    assert.equal(await table.countRows(), 0);
  });

  test("is given up with what it wrote by its end without a commit", async (context) => {
    const location = await temporaryDirectory(context);
    const schema = parseColumnList("p STRING, x INT");
    const table = await createTable({ location, schema, partitionBy: ["p"] });
    {
      await using writer = await table.openWriter({ maxOpenPartitions: 1 });
      await writer.write([
        { p: "a", x: 1 },
        { p: "b", x: 1 },
      ]);
      assert.equal(existsSync(join(location, "p=a")), true);
    }
    assert.deepEqual(dataFiles(location), []);
    assert.equal((await openTable(location)).snapshot().version, 0);
  });

  test("refuses options out of their range", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT") });
    for (const option of ["targetFileBytes", "maxOpenPartitions", "maxBufferedBytes"]) {
      for (const value of [0, 1.5, Number.NaN]) {
        const opened = table.openWriter({ [option]: value });
        await rejectsWith(opened, "invalid_argument", new RegExp(`${option} is ${value}`));
      }
    }
  });
});
