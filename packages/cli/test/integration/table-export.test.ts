// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createTable, openTable, parseColumnList, type Row } from "@sluice/delta";
import {
  runInProcess,
  startDev,
  startSluice,
  stopDev,
  temporaryDirectory,
} from "../support/run-sluice.ts";

const COLUMNS =
  "id BIGINT NOT NULL, s STRING, ok BOOLEAN, i INT, f FLOAT, d DOUBLE, raw BINARY, day DATE, at TIMESTAMP, price DECIMAL(20,3)";
const NESTED =
  "local TIMESTAMP_NTZ, tags ARRAY<STRING>, place STRUCT<city: STRING, zip: BIGINT>, m MAP<STRING, INT>";

const ALL_COLUMNS = `${COLUMNS}, ${NESTED}`;

const ROWS: readonly Row[] = [
  {
    id: 9_223_372_036_854_775_807n,
    s: ' "quoted",\r\n ž',
    ok: true,
    i: -1,
    f: 0.5,
    d: 1e-300,
    raw: Uint8Array.of(0, 1, 255),
    day: "2024-02-29",
    at: 1_706_696_430_123_456n,
    price: "12345678901234567.890",
    local: 1_706_696_430_000_000n,
    tags: ["x", null, ""],
    place: { city: "y", zip: 9_007_199_254_740_993n },
    m: new Map([["k", 1]]),
  },
  { id: 2n, s: "plain", d: Infinity, at: -1n, price: "-0.001", tags: [], m: new Map() },
];

async function tableOfRows(
  context: TestContext,
  columns: string,
  rows: readonly Row[],
): Promise<string> {
  const location = join(await temporaryDirectory(context), "table");
  const schema = parseColumnList(columns);
  const table = await createTable({ location, schema });
  const known = new Set(schema.fields.map(({ name }) => name));
  await table.appendRows(
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => known.has(name)))),
  );
  return location;
}

async function rowsOf(location: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of (await openTable(location)).scan()) rows.push(row);
  return rows;
}

/** A table whose export takes longer than what a pipe holds. */
async function largeTable(context: TestContext): Promise<string> {
  const rows = Array.from({ length: 30_000 }, (_, id) => ({
    id: BigInt(id),
    s: "some text of a row, to have more of it than a pipe holds",
  }));
  return tableOfRows(context, "id BIGINT NOT NULL, s STRING", rows);
}

test("writes rows as NDJSON with all their digits", async (context) => {
  const location = await tableOfRows(context, ALL_COLUMNS, ROWS);
  const { code, stdout, stderr } = await runInProcess(["table", "export", location]);
  assert.equal(code, 0, stderr);
  assert.equal(
    stdout,
    '{"id":9223372036854775807,"s":" \\"quoted\\",\\r\\n ž","ok":true,"i":-1,"f":0.5,"d":1e-300,"raw":"AAH/","day":"2024-02-29","at":"2024-01-31T10:20:30.123456Z","price":"12345678901234567.890","local":"2024-01-31T10:20:30","tags":["x",null,""],"place":{"city":"y","zip":9007199254740993},"m":{"k":1}}\n' +
      '{"id":2,"s":"plain","ok":null,"i":null,"f":null,"d":"Infinity","raw":null,"day":null,"at":"1969-12-31T23:59:59.999999Z","price":"-0.001","local":null,"tags":[],"place":null,"m":{}}\n',
  );
  assert.match(stderr, /wrote 2 rows of version 1\n$/);
});

test("writes chosen rows and columns of a version as CSV", async (context) => {
  const location = await tableOfRows(context, COLUMNS, ROWS);
  const table = await openTable(location);
  await table.appendRows([{ id: 3n, s: "later" }]);
  const choice = ["--format", "csv", "--columns", "s,id", "--where", "id < 10"];
  const newest = await runInProcess(["table", "export", location, ...choice]);
  assert.equal(newest.stdout, "s,id\nplain,2\nlater,3\n");
  const earlier = await runInProcess(["table", "export", location, ...choice, "--version", "1"]);
  assert.equal(earlier.stdout, "s,id\nplain,2\n");
  const head = await runInProcess([
    "table",
    "head",
    location,
    "--version",
    "1",
    "--columns",
    "id",
    "--json",
  ]);
  assert.equal(head.stdout, '{"id":9223372036854775807}\n{"id":2}\n');
  const count = await runInProcess([
    "table",
    "count",
    location,
    "--where",
    "s = 'later'",
    "--json",
  ]);
  assert.deepEqual(JSON.parse(count.stdout), { name: location, version: 2, rows: 1 });
  const now = new Date().toISOString();
  const atTime = await runInProcess(["table", "count", location, "--at", now]);
  assert.equal(atTime.stdout, "3\n");
});

/** Protobuf has no null inside of an array, and no difference between an empty one and none. */
const producible: readonly Row[] = [
  { ...ROWS[0], tags: ["x", ""] },
  { ...ROWS[1], tags: null, m: null },
];

for (const format of ["ndjson", "csv", "parquet"] as const) {
  test(`writes ${format} that produce reads into the same rows`, async (context) => {
    const location = await tableOfRows(context, ALL_COLUMNS, producible);
    const file = join(await temporaryDirectory(context), `rows.${format}`);
    const exported = await runInProcess(["table", "export", location, "-o", file, "--json"]);
    assert.equal(exported.code, 0, exported.stderr);
    assert.deepEqual(JSON.parse(exported.stdout), {
      name: location,
      version: 1,
      format,
      out: file,
      rows: 2,
    });
    const data = await temporaryDirectory(context);
    const dev = await startDev(context, data, ["--table", `a.b.copy=${ALL_COLUMNS}`]);
    const produced = await runInProcess(["produce", "a.b.copy", file], dev.environment);
    assert.equal(produced.code, 0, produced.stderr);
    await stopDev(dev);
    assert.deepEqual(await rowsOf(join(data, "tables/a/b/copy")), await rowsOf(location));
  });
}

test("replaces a file only when the new one is whole", async (context) => {
  const location = await largeTable(context);
  const directory = await temporaryDirectory(context);
  const real = join(directory, "real");
  await mkdir(real);
  await writeFile(join(real, "rows.csv"), "before");
  const link = join(directory, "rows.csv");
  await symlink(join(real, "rows.csv"), link);
  const wrong = await runInProcess([
    "table",
    "export",
    location,
    "-o",
    link,
    "--where",
    "s + 1 > 2",
  ]);
  assert.equal(wrong.code, 1);
  assert.equal(await readFile(link, "utf8"), "before");
  const right = await runInProcess(["table", "export", location, "-o", link, "--limit", "1"]);
  assert.equal(right.code, 0, right.stderr);
  assert.match(await readFile(join(real, "rows.csv"), "utf8"), /^id,s\n0,"some text/);
  assert.deepEqual(await readdir(real), ["rows.csv"]);
});

test("ends without a complaint when nobody reads on", async (context) => {
  const location = await largeTable(context);
  const { child, ended } = startSluice(context, ["table", "export", location]);
  await once(child.stdout, "data");
  child.stdout.destroy();
  const { code, stderr } = await ended;
  assert.equal(code, 0);
  assert.equal(stderr, "");
});

test("stops at SIGINT and says how far it came", async (context) => {
  const location = await largeTable(context);
  const { child, ended } = startSluice(context, ["table", "export", location]);
  // The pipe is full soon after, so that the command waits when the signal comes.
  await once(child.stdout, "data");
  child.stdout.pause();
  child.kill("SIGINT");
  await once(child.stderr, "data");
  child.stdout.resume();
  const { code, stderr } = await ended;
  assert.equal(code, 130);
  assert.match(
    stderr,
    /^SIGINT: ending in order; once more ends at once\nstopped after [\d,]+ rows\n$/,
  );
});

test("refuses what cannot be exported so", async (context) => {
  const location = await tableOfRows(context, COLUMNS, ROWS);
  const directory = await temporaryDirectory(context);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--json"], /name it with --out/],
    [["-o", join(directory, "rows.txt")], /does not tell the format; give it with --format/],
    [["-o", directory, "--format", "csv"], /it is a directory/],
    [["-o", join(directory, "none/rows.csv")], /cannot write .*\n.*directory must be there/],
    [["--columns", "id,nope"], /no column "nope"\n.*It has id, s,/],
    [["--columns", "a.b"], /inside of a column; name whole columns/],
    [["--where", "nope = 1"], /nope/],
    [["--version", "7"], /version 7/],
    [["--version", "0", "--at", "2024-01-31"], /exclude each other/],
    [["--at", "2023-02-29"], /It must be a time such as/],
    [["--at", "2001-01-01"], /nothing of 2001-01-01.*earliest version/],
    [["--format", "xml"], /Allowed choices are ndjson, csv, parquet/],
  ];
  for (const [options, expected] of cases) {
    const { code, stdout, stderr } = await runInProcess(["table", "export", location, ...options]);
    assert.equal(code, 1, options.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, expected);
  }
  assert.deepEqual(await readdir(directory), []);
});
