// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { encodeCreateStreamFrame, GRPC_STATUS } from "@sluice/protocol";
import { createNodeStorage } from "@sluice/log";
import { gateStorage, type GatedStorage } from "../support/gated-storage.ts";
import { RawStream } from "../support/raw-stream.ts";
import {
  createTestTable,
  makeDirectory,
  rowsOf,
  startTestServer,
  type TestServer,
} from "../support/test-server.ts";

const TABLE = "main.disk.t";
const MIB = 1024 * 1024;

async function startGated(): Promise<{ running: TestServer; disk: GatedStorage }> {
  const dataDirectory = await makeDirectory();
  const disk = gateStorage(createNodeStorage(join(dataDirectory, "log")));
  const running = await startTestServer(
    { dataDirectory, auth: false },
    { logStorage: disk.storage },
  );
  await createTestTable(running.server, TABLE, "id BIGINT NOT NULL, name STRING");
  return { running, disk };
}

describe("a log that cannot be written", () => {
  it("acknowledges nothing more, says so, refuses new streams, and starts again from what is durable", async () => {
    const { running, disk } = await startGated();
    const { server } = running;
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    const idle = new RawStream(server.endpoint);
    await idle.create(TABLE);
    stream.sendJson(0, { id: 0, name: "durable" });
    await stream.acked(0);
    disk.breakWrites();
    stream.sendJson(1, { id: 1, name: "lost" });
    assert.equal(await stream.next(), undefined, "nothing is acknowledged behind the failure");
    const status = await stream.status;
    assert.equal(status.code, GRPC_STATUS.UNAVAILABLE);
    assert.match(status.message, /log cannot be written .*EIO/);

    assert.equal(
      (await idle.status).code,
      GRPC_STATUS.UNAVAILABLE,
      "idle streams are told as well",
    );
    idle.close();
    const second = new RawStream(server.endpoint);
    second.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 2 }));
    const refused = await second.status;
    assert.equal(refused.code, GRPC_STATUS.UNAVAILABLE);
    assert.match(refused.message, /takes no writes.*restart/);

    await server.close().catch(() => undefined);
    await using restarted = await startTestServer({
      dataDirectory: running.dataDirectory,
      auth: false,
    });
    const rows = await rowsOf(restarted.server, TABLE);
    assert.deepEqual(rows, [{ id: 0n, name: "durable" }]);
    stream.close();
    second.close();
  });
});

describe("a disk that is slow", () => {
  it("holds the client back through flow control, and acknowledges all when it is back", async () => {
    const { running, disk } = await startGated();
    await using _ = running;
    const { server } = running;
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    const release = disk.holdSyncs();
    const padding = "x".repeat(64 * 1024);
    let offset = 0;
    // Far more than windows and staging hold: the client must be stopped before.
    while (!stream.stream.writableNeedDrain && offset < 2000) {
      stream.sendJson(offset, { id: offset, name: padding });
      offset++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const stalled = await stoppedAt(stream, () => {
      stream.sendJson(offset, { id: offset, name: padding });
      offset++;
    });
    assert.ok(stalled < 64 * MIB, `the server took ${stalled} bytes while its disk stood still`);
    release();
    await stream.acked(offset - 1);
    stream.end();
    assert.equal((await stream.status).code, GRPC_STATUS.OK);
    assert.equal((await rowsOf(server, TABLE)).length, offset);
    stream.close();
  });
});

describe("a client that does not read its acks", () => {
  it("harms nobody else and loses nothing", async () => {
    const { running } = await startGated();
    await using _ = running;
    const { server } = running;
    const deaf = new RawStream(server.endpoint);
    await deaf.create(TABLE);
    deaf.stream.pause();
    for (let offset = 0; offset < 5000; offset++)
      deaf.sendJson(offset, { id: offset, name: "deaf" });
    const other = new RawStream(server.endpoint);
    await other.create(TABLE);
    other.sendJson(0, { id: 1, name: "other" });
    await other.acked(0);
    deaf.stream.resume();
    await deaf.acked(4999);
    for (const stream of [deaf, other]) stream.close();
  });
});

/** Writes until flow control holds for several turns of the event loop. @returns bytes that the connection has sent. */
async function stoppedAt(stream: RawStream, write: () => void): Promise<number> {
  const socket = stream.session.socket;
  let sent = -1;
  let quietTurns = 0;
  for (let turn = 0; turn < 20_000 && quietTurns < 200; turn++) {
    if (!stream.stream.writableNeedDrain) write();
    await new Promise((resolve) => setImmediate(resolve));
    const now = socket.bytesWritten ?? 0;
    quietTurns = now === sent && stream.stream.writableNeedDrain ? quietTurns + 1 : 0;
    sent = now;
  }
  assert.ok(quietTurns >= 200, "the client was never held back");
  return sent;
}
