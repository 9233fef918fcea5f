// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  createTable,
  type CreateTableOptions,
  openTable,
  parseColumnList,
  type Row,
} from "@sluice/delta";
import { GRPC_STATUS } from "@sluice/protocol";
import type { ServerOptions } from "../../src/index.ts";
import { batchFrame, RawStream } from "../support/raw-stream.ts";
import { rejectedRows } from "../support/foreign-writer.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const TABLE = "main.features.t";

interface Made extends TestServer {
  readonly location: string;
}

/** A server with one table, registered where another engine could have made it. */
async function startWith(
  table: Omit<CreateTableOptions, "location">,
  options: Partial<ServerOptions> = {},
): Promise<Made> {
  const running = await startTestServer({ auth: false, maxOpenPartitions: 4, ...options });
  const location = join(running.dataDirectory, "outside");
  await createTable({ ...table, location });
  await running.server.catalog.register(TABLE, location);
  return { ...running, location };
}

async function openStream({ server }: TestServer): Promise<RawStream> {
  const stream = new RawStream(server.endpoint);
  await stream.create(TABLE);
  return stream;
}

async function sortedRows({ server, location }: Made, by: string): Promise<Row[]> {
  await server.flush();
  const rows: Row[] = [];
  for await (const row of (await openTable(location)).scan()) rows.push(row);
  return rows.sort((left, right) => Number(left[by]) - Number(right[by]));
}

async function refusal(stream: RawStream): Promise<string> {
  const status = await stream.status;
  assert.equal(status.code, GRPC_STATUS.INVALID_ARGUMENT, status.message);
  return status.message;
}

describe("a partitioned table", () => {
  it("gets a file for each partition in one commit, however many there are", async () => {
    await using made = await startWith({
      schema: parseColumnList("id BIGINT NOT NULL, day DATE, place STRING, tags ARRAY<STRING>"),
      partitionBy: ["day", "place"],
    });
    const stream = await openStream(made);
    const places = ["a b", "c/d", null, "", "é=", "x", "y"];
    const count = 500;
    for (let id = 0; id < count; id++) {
      const place = places[id % places.length] as string | null;
      const day = id % 3 === 0 ? null : 19_000 + (id % 2);
      stream.sendJson(id, { id, day, place, tags: [`t${id}`] });
    }
    await stream.acked(count - 1);
    const rows = await sortedRows(made, "id");
    assert.equal(rows.length, count);
    for (const [id, row] of rows.entries()) {
      const place = places[id % places.length] as string | null;
      assert.equal(row["place"], place === "" ? null : place);
      assert.equal(row["day"], id % 3 === 0 ? null : ["2022-01-08", "2022-01-09"][id % 2]);
      assert.deepEqual(row["tags"], [`t${id}`]);
    }
    const { files } = (await openTable(made.location)).snapshot();
    for (const file of files) assert.deepEqual(Object.keys(file.partitionValues), ["day", "place"]);
    assert.ok(files.fileCount >= 18, `${files.fileCount} files`);
    stream.close();
  });

  it("refuses the empty text where a partition column is NOT NULL", async () => {
    await using made = await startWith({
      schema: parseColumnList("id BIGINT, place STRING NOT NULL"),
      partitionBy: ["place"],
    });
    const stream = await openStream(made);
    stream.sendJson(0, { id: 1, place: "x" });
    stream.sendJson(1, { id: 2, place: "" });
    const message = await refusal(stream);
    assert.match(message, /offset 1, field "place": .*empty text stands for NULL/);
    assert.deepEqual(await sortedRows(made, "id"), [{ id: 1n, place: "x" }]);
    stream.close();
  });
});

describe("a table with constraints", () => {
  it("refuses the record that breaks one, naming offset, constraint and value", async () => {
    await using made = await startWith({
      schema: parseColumnList("id BIGINT NOT NULL, price DECIMAL(9,2), at DATE"),
      constraints: { positive: "price > 0", recent: "at >= DATE '2020-01-01'" },
    });
    const stream = await openStream(made);
    stream.sendJson(0, { id: 1, price: "5", at: 19_000 });
    stream.sendJson(1, { id: 2, price: "-1.50", at: 19_000 });
    assert.match(
      await refusal(stream),
      /record at offset 1, field "price": the CHECK constraint positive .*price > 0.* is not true with price = -1\.50/,
    );
    const batch = await openStream(made);
    const records = [
      { id: 3, price: "1", at: 19_000 },
      { id: 4, price: "1", at: 1 },
    ];
    const texts = records.map((record) => Buffer.from(JSON.stringify(record)));
    batch.send(batchFrame(0, "json", texts));
    assert.match(
      await refusal(batch),
      /offset 0 \(record 1 of its batch\).*recent.*at = 1970-01-02/,
    );
    const none = await openStream(made);
    none.sendJson(0, { id: 5 });
    assert.match(await refusal(none), /is not true with (price|at) = NULL/);
    assert.deepEqual(
      (await sortedRows(made, "id")).map(({ id }) => id),
      [1n],
    );
    for (const stopped of [stream, batch, none]) stopped.close();
  });

  it("checks rows again that were acknowledged before a constraint came, and lets streams go on", async () => {
    const schema = parseColumnList("id BIGINT NOT NULL");
    await using made = await startWith({ schema }, { commitIntervalMs: 3_600_000 });
    const stream = await openStream(made);
    for (let id = 0; id < 10; id++) stream.sendJson(id, { id });
    await stream.acked(9);
    await made.server.flush();
    stream.sendJson(10, { id: 100 });
    stream.sendJson(11, { id: 10 });
    await stream.acked(11);
    const table = await openTable(made.location);
    const added = await table.alter({ kind: "addConstraint", name: "low", condition: "id < 50" });
    assert.equal(added.kind, "committed");
    await made.server.flush();
    assert.equal((await sortedRows(made, "id")).length, 11);
    assert.deepEqual(await rejectedRows(made.location, schema), [{ id: 100n }]);
    stream.sendJson(12, { id: 11 });
    stream.sendJson(13, { id: 200 });
    assert.match(await refusal(stream), /offset 13.*low.*id = 200/);
    assert.equal((await sortedRows(made, "id")).length, 12);
    stream.close();
  });
});

describe("a table with defaults", () => {
  it("has them where a record leaves a column out, and not where it says null", async () => {
    await using made = await startWith({
      schema: parseColumnList(
        "id BIGINT NOT NULL, kind STRING NOT NULL, price DECIMAL(9,2), day DATE, at TIMESTAMP",
      ),
      defaults: { kind: "'plain'", price: "1.50", day: "DATE '2024-02-29'" },
    });
    const stream = await openStream(made);
    stream.sendJson(0, { id: 1 });
    stream.sendJson(1, { id: 2, kind: "own", price: null, day: 0 });
    stream.sendJson(2, { id: 3, kind: null });
    assert.match(await refusal(stream), /offset 2, field "kind": .*NOT NULL/);
    assert.deepEqual(await sortedRows(made, "id"), [
      { id: 1n, kind: "plain", price: "1.50", day: "2024-02-29", at: null },
      { id: 2n, kind: "own", price: null, day: "1970-01-01", at: null },
    ]);
    stream.close();
  });
});

describe("a table that maps its columns", () => {
  it("has the physical names in its files", async () => {
    await using made = await startWith({
      schema: parseColumnList("id BIGINT NOT NULL, name STRING, s STRUCT<x: INT>, p STRING"),
      columnMapping: "name",
      partitionBy: ["p"],
      properties: { "delta.enableInCommitTimestamps": "true", "delta.enableRowTracking": "true" },
    });
    const stream = await openStream(made);
    stream.sendJson(0, { id: 1, name: "t", s: { x: 7 }, p: "q" });
    await stream.acked(0);
    assert.deepEqual(await sortedRows(made, "id"), [{ id: 1n, name: "t", s: { x: 7 }, p: "q" }]);
    const [file] = (await openTable(made.location)).snapshot().files;
    assert.match(file?.stats ?? "", /col-/);
    assert.equal(file?.baseRowId, 0);
    stream.close();
  });
});
