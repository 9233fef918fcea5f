// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { StructType } from "../../../src/schema/types.ts";
import type { StoreOptions } from "../../../src/store/open-store.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { Engine, skipWithoutEngine } from "../../conformance/engine.ts";
import {
  type ObjectServer,
  S3_CREDENTIALS,
  skipWithoutS3Server,
  startS3Server,
} from "../../support/object-servers.ts";
import { allRows } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

const DAY_MS = 86_400_000;
const PLACES = [
  "a b",
  "50%",
  "%41%2F",
  "é日本𝒳",
  "e\u0301",
  "q'u\"o`te",
  "a=b&c+d",
  "#hash?query",
  "(x)[y]{z}",
  "~tilde!$;,@",
];
const COLUMNS = [
  "a b",
  "a.b",
  "50%",
  "日本",
  "k=v",
  "x/y",
  "q\"u'o`te",
  "(p), {q};",
  "__proto__",
  "constructor",
];
const VALUES = ["a/b", "..", "%2F", "k=v", "é 日本𝒳", "new\nline", " ", "#?&", "q'\"`\\", null];

const SCHEMA: StructType = {
  type: "struct",
  fields: COLUMNS.map((name) => ({ name, type: "string", nullable: true, metadata: {} })),
};
/** Hostile themselves; the rest of the columns are in the files. */
const PARTITION_BY = COLUMNS.slice(4, 6);

function rowOf(index: number): Record<string, unknown> {
  return Object.fromEntries(
    COLUMNS.map((name, column) => [name, VALUES[(index + column) % VALUES.length]]),
  );
}

const ROWS = VALUES.map((_, index) => rowOf(index));

function sorted(rows: readonly object[]): string[] {
  return rows
    .map((row) => JSON.stringify(COLUMNS.map((name) => (row as Record<string, unknown>)[name])))
    .toSorted();
}

/** Makes a table, writes it twice, and does all that maintenance can do; the rows stay what they are. */
async function liveThrough(location: string, storeOptions: StoreOptions): Promise<void> {
  let nowMs = Date.now();
  const components = { storeOptions, clock: () => nowMs };
  const definition = { schema: SCHEMA, partitionBy: PARTITION_BY, columnMapping: "name" } as const;
  const table = await createTable({ location, ...definition, ...components });
  const txn = { appId: "app/%2F é\"'", version: 1 };
  await table.appendRows(ROWS, { txn });
  assert.equal((await table.appendRows(ROWS, { txn })).kind, "alreadyCommitted");
  await table.appendRows(ROWS);
  const expected = sorted([...ROWS, ...ROWS]);
  const check = async (step: string): Promise<void> => {
    const reader = await openTable(location, components);
    assert.deepEqual(sorted(await allRows(reader.scan())), expected, step);
  };
  await check("written");
  const { addedFileCount } = await table.optimize();
  assert.ok(addedFileCount > 0);
  await check("optimized");
  await table.checkpoint();
  nowMs += 40 * DAY_MS;
  assert.ok((await table.cleanUpLog()).deletedPaths.length > 0);
  await check("cleaned up");
  assert.ok((await table.vacuum()).fileCount > 0);
  await check("vacuumed");
  const kept = table.snapshot().version;
  for (const [index, column] of COLUMNS.entries()) {
    await table.alter({ kind: "renameColumn", column, name: `${column} renamed ${index}` });
  }
  await table.alter({
    kind: "setColumnComment",
    column: "a b renamed 0",
    comment: VALUES.join(""),
  });
  await table.restore({ version: kept });
  await check("restored");
  const found = await allRows(table.scan({ where: "`50%` = '%2F' AND `k=v` IS NOT NULL" }));
  assert.deepEqual(
    sorted(found),
    sorted([...ROWS, ...ROWS].filter((row) => row["50%"] === "%2F" && row["k=v"] !== null)),
  );
}

describe("hostile names of places, columns and values", () => {
  test("live through all that can be done with a table in a directory", async (context) => {
    const directory = await temporaryDirectory(context);
    for (const place of PLACES) await liveThrough(join(directory, place, place), {});
  });

  test("are read by delta-rs", { skip: skipWithoutEngine("deltalake") }, async (context) => {
    const location = join(await temporaryDirectory(context), "a b é");
    await liveThrough(location, {});
    await using engine = await Engine.start("deltalake");
    const { rows } = await engine.read(location);
    assert.deepEqual(rows.map((row) => JSON.stringify(row)).toSorted(), sorted([...ROWS, ...ROWS]));
  });
});

describe("hostile names in S3", { skip: skipWithoutS3Server }, () => {
  let server: ObjectServer;
  before(async () => {
    server = await startS3Server();
    const client = new S3Client({
      endpoint: server.url,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: S3_CREDENTIALS,
    });
    await client.send(new CreateBucketCommand({ Bucket: "tables" }));
    client.destroy();
  });
  after(async () => server?.[Symbol.asyncDispose]());

  test("live through all that can be done with a table", async () => {
    const s3 = { endpoint: server.url, region: "us-east-1", credentials: S3_CREDENTIALS };
    for (const place of PLACES.slice(1, 3)) await liveThrough(`s3://tables/${place}`, { s3 });
  });
});
