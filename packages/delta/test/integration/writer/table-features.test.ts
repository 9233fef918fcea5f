// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import type { StructType } from "../../../src/schema/types.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import { actionsAt, allRows, rejectsWith } from "../../support/table-checks.ts";
import { syntheticFile, temporaryDirectory } from "../../support/table-files.ts";

function addsAt(location: string, version: number): Record<string, unknown>[] {
  return actionsAt(location, version).flatMap(({ add }) => (add === undefined ? [] : [add]));
}

function statsOf(add: Record<string, unknown> | undefined): Record<string, object> {
  return JSON.parse(String(add?.["stats"])) as Record<string, object>;
}

async function rowsOf(table: DeltaTable): Promise<unknown[]> {
  return allRows((await openTable(table.location)).scan());
}

describe("appendRows to a partitioned table", () => {
  const schema = parseColumnList(
    "s STRING, i INT, d DATE, m TIMESTAMP, b BOOLEAN, e DECIMAL(5,2), x BIGINT",
  );

  test("puts each combination of values into files of its own, and gives the values back", async (context) => {
    const location = await temporaryDirectory(context);
    const partitionBy = ["s", "i", "d", "m", "b", "e"];
    const table = await createTable({ location, schema, partitionBy });
    const full = {
      s: "a/b=c %ü",
      i: -1,
      d: "2024-02-29",
      m: 1_700_000_000_123_456n,
      b: true,
      e: "1.50",
    };
    const nothing = { s: null, i: null, d: null, m: null, b: null, e: null };
    const rows = [
      { ...full, x: 1n },
      { ...nothing, x: 2n },
      { ...full, x: 3n },
      { ...full, i: 2, x: 4n },
    ];
    await table.appendRows(rows);
    assert.deepEqual(
      [...table.snapshot().files].map(({ rowCount }) => rowCount),
      [2, 1, 1],
    );
    const [first, second] = addsAt(location, 1);
    assert.deepEqual(first?.["partitionValues"], {
      s: "a/b=c %ü",
      i: "-1",
      d: "2024-02-29",
      m: "2023-11-14T22:13:20.123456Z",
      b: "true",
      e: "1.50",
    });
    assert.deepEqual(second?.["partitionValues"], nothing);
    assert.deepEqual(Object.keys(statsOf(first)["nullCount"] ?? {}), ["x"]);
    const order = [rows[0], rows[2], rows[1], rows[3]];
    assert.deepEqual(await rowsOf(table), order);
  });

  test("refuses a value that no partition can have, naming the row", async (context) => {
    const location = await temporaryDirectory(context);
    const strict = parseColumnList("p STRING NOT NULL, x INT");
    const table = await createTable({ location, schema: strict, partitionBy: ["p"] });
    const refused = async (row: object, message: RegExp): Promise<void> =>
      rejectsWith(table.appendRows([{ p: "a" }, row as never]), "invalid_argument", message);
    await refused({}, /row 1, column "p": it is NOT NULL and has no value/);
    await refused({ p: "" }, /row 1, column "p": "" becomes NULL in a partition column/);
    await refused({ p: 5 }, /row 1, column "p"/);
  });

  test("takes files only with a value of each partition column", async (context) => {
    const location = await temporaryDirectory(context);
    const plain = parseColumnList("p STRING, x INT");
    const table = await createTable({ location, schema: plain, partitionBy: ["p"] });
    const file = syntheticFile("a");
    await rejectsWith(table.append({ files: [file] }), "unsupported", /partitioning by "p"/);
    for (const partitionValues of [{}, { q: "1" }, { p: "1", q: "1" }]) {
      const append = table.append({ files: [{ ...file, partitionValues }] });
      await rejectsWith(append, "invalid_argument", /is partitioned by \[p\]/);
    }
    const files = [{ ...file, partitionValues: { p: null } }];
    assert.deepEqual(await table.append({ files }), { kind: "committed", version: 1 });
  });
});

describe("appendRows to a table that maps columns", () => {
  for (const mode of ["name", "id"] as const) {
    test(`writes physical names and ids, and reads back logical ones, by ${mode}`, async (context) => {
      const location = await temporaryDirectory(context);
      const schema: StructType = {
        type: "struct",
        fields: [
          { name: "p one", type: "string", nullable: true, metadata: {} },
          ...parseColumnList("s STRUCT<a: INT, b: ARRAY<STRUCT<c: STRING>>>, x BIGINT").fields,
        ],
      };
      const table = await createTable({
        location,
        schema,
        partitionBy: ["p one"],
        columnMapping: mode,
      });
      const { configuration, partitionColumns } = table.snapshot().metadata;
      assert.equal(configuration["delta.columnMapping.mode"], mode);
      assert.equal(configuration["delta.columnMapping.maxColumnId"], "6");
      assert.deepEqual(partitionColumns, ["p one"]);
      const rows = [{ "p one": "v", s: { a: 1, b: [{ c: "z" }] }, x: 5n }];
      await table.appendRows(rows);
      const [add] = addsAt(location, 1);
      const names = table
        .snapshot()
        .schema.fields.map(({ metadata }) => String(metadata["delta.columnMapping.physicalName"]));
      assert.match(names[0] ?? "", /^col-[0-9a-f-]{36}$/);
      assert.deepEqual(add?.["partitionValues"], { [names[0] ?? ""]: "v" });
      assert.deepEqual(
        Object.keys(statsOf(add)["nullCount"] ?? {}).toSorted(),
        names.slice(1).toSorted(),
      );
      assert.deepEqual(await rowsOf(table), rows);
    });
  }
});

describe("appendRows to a table with conditions", () => {
  test("takes only rows for which all are true, naming the one that is not", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({
      location,
      schema: parseColumnList("p STRING, x INT, y INT"),
      partitionBy: ["p"],
      constraints: { Positive: "x > 0", known: "p IN ('a', 'b') OR y < 3" },
    });
    assert.equal(table.snapshot().metadata.configuration["delta.constraints.positive"], "x > 0");
    const append = async (...rows: object[]): Promise<unknown> => table.appendRows(rows as never);
    await append({ p: "a", x: 1 }, { p: "c", x: 1, y: 2 });
    await rejectsWith(
      append({ p: "a", x: 1 }, { p: "b", x: 1 }, { p: "a", x: 0 }),
      "invalid_argument",
      /row 2 breaks the CHECK constraint positive: x > 0 is not true for it/,
    );
    await rejectsWith(append({ p: "a", x: null }), "invalid_argument", /row 0 breaks .* positive/);
    await rejectsWith(append({ p: "c", x: 1, y: 3 }), "invalid_argument", /constraint known/);
    assert.equal(table.snapshot().version, 1);
    const file = { ...syntheticFile("a"), partitionValues: { p: "a" } };
    await rejectsWith(table.append({ files: [file] }), "unsupported", /checkConstraints/);
    const seenTo = ["checkConstraints"] as const;
    assert.equal((await table.append({ files: [file], seenTo })).kind, "committed");
  });

  test("checks invariants of columns", async (context) => {
    const location = await temporaryDirectory(context);
    const [field] = parseColumnList("x INT").fields;
    assert.ok(field !== undefined);
    const invariant = JSON.stringify({ expression: { expression: "x > 3" } });
    const schema: StructType = {
      type: "struct",
      fields: [{ ...field, metadata: { "delta.invariants": invariant } }],
    };
    const table = await createTable({ location, schema });
    await table.appendRows([{ x: 4 }]);
    for (const x of [3, null]) {
      const append = table.appendRows([{ x }]);
      await rejectsWith(
        append,
        "invalid_argument",
        /row 0 breaks the invariant of column x: x > 3/,
      );
    }
  });

  test("gives columns their defaults", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({
      location,
      schema: parseColumnList("a INT, b STRING, c DATE, d DECIMAL(4,2), e BIGINT, f TIMESTAMP"),
      defaults: {
        a: "7",
        b: "'it\\'s'",
        c: "DATE '2024-02-29'",
        d: "1.5",
        e: "NULL",
        f: "TIMESTAMP '2024-01-01 00:00:00Z'",
      },
    });
    assert.ok(table.snapshot().protocol.writerFeatures?.includes("allowColumnDefaults"));
    await table.appendRows([{}, { a: null, b: "x" }]);
    const filled = {
      a: 7,
      b: "it's",
      c: "2024-02-29",
      d: "1.50",
      e: null,
      f: 1_704_067_200_000_000n,
    };
    assert.deepEqual(await rowsOf(table), [filled, { ...filled, a: null, b: "x" }]);
  });
});

describe("appendRows to a table with other features", () => {
  test("has statistics of the columns that the table is clustered by, however many come first", async (context) => {
    const location = await temporaryDirectory(context);
    const schema = parseColumnList("a INT, b INT, s STRUCT<c: INT, d: INT>");
    const table = await createTable({
      location,
      schema,
      clusterBy: ["b", ["s", "d"]],
      properties: { "delta.dataSkippingNumIndexedCols": "1" },
    });
    assert.equal(
      table.snapshot().domains.get("delta.clustering")?.configuration,
      '{"clusteringColumns":[["b"],["s","d"]],"domainName":"delta.clustering"}',
    );
    await table.appendRows([{ a: 1, b: 2, s: { c: 3, d: 4 } }]);
    const [add] = addsAt(location, 1);
    assert.deepEqual(statsOf(add)["minValues"], { a: 1, b: 2, s: { d: 4 } });
    assert.equal(add?.["clusteringProvider"], undefined);
    const stats = '{"numRecords":1,"nullCount":{"b":0}}';
    const append = table.append({ files: [{ ...syntheticFile("a"), stats }] });
    await rejectsWith(append, "invalid_argument", /no statistics of "s\.d"/);
  });

  test("has row ids, times and every other feature at once", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({
      location,
      schema: parseColumnList("id BIGINT, n TIMESTAMP_NTZ, v VARIANT"),
      properties: {
        "delta.appendOnly": "true",
        "delta.checkpointPolicy": "v2",
        "delta.enableChangeDataFeed": "true",
        "delta.enableDeletionVectors": "true",
        "delta.enableInCommitTimestamps": "true",
        "delta.enableRowTracking": "true",
      },
      features: ["vacuumProtocolCheck"],
      clock: () => 1000,
    });
    assert.deepEqual(table.snapshot().protocol, {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: [
        "deletionVectors",
        "timestampNtz",
        "v2Checkpoint",
        "vacuumProtocolCheck",
        "variantType",
      ],
      writerFeatures: [
        "appendOnly",
        "changeDataFeed",
        "deletionVectors",
        "domainMetadata",
        "inCommitTimestamp",
        "invariants",
        "rowTracking",
        "timestampNtz",
        "v2Checkpoint",
        "vacuumProtocolCheck",
        "variantType",
      ],
    });
    await table.appendRows([
      { id: 1, n: "2024-02-29T00:00:00", v: { a: [1, "x", null, 2.5], b: new Date(0) } },
      { id: 2, v: 7n },
    ]);
    await table.appendRows([{ id: 3 }]);
    const infos = [0, 1, 2].map((version) => actionsAt(location, version)[0]?.["commitInfo"]);
    assert.deepEqual(
      infos.map((info) => info?.["inCommitTimestamp"]),
      [1000, 1001, 1002],
    );
    assert.equal(infos[0]?.["timestamp"], 1000);
    const [first] = addsAt(location, 1);
    const [second] = addsAt(location, 2);
    assert.equal(first?.["baseRowId"], 0);
    assert.equal(second?.["baseRowId"], 2);
    assert.equal(second?.["defaultRowCommitVersion"], 2);
    const rows = await rowsOf(table);
    assert.deepEqual(rows[1], { id: 2n, n: null, v: "7" });
    assert.deepEqual(rows[2], { id: 3n, n: null, v: null });
    const [{ v, n } = {}] = rows as Record<string, unknown>[];
    assert.equal(n, 1_709_164_800_000_000n);
    assert.deepEqual(JSON.parse(String(v)), {
      a: [1, "x", null, 2.5],
      b: "1970-01-01T00:00:00Z",
    });
  });
});
