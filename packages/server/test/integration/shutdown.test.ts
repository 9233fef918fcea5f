// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeCreateStreamFrame, GRPC_STATUS } from "@sluice/protocol";
import { openTable } from "@sluice/delta";
import { Catalog } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { spawnServer } from "../support/spawn-server.ts";
import { createTestTable, makeDirectory, startTestServer } from "../support/test-server.ts";

const TABLE = "main.shutdown.t";

describe("half-close", () => {
  it("is answered with the last ack and OK", async () => {
    await using running = await startTestServer({ auth: false });
    await createTestTable(running.server, TABLE, "id BIGINT");
    const stream = new RawStream(running.server.endpoint);
    await stream.create(TABLE);
    for (let offset = 0; offset < 100; offset++) stream.sendJson(offset, { id: offset });
    stream.end();
    await stream.acked(99);
    assert.deepEqual(await stream.status, { code: GRPC_STATUS.OK, message: "" });
    stream.close();
  });

  it("before create_stream is answered with OK", async () => {
    await using running = await startTestServer({ auth: false });
    const stream = new RawStream(running.server.endpoint);
    assert.equal(await stream.headers, 200);
    stream.end();
    assert.equal((await stream.status).code, GRPC_STATUS.OK);
    stream.close();
  });

  it("right behind create_stream and records is answered when all is durable", async () => {
    await using running = await startTestServer({ auth: false });
    await createTestTable(running.server, TABLE, "id BIGINT");
    const stream = new RawStream(running.server.endpoint);
    stream.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 2 }));
    stream.sendJson(0, { id: 0 });
    stream.sendJson(1, { id: 1 });
    stream.end();
    await stream.acked(1);
    assert.equal((await stream.status).code, GRPC_STATUS.OK);
    stream.close();
  });
});

describe("closing the server", () => {
  it("signals open streams, takes what still comes, and ends those that half-close with OK", async () => {
    await using running = await startTestServer({ auth: false, drainTimeoutMs: 10_000 });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT");
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    stream.sendJson(0, { id: 0 });
    await stream.acked(0);
    const closed = server.close();
    assert.deepEqual(await stream.next(), { kind: "closeStreamSignal", durationMs: 10_000 });
    stream.sendJson(1, { id: 1 });
    await stream.acked(1);
    stream.end();
    assert.equal((await stream.status).code, GRPC_STATUS.OK);
    await closed;
    const table = await new Catalog(running.dataDirectory).openTable(TABLE);
    assert.equal(await table.countRows(), 2);
    stream.close();
  });

  it("ends streams that ignore the signal with UNAVAILABLE, after acknowledging what they sent", async () => {
    await using running = await startTestServer({ auth: false, drainTimeoutMs: 50 });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT");
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    stream.sendJson(0, { id: 0 });
    await stream.acked(0);
    const closed = server.close();
    const status = await stream.status;
    assert.equal(status.code, GRPC_STATUS.UNAVAILABLE);
    assert.match(status.message, /shutting down; reconnect/);
    await closed;
    stream.close();
  });

  it("on SIGTERM drains, commits and exits with 0", async () => {
    const dataDirectory = await makeDirectory();
    const server = await spawnServer({
      dataDirectory,
      auth: false,
      drainTimeoutMs: 200,
      // Nothing is committed before the end, which has to do it.
      commitIntervalMs: 3_600_000,
      tables: { [TABLE]: "id BIGINT" },
    });
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    for (let offset = 0; offset < 1000; offset++) stream.sendJson(offset, { id: offset });
    await stream.acked(999);
    assert.equal(await server.stop("SIGTERM"), 0);
    const entry = await new Catalog(dataDirectory).list();
    const table = await openTable(entry[0]?.location ?? "");
    assert.equal(await table.countRows(), 1000);
    assert.equal((await stream.status).code, GRPC_STATUS.UNAVAILABLE);
    stream.close();
  });
});
