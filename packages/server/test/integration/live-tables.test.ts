// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { rename, rm } from "node:fs/promises";
import { describe, it } from "node:test";
import { createTable, parseColumnList, type StructType } from "@sluice/delta";
import { encodeCreateStreamFrame, GRPC_STATUS } from "@sluice/protocol";
import type { SluiceServer } from "../../src/index.ts";
import { changeSchema, changeTable, rejectedRows } from "../support/foreign-writer.ts";
import { protoType } from "../support/proto-records.ts";
import { batchFrame, RawStream, recordFrame } from "../support/raw-stream.ts";
import { createTestTable, rowsOf, startTestServer } from "../support/test-server.ts";

const TABLE = "main.live.t";
const NEVER_MS = 3_600_000;

async function locationOf(server: SluiceServer): Promise<string> {
  const entry = (await server.catalog.list()).find(({ name }) => name === TABLE);
  assert.ok(entry !== undefined);
  return entry.location;
}

async function openStream(server: SluiceServer): Promise<RawStream> {
  const stream = new RawStream(server.endpoint);
  await stream.create(TABLE);
  return stream;
}

/** Opens streams until one takes the record: a change by others is seen within a moment. */
async function sendWhenTaken(server: SluiceServer, record: unknown): Promise<void> {
  for (;;) {
    const stream = await openStream(server);
    stream.sendJson(0, record);
    const taken = await stream.acked(0).then(
      () => true,
      () => false,
    );
    stream.close();
    if (taken) return;
  }
}

function withoutField(schema: StructType, name: string): StructType {
  return { ...schema, fields: schema.fields.filter((field) => field.name !== name) };
}

describe("a table that others change while it is written to", () => {
  it("takes an added column from new streams, and goes on with open ones", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT NOT NULL");
    const open = await openStream(server);
    open.sendJson(0, { id: 1 });
    await open.acked(0);
    await changeSchema(await locationOf(server), (schema) => ({
      ...schema,
      fields: [...schema.fields, ...parseColumnList("name STRING, s STRUCT<a: INT>").fields],
    }));
    await sendWhenTaken(server, { id: 2, name: "new", s: { a: 5 } });
    open.sendJson(1, { id: 3 });
    await open.acked(1);
    const rows = await rowsOf(server, TABLE);
    assert.deepEqual(
      rows.sort((left, right) => Number(left["id"]) - Number(right["id"])),
      [
        { id: 1n, name: null, s: null },
        { id: 2n, name: "new", s: { a: 5 } },
        { id: 3n, name: null, s: null },
      ],
    );
    open.end();
    assert.equal((await open.status).code, GRPC_STATUS.OK);
    open.close();
  });

  it("goes on with the descriptor of an open stream, whose records leave the added column null", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT NOT NULL");
    const type = protoType("message R { required int64 id = 1; }");
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE, 1, type.descriptor);
    stream.send(recordFrame(0, "proto", type.encode({ id: 1 })));
    await stream.acked(0);
    await changeSchema(await locationOf(server), (schema) => ({
      ...schema,
      fields: [...parseColumnList("first STRING").fields, ...schema.fields],
    }));
    await sendWhenTaken(server, { id: 2, first: "f" });
    stream.send(batchFrame(1, "proto", [type.encode({ id: 3 }), type.encode({ id: 4 })]));
    await stream.acked(1);
    const rows = await rowsOf(server, TABLE);
    assert.deepEqual(
      rows
        .map(({ id, first }): [number, unknown] => [Number(id), first])
        .sort(([left], [right]) => left - right),
      [
        [1, null],
        [2, "f"],
        [3, null],
        [4, null],
      ],
    );
    stream.end();
    assert.equal((await stream.status).code, GRPC_STATUS.OK);
    stream.close();
  });

  it("names the column that was renamed, and takes records under its new name", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    const columns = parseColumnList("id BIGINT NOT NULL, name STRING");
    await server.createTable(TABLE, columns, {}, { columnMapping: "name" });
    const stream = await openStream(server);
    stream.sendJson(0, { id: 1, name: "n" });
    stream.sendJson(1, { id: 2 });
    await stream.acked(1);
    const table = await server.catalog.openTable(TABLE);
    await table.alter({ kind: "renameColumn", column: "name", name: "title" });
    const status = await stream.status;
    assert.equal(status.code, GRPC_STATUS.INVALID_ARGUMENT);
    assert.match(status.message, /column "name" was renamed to "title"/);
    await sendWhenTaken(server, { id: 3, title: "t" });
    assert.deepEqual(await rowsOf(server, TABLE), [
      { id: 2n, title: null },
      { id: 3n, title: "t" },
    ]);
    const kept = await rejectedRows(await locationOf(server), columns);
    assert.deepEqual(kept, [{ id: 1n, name: "n" }]);
    stream.close();
  });

  it("ends streams when types become wider, and has what was acknowledged in the wider types", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    const properties = { "delta.enableTypeWidening": "true" };
    await server.createTable(TABLE, parseColumnList("id INT, a ARRAY<FLOAT>"), properties);
    const json = await openStream(server);
    json.sendJson(0, { id: 1, a: [0.5] });
    await json.acked(0);
    const type = protoType("message R { optional int32 id = 1; repeated float a = 2; }");
    const proto = new RawStream(server.endpoint);
    await proto.create(TABLE, 1, type.descriptor);
    proto.send(recordFrame(0, "proto", type.encode({ id: 2, a: [0.25] })));
    await proto.acked(0);
    const table = await server.catalog.openTable(TABLE);
    await table.alter({ kind: "changeType", column: "id", type: "long" });
    for (const stream of [json, proto]) {
      const status = await stream.status;
      assert.equal(status.code, GRPC_STATUS.INVALID_ARGUMENT);
      assert.match(status.message, /column "id" was given another type/);
      stream.close();
    }
    await table.alter({ kind: "changeType", column: ["a", "element"], type: "double" });
    await sendWhenTaken(server, { id: 2 ** 40, a: [0.1] });
    const rows = await rowsOf(server, TABLE);
    assert.deepEqual(
      rows.sort((left, right) => Number(left["id"]) - Number(right["id"])),
      [
        { id: 1n, a: [0.5] },
        { id: 2n, a: [0.25] },
        { id: 2n ** 40n, a: [0.1] },
      ],
    );
  });

  it("does not take the days of a DATE for microseconds when it becomes a timestamp", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    const properties = { "delta.enableTypeWidening": "true" };
    const columns = parseColumnList("id BIGINT, l ARRAY<DATE>");
    await server.createTable(TABLE, columns, properties);
    const stream = await openStream(server);
    stream.sendJson(0, { id: 1, l: [19_782] });
    await stream.acked(0);
    const table = await server.catalog.openTable(TABLE);
    await table.alter({ kind: "changeType", column: ["l", "element"], type: "timestamp_ntz" });
    assert.equal((await stream.status).code, GRPC_STATUS.INVALID_ARGUMENT);
    stream.close();
    await sendWhenTaken(server, { id: 2, l: [5] });
    assert.deepEqual(await rowsOf(server, TABLE), [{ id: 2n, l: [5n] }]);
    const kept = await rejectedRows(await locationOf(server), columns);
    assert.deepEqual(kept, [{ id: 1n, l: ["2024-02-29"] }]);
  });

  it("takes over a property, and goes on", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT");
    const stream = await openStream(server);
    const location = await locationOf(server);
    await changeTable(location, ({ configuration }) => ({
      configuration: { ...configuration, "sluice.commitIntervalMs": "100" },
    }));
    const table = await server.catalog.openTable(TABLE);
    // Only a commit that begins after the change has its interval, and nobody flushes.
    for (let offset = 0; (await table.refresh()).version < 2; offset++) {
      stream.sendJson(offset, { id: offset });
      await stream.acked(offset);
      const other = await openStream(server);
      other.close();
      if (offset === 0) await server.flush();
    }
    stream.end();
    assert.equal((await stream.status).code, GRPC_STATUS.OK);
    stream.close();
  });

  it("ends streams when a column is dropped, and keeps the rows that do not fit beside it", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    const columns = "id BIGINT NOT NULL, name STRING";
    await createTestTable(server, TABLE, columns);
    const idle = await openStream(server);
    const stream = await openStream(server);
    stream.sendJson(0, { id: 1, name: "one" });
    stream.sendJson(1, { id: 2 });
    stream.sendJson(2, { id: 3, name: "three" });
    await stream.acked(2);
    const location = await locationOf(server);
    await changeSchema(location, (schema) => withoutField(schema, "name"));
    for (const ended of [stream, idle]) {
      const status = await ended.status;
      assert.equal(status.code, GRPC_STATUS.INVALID_ARGUMENT);
      assert.match(status.message, /column "name" was dropped/);
    }
    await sendWhenTaken(server, { id: 4 });
    assert.deepEqual(await rowsOf(server, TABLE), [{ id: 2n }, { id: 4n }]);
    assert.deepEqual(await rejectedRows(location, parseColumnList(columns)), [
      { id: 1n, name: "one" },
      { id: 3n, name: "three" },
    ]);
    const [status] = server.tables;
    assert.deepEqual([status?.tableName, status?.state], [TABLE, "open"]);
    assert.equal(status?.rejectedRecordCount, 2);
    for (const ended of [stream, idle]) ended.close();
  });

  it("finds out when it commits, if not before", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT NOT NULL");
    const stream = await openStream(server);
    for (let id = 0; id < 100; id++) stream.sendJson(id, { id });
    await stream.acked(99);
    const location = await locationOf(server);
    await changeSchema(location, (schema) => ({
      ...schema,
      fields: [...schema.fields, ...parseColumnList("name STRING NOT NULL").fields],
    }));
    await server.flush();
    const status = await stream.status;
    assert.equal(status.code, GRPC_STATUS.INVALID_ARGUMENT);
    assert.match(status.message, /NOT NULL column "name" was added/);
    assert.deepEqual(await rowsOf(server, TABLE), []);
    assert.equal((await rejectedRows(location, parseColumnList("id BIGINT NOT NULL"))).length, 100);
    stream.close();
  });

  it("keeps the rows of a table that was made anew in its place", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT NOT NULL");
    const stream = await openStream(server);
    stream.sendJson(0, { id: 7 });
    await stream.acked(0);
    const location = await locationOf(server);
    await rm(location, { recursive: true });
    await createTable({ location, schema: parseColumnList("other STRING") });
    const status = await stream.status;
    assert.equal(status.code, GRPC_STATUS.NOT_FOUND);
    assert.match(status.message, /another table was made in its place/);
    await sendWhenTaken(server, { other: "x" });
    assert.deepEqual(await rowsOf(server, TABLE), [{ other: "x" }]);
    const kept = await rejectedRows(location, parseColumnList("id BIGINT NOT NULL"));
    assert.deepEqual(kept, [{ id: 7n }]);
    stream.close();
  });
});

describe("a table that was away", () => {
  it("is committed to without a restart once it is back", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT");
    const stream = await openStream(server);
    const location = await locationOf(server);
    stream.sendJson(0, { id: 1 });
    await stream.acked(0);
    await rename(location, `${location}.away`);
    await assert.rejects(server.flush(), { code: "unavailable" });
    assert.equal((await stream.status).code, GRPC_STATUS.UNAVAILABLE);
    const refused = new RawStream(server.endpoint);
    refused.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 2 }));
    assert.equal((await refused.status).code, GRPC_STATUS.UNAVAILABLE);
    await assert.rejects(server.flush(), { code: "unavailable" });
    await rename(`${location}.away`, location);
    await server.flush();
    const again = await openStream(server);
    again.sendJson(0, { id: 2 });
    await again.acked(0);
    assert.deepEqual(await rowsOf(server, TABLE), [{ id: 1n }, { id: 2n }]);
    for (const ended of [stream, refused, again]) ended.close();
  });
});
