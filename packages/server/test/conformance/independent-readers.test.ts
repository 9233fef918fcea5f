// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseColumnList } from "@sluice/delta";
import { runPython, skipWithoutPython } from "@sluice/testkit";
import { RawStream, recordFrame } from "../support/raw-stream.ts";
import { protoType } from "../support/proto-records.ts";
import { startTestServer } from "../support/test-server.ts";

const TABLE = "main.readers.all_types";
const COLUMNS =
  "id BIGINT NOT NULL, s STRING, b BOOLEAN, i INT, l BIGINT, f FLOAT, d DOUBLE, x BINARY, day DATE, at TIMESTAMP";

interface Reading {
  readonly version: number;
  readonly rows: Readonly<Record<string, unknown[][]>>;
}

/** A row as the readers print it (see `conformance/delta/plain_values.py`), and the record that it must come from. */
interface Case {
  readonly record: Readonly<Record<string, unknown>>;
  readonly expected: readonly unknown[];
}

const NOTHING = [null, null, null, null, null, null, null, null, null];

const CASES: readonly Case[] = [
  { record: { id: 0 }, expected: ["0", ...NOTHING] },
  {
    record: { id: 1, s: "", b: false, i: 0, l: 0, f: 0, d: 0, x: "", day: 0, at: 0 },
    expected: ["1", "", false, "0", "0", "0x0.0p+0", "0x0.0p+0", "", "1970-01-01", "0us"],
  },
  {
    record: {
      id: 2,
      s: "zwölf 🚰 𝔘𝔫𝔦",
      b: true,
      i: -2147483648,
      l: -5,
      f: -0.5,
      d: 1e-3,
      x: "AP8QgA==",
      day: -1,
      at: -1,
    },
    expected: [
      "2",
      "zwölf 🚰 𝔘𝔫𝔦",
      true,
      "-2147483648",
      "-5",
      "-0x1.0000000000000p-1",
      "0x1.0624dd2f1a9fcp-10",
      "00ff1080",
      "1969-12-31",
      "-1us",
    ],
  },
  {
    record: { id: 3, i: 2147483647, day: 19_876, at: 1_700_000_000_123_456 },
    expected: [
      "3",
      null,
      null,
      "2147483647",
      null,
      null,
      null,
      null,
      "2024-06-02",
      "1700000000123456us",
    ],
  },
];

/** How a table is partitioned. */
const PARTITIONINGS: readonly (readonly string[])[] = [[], ["day", "s"], ["at", "b", "l", "day"]];
/** DuckDB has partition values of other types as the texts that the log has. */
const DUCKDB_TYPED: ReadonlySet<string> = new Set(["day", "s"]);

describe("tables that the server wrote", { skip: skipWithoutPython }, () => {
  for (const partitionBy of PARTITIONINGS) {
    const what = partitionBy.length === 0 ? "in one" : `by ${partitionBy.join(", ")}`;
    it(`are read value by value by delta-rs, Polars and DuckDB, from JSON and from protobuf (${what})`, async () => {
      await readBack(partitionBy);
    });
  }
});

async function readBack(partitionBy: readonly string[]): Promise<void> {
  await using running = await startTestServer({ auth: false });
  const { server } = running;
  await server.createTable(TABLE, parseColumnList(COLUMNS), {}, { partitionBy });
  await sendJson(server.endpoint);
  await server.flush();
  await sendProto(server.endpoint);
  await server.flush();
  const entry = (await server.catalog.list()).find(({ name }) => name === TABLE);
  assert.ok(entry !== undefined);
  const reading = JSON.parse(runPython("delta/read_table.py", entry.location)) as Reading;
  assert.ok(reading.version >= 2, "each flush has made a version");
  // The empty text stands for NULL in a partition.
  const isNull = (value: unknown): boolean => value === "" && partitionBy.includes("s");
  const expected = [...CASES, ...CASES].map(({ expected: [id, text, ...rest] }) => {
    return [id, isNull(text) ? null : text, ...rest];
  });
  for (const [engine, rows] of Object.entries(reading.rows)) {
    if (engine === "duckdb" && !partitionBy.every((name) => DUCKDB_TYPED.has(name))) continue;
    assert.deepEqual(sorted(rows), sorted(expected), engine);
  }
}

async function sendJson(endpoint: string): Promise<void> {
  const stream = new RawStream(endpoint);
  await stream.create(TABLE);
  CASES.forEach(({ record }, offset) => stream.sendJson(offset, record));
  await finish(stream);
}

async function sendProto(endpoint: string): Promise<void> {
  const type = protoType(
    "message R { required int64 id = 1; optional string s = 2; optional bool b = 3; optional int32 i = 4;" +
      " optional int64 l = 5; optional float f = 6; optional double d = 7; optional bytes x = 8;" +
      " optional int32 day = 9; optional int64 at = 10; }",
  );
  const stream = new RawStream(endpoint);
  await stream.create(TABLE, 1, type.descriptor);
  CASES.forEach(({ record }, offset) => {
    const { x } = record;
    const fields = typeof x === "string" ? { ...record, x: Buffer.from(x, "base64") } : record;
    stream.send(recordFrame(offset, "proto", type.encode(fields)));
  });
  await finish(stream);
}

async function finish(stream: RawStream): Promise<void> {
  await stream.acked(CASES.length - 1);
  stream.end();
  assert.equal((await stream.status).code, 0);
  stream.close();
}

function sorted(rows: readonly (readonly unknown[])[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort((left, right) => left.localeCompare(right));
}
