// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  compareSchemas,
  compileJsonEncoder,
  compileProtoEncoder,
  fetchTableSchema,
  type SchemaEncoder,
  type TableSchema,
} from "@sluice/client";
import { parseColumnList } from "@sluice/delta";
import fc from "fast-check";
import type { SluiceServer } from "../../src/index.ts";
import { RawStream, recordFrame } from "../support/raw-stream.ts";
import { createTestTable, startTestServer, tokenFor } from "../support/test-server.ts";

const COLUMNS =
  "id BIGINT NOT NULL, name STRING, code VARCHAR(5), tiny TINYINT, small SMALLINT, whole INT, f FLOAT, d DOUBLE," +
  " price DECIMAL(9,2), large DECIMAL(38,5), raw BINARY, ok BOOLEAN, day DATE, at TIMESTAMP, local TIMESTAMP_NTZ," +
  " doc VARIANT, place STRUCT<x: DOUBLE NOT NULL, inner: STRUCT<n: INT, note: STRING>>, tags ARRAY<STRING>," +
  " numbers ARRAY<BIGINT>, points ARRAY<STRUCT<x: DOUBLE, ok: BOOLEAN>>, counts MAP<STRING, DECIMAL(9,2)>," +
  " places MAP<INT, STRUCT<x: DOUBLE>>, days ARRAY<DATE>";

const text = fc.string({ unit: "grapheme", maxLength: 60 });
const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const cents = fc.integer({ min: -999_999_999, max: 999_999_999 }).map((value) => value / 100);
const micros = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });
const days = fc.integer({ min: -719_162, max: 2_932_896 });
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
/** Variants of numbers are compared as JSON, which has no negative zero. */
const json = fc
  .jsonValue({ maxDepth: 3, noUnicodeString: false })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

/** A record as an application has it; every value has one form in the table. */
const record = fc.record(
  {
    name: text,
    code: fc.string({ unit: "grapheme-ascii", maxLength: 5 }),
    tiny: fc.integer({ min: -128, max: 127 }),
    small: fc.integer({ min: -32_768, max: 32_767 }),
    whole: fc.integer(),
    f: fc.float({ noNaN: true, noDefaultInfinity: true }),
    d: double,
    price: fc.oneof(cents, cents.map(String)),
    large: long.map((value) => `${value}.12345`),
    raw: fc.uint8Array({ maxLength: 300 }),
    ok: fc.boolean(),
    day: fc.oneof(days, days.map(dayText)),
    at: fc.oneof(
      micros,
      micros.map((value) => new Date(Number(value / 1000n))),
    ),
    local: micros,
    doc: fc.dictionary(fc.string({ unit: "grapheme-ascii", maxLength: 5 }), json, {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    place: fc.record(
      { x: double, inner: fc.record({ n: fc.integer(), note: text }, { noNullPrototype: true }) },
      { requiredKeys: ["x"], noNullPrototype: true },
    ),
    tags: fc.array(text, { minLength: 1, maxLength: 40 }),
    numbers: fc.array(fc.oneof(long, long.map(String), fc.maxSafeInteger()), {
      minLength: 1,
      maxLength: 40,
    }),
    points: fc.array(
      fc.record({ x: double, ok: fc.boolean() }, { requiredKeys: [], noNullPrototype: true }),
      { minLength: 1, maxLength: 5 },
    ),
    // The reader that `scan` uses loses a key of this name.
    counts: fc
      .array(
        fc.tuple(
          text.filter((key) => key !== "__proto__"),
          cents,
        ),
        { minLength: 1, maxLength: 5 },
      )
      .map((entries) => new Map(entries)),
    places: fc.dictionary(
      fc.integer().map(String),
      fc.record({ x: double }, { noNullPrototype: true }),
      { minKeys: 1, maxKeys: 5, noNullPrototype: true },
    ),
    days: fc.array(days, { minLength: 1, maxLength: 5 }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

type AppRecord = Readonly<Record<string, unknown>>;

describe("records made by a table's fetched schema", () => {
  for (const format of ["proto", "json"] as const) {
    it(`are in the table value by value, sent as ${format}`, async (context) => {
      await using running = await startTestServer();
      const { server } = running;
      const table = `main.encoders.${format}`;
      await createTestTable(server, table, COLUMNS);
      const schema = await schemaOf(server, table);
      const encoder = format === "proto" ? compileProtoEncoder(schema) : compileJsonEncoder(schema);
      const seed = Number(process.env["SLUICE_FUZZ_SEED"] ?? Date.now() % 2 ** 31);
      context.diagnostic(`seed ${seed}`);
      const records: AppRecord[] = fc
        .sample(record, { numRuns: 150, seed })
        .map((values, index) => ({ id: index, ...values }));
      await sendAll(server, table, encoder, records);
      const rows = await readableRows(server, table);
      assert.equal(rows.length, records.length);
      const byId = new Map(rows.map((row) => [row["id"], row]));
      for (const [index, sent] of records.entries()) {
        assert.deepEqual(
          byId.get(BigInt(index)),
          expectedRow(schema, sent),
          `record ${index}, seed ${seed}`,
        );
      }
    });
  }

  it("say how a table has changed", async () => {
    await using running = await startTestServer({ auth: false });
    const { server } = running;
    await createTestTable(
      server,
      "main.encoders.old",
      "id BIGINT NOT NULL, name STRING, place STRUCT<x: FLOAT>",
    );
    await createTestTable(
      server,
      "main.encoders.new",
      "id BIGINT, place STRUCT<x: DOUBLE, y: DOUBLE NOT NULL>, at TIMESTAMP",
    );
    const [mine, theirs] = await Promise.all(
      ["old", "new"].map((name) =>
        fetchTableSchema({ unityCatalogUrl: server.workspaceUrl, table: `main.encoders.${name}` }),
      ),
    );
    assert.deepEqual(
      compareSchemas(mine as TableSchema, theirs as TableSchema).map(({ kind, column }) => [
        kind,
        column,
      ]),
      [
        ["becameNullable", "id"],
        ["removed", "name"],
        ["retyped", "place.x"],
        ["addedRequired", "place.y"],
        ["addedNullable", "at"],
      ],
    );
  });

  it("are refused by a catalog without a token, or without the table", async () => {
    await using running = await startTestServer();
    const { server } = running;
    const table = "main.encoders.secret";
    await createTestTable(server, table, "id BIGINT");
    const fetchWith = (name: string, token?: string): Promise<TableSchema> =>
      fetchTableSchema({
        unityCatalogUrl: `${server.workspaceUrl}/`,
        table: name,
        ...(token === undefined ? {} : { token }),
      });
    await assert.rejects(fetchWith(table), { code: "unauthenticated" });
    const token = await tokenFor(server, table);
    await assert.rejects(fetchWith("main.encoders.other", token), { code: "permission_denied" });
    await assert.rejects(
      fetchWith("main.encoders.gone", await tokenFor(server, "main.encoders.gone")),
      { code: "not_found" },
    );
    assert.equal((await fetchWith(table, token)).columns.length, 1);
  });
});

async function schemaOf(server: SluiceServer, table: string): Promise<TableSchema> {
  const schema = await fetchTableSchema({
    unityCatalogUrl: server.workspaceUrl,
    table,
    token: () => tokenFor(server, table),
  });
  const declared = parseColumnList(COLUMNS).fields.map(({ name }) => name);
  assert.deepEqual(
    schema.columns.map(({ name }) => name),
    declared,
  );
  assert.deepEqual(schema.columns[2]?.type, { kind: "varchar", maxCharacters: 5 });
  return schema;
}

async function sendAll(
  server: SluiceServer,
  table: string,
  encoder: SchemaEncoder,
  records: readonly AppRecord[],
): Promise<void> {
  const stream = new RawStream(server.endpoint, { token: await tokenFor(server, table) });
  await stream.create(table, encoder.format === "proto" ? 1 : 2, encoder.descriptor);
  for (const [offset, values] of records.entries()) {
    stream.send(recordFrame(offset, encoder.format, encoder.encode(values)));
  }
  await stream.acked(records.length - 1);
  stream.close();
}

/** The rows without their VARIANT, which the scan does not read; that it is JSON, the server has checked. */
async function readableRows(server: SluiceServer, table: string): Promise<AppRecord[]> {
  await server.flush();
  const opened = await server.catalog.openTable(table);
  const names = opened.snapshot().schema.fields.map(({ name }) => name);
  const rows: AppRecord[] = [];
  for await (const row of opened.scan({ columns: names.filter((name) => name !== "doc") })) {
    rows.push(row);
  }
  return rows;
}

/** The row that a record becomes, by the rules of docs/types.md. */
function expectedRow(schema: TableSchema, sent: AppRecord): AppRecord {
  return Object.fromEntries(
    schema.columns
      .filter(({ name }) => name !== "doc")
      .map(({ name }) => [name, expectedValue(name, sent[name] ?? null)]),
  );
}

function expectedValue(name: string, value: unknown): unknown {
  if (value === null) return null;
  switch (name) {
    case "id":
      return BigInt(value as number);
    case "price":
      return Number(value).toFixed(2);
    case "raw":
      return new Uint8Array(value as Uint8Array);
    case "day":
      return typeof value === "number" ? dayText(value) : value;
    case "days":
      return (value as number[]).map(dayText);
    case "at":
      return value instanceof Date ? BigInt(value.getTime()) * 1000n : value;
    case "numbers":
      return (value as (bigint | number | string)[]).map(BigInt);
    case "points":
      return (value as AppRecord[]).map(({ x = null, ok = null }) => ({ x, ok }));
    case "place": {
      const { x, inner = null } = value as AppRecord;
      return { x, inner };
    }
    case "counts":
      return new Map(
        [...(value as Map<string, number>)].map(([key, cents_]) => [key, cents_.toFixed(2)]),
      );
    case "places":
      return new Map(
        Object.entries(value as AppRecord).map(([key, place]) => [Number(key), place]),
      );
    default:
      return value;
  }
}

function dayText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
