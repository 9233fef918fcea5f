// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordType, ZerobusSdk } from "@sluice/client";
import { makeGate, ScriptedServer } from "@sluice/testkit";
import { hasCode, HEADERS_PROVIDER, openStream, receivedTexts, TABLE } from "./helpers.ts";

test("sends the contract's headers and create_stream after response headers", async () => {
  await using server = await ScriptedServer.start();
  const sdk = new ZerobusSdk(`${server.url}/ignored/`, "http://unused.invalid", {
    applicationName: "my-app/1.0",
  });
  const stream = await sdk.createStream(
    { tableName: TABLE, descriptorProto: Buffer.from([10, 1, 82]).toString("base64") },
    "",
    "",
    {},
    {
      getHeaders: async () => [
        ["Authorization", "Bearer x"],
        ["user-agent", "front/2"],
      ],
    },
  );
  const call = await server.stream(0);
  assert.equal(call.headers[":path"], "/databricks.zerobus.Zerobus/EphemeralStream");
  assert.equal(call.headers[":authority"], `127.0.0.1:${server.port}`);
  assert.equal(call.headers["te"], "trailers");
  assert.equal(call.headers["content-type"], "application/grpc");
  assert.equal(call.headers.authorization, "Bearer x");
  assert.equal(call.headers["x-databricks-zerobus-table-name"], TABLE);
  assert.match(String(call.headers["user-agent"]), /^front\/2 sluice-client\/\S+ my-app\/1\.0$/);
  assert.equal(call.createRequest?.tableName, TABLE);
  assert.equal(call.createRequest?.recordType, 1);
  assert.deepEqual(
    Buffer.from(call.createRequest?.descriptorProto ?? []),
    Buffer.from([10, 1, 82]),
  );
  assert.equal(stream.streamId, "test-stream-0");
  await stream.close();
});

test("leaves the descriptor out of a JSON stream", async () => {
  await using server = await ScriptedServer.start();
  const sdk = new ZerobusSdk(server.url, "http://unused.invalid");
  const stream = await sdk.createStream(
    { tableName: TABLE, descriptorProto: "CgFS" },
    "",
    "",
    { recordType: RecordType.Json },
    HEADERS_PROVIDER,
  );
  const call = await server.stream(0);
  assert.equal(call.createRequest?.recordType, 2);
  assert.equal(call.createRequest?.descriptorProto, undefined);
  await stream.close();
});

test("refuses a protobuf stream without a descriptor", async () => {
  await using server = await ScriptedServer.start();
  await assert.rejects(
    openStream(server, { recordType: RecordType.Proto }),
    hasCode("invalid_argument", "Proto record type requires descriptor_proto"),
  );
  assert.equal(server.streams.length, 0);
});

test("gives records and batches gapless offsets, one per call", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  assert.equal(await stream.ingestRecordOffset("a"), 0n);
  assert.equal(await stream.ingestRecordsOffset(["b", "c", { d: 1 }]), 1n);
  assert.equal(await stream.ingestRecordsOffset(["e"]), 2n);
  assert.equal(await stream.ingestRecordsOffset([]), null);
  await stream.flush();
  const call = await server.stream(0);
  assert.deepEqual(
    call.messages.map((message) => [message.offsetId, message.kind, message.records.length]),
    [
      [0, "record", 1],
      [1, "batch", 3],
      [2, "record", 1],
    ],
  );
  assert.deepEqual(receivedTexts(call), ["a", "b", "c", '{"d":1}', "e"]);
  assert.equal(stream.statistics.acknowledgedRecords, 5);
  await stream.close();
});

test("carries text that is not ASCII and records larger than a chunk unchanged", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  const texts = ["é".repeat(100), "日本語".repeat(3000), "x".repeat(300_000), "😀".repeat(64), ""];
  for (const text of texts) await stream.ingestRecordOffset(text);
  await stream.ingestRecordsOffset(texts);
  await stream.flush();
  assert.deepEqual(receivedTexts(await server.stream(0)), [...texts, ...texts]);
  await stream.close();
});

test("copies a record before its buffer is used again", async () => {
  await using server = await ScriptedServer.start();
  const sdk = new ZerobusSdk(server.url, "http://unused.invalid");
  await using stream = await sdk.createStream(
    { tableName: TABLE, descriptorProto: "CgFS" },
    "",
    "",
    {},
    HEADERS_PROVIDER,
  );
  const buffer = Buffer.alloc(8);
  for (let index = 0; index < 10; index++) {
    buffer.fill(index);
    await stream.ingestRecordOffset(buffer);
  }
  await stream.flush();
  const call = await server.stream(0);
  assert.deepEqual(
    call.messages.map((message) => message.records[0]?.[7]),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

test("resolves deprecated calls after the acknowledgement", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(2);
      await acknowledge.opened;
      call.ack(1);
      await call.serve();
    },
  ]);
  const stream = await openStream(server);
  let settled = false;
  const record = stream.ingestRecord("a").finally(() => {
    settled = true;
  });
  const batch = stream.ingestRecords(["b", "c"]);
  await (await server.stream(0)).received(2);
  assert.equal(settled, false);
  acknowledge.open();
  assert.deepEqual(await Promise.all([record, batch]), [0n, 1n]);
  await stream.close();
});

test("resolves a flush with nothing to wait for, and negative offsets, at once", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  await stream.flush();
  await stream.waitForOffset(-5n);
  await stream.close();
});

test("holds callers in order while the stream is full, and lets flush cover them", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(2);
      await acknowledge.opened;
      await call.serve();
    },
  ]);
  const stream = await openStream(server, { maxInflightRequests: 2 });
  await stream.ingestRecordOffset("0");
  await stream.ingestRecordOffset("1");
  const waiting = ["2", "3", "4", "5"].map((text) => stream.ingestRecordOffset(text));
  const flushed = stream.flush();
  assert.equal(stream.statistics.waitingRequests, 4);
  assert.equal(stream.statistics.unacknowledgedRequests, 2);
  acknowledge.open();
  assert.deepEqual(await Promise.all(waiting), [2n, 3n, 4n, 5n]);
  await flushed;
  assert.equal(stream.acknowledgedRequests, 6);
  assert.deepEqual(receivedTexts(await server.stream(0)), ["0", "1", "2", "3", "4", "5"]);
  await stream.close();
});

test("holds callers while the stream holds its limit of bytes", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await acknowledge.opened;
      await call.serve();
    },
  ]);
  const stream = await openStream(server, { maxInflightBytes: 1000 });
  await stream.ingestRecordOffset("x".repeat(2000));
  const waiting = stream.ingestRecordOffset("y");
  assert.equal(stream.statistics.waitingRequests, 1);
  acknowledge.open();
  assert.equal(await waiting, 1n);
  await stream.close();
});

test("goes on taking records while a flush waits", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(2);
      call.ack(0);
      await acknowledge.opened;
      await call.serve();
    },
  ]);
  const stream = await openStream(server);
  await stream.ingestRecordOffset("a");
  const flushed = stream.flush();
  await stream.ingestRecordOffset("b");
  await flushed;
  assert.equal(stream.acknowledgedRequests, 1);
  acknowledge.open();
  await stream.close();
});

test("closes after the delayed acknowledgement, and closes again without effect", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(1);
      await acknowledge.opened;
      await call.serve();
    },
  ]);
  const stream = await openStream(server);
  await stream.ingestRecordOffset("a");
  const closings = [stream.close(), stream.close(), stream.close()];
  acknowledge.open();
  await Promise.all(closings);
  await stream.close();
  const call = await server.stream(0);
  assert.equal(call.halfClosed, true);
  assert.equal(stream.isClosed, true);
  assert.deepEqual(await stream.getUnackedRecords(), []);
});

test("refuses calls after close", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  await stream.close();
  await assert.rejects(stream.ingestRecordOffset("a"), hasCode("closed", "Stream has been closed"));
  await assert.rejects(stream.ingestRecordsOffset(["a"]), hasCode("closed"));
  await assert.rejects(stream.ingestRecord("a"), hasCode("closed"));
  await assert.rejects(stream.flush(), hasCode("closed"));
  await assert.rejects(stream.waitForOffset(0n), hasCode("closed"));
});

test("closes when the server never ends the call", async () => {
  await using server = await ScriptedServer.start([async (call) => call.accept()]);
  const stream = await openStream(server);
  await stream.close();
  const call = await server.stream(0);
  await call.untilClosed();
  assert.equal(call.halfClosed, true);
});

test("refuses records of the wrong kind on the client's side", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  const mismatch = hasCode("invalid_argument", "Record type does not match stream configuration.");
  await assert.rejects(stream.ingestRecordOffset(Buffer.from("a")), mismatch);
  await assert.rejects(stream.ingestRecordsOffset(["a", Buffer.from("b")]), mismatch);
  await assert.rejects(
    stream.ingestRecordOffset(7),
    hasCode("invalid_argument", "Failed to ingest record: Payload must be a Buffer"),
  );
  await assert.rejects(stream.ingestRecordOffset({ big: 1n }), TypeError);
  assert.equal(stream.statistics.submittedRequests, 0);
  await stream.close();
});

test("refuses a payload over the limit before sending it", async () => {
  await using server = await ScriptedServer.start();
  const stream = await openStream(server);
  await assert.rejects(
    stream.ingestRecordOffset("x".repeat(10_420_225)),
    hasCode("invalid_argument", "10420225 bytes exceeds the configured limit of 10420224 bytes"),
  );
  const half = "x".repeat(5_300_000);
  await assert.rejects(stream.ingestRecordsOffset([half, half]), hasCode("invalid_argument"));
  await stream.close();
});

test("reports each acknowledged offset once, in order, and survives a throwing callback", async () => {
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(5);
      call.ack(4);
      await call.serve();
    },
  ]);
  const acknowledged: bigint[] = [];
  const stream = await openStream(server, {
    onAck: (offset) => {
      acknowledged.push(offset);
      if (offset === 2n) throw new Error("mine");
    },
  });
  for (let index = 0; index < 5; index++) await stream.ingestRecordOffset("a");
  await stream.flush();
  assert.deepEqual(acknowledged, [0n, 1n, 2n, 3n, 4n]);
  assert.equal(stream.statistics.callbackErrors, 1);
  await stream.close();
});

test("fails a flush that outlives its time, and keeps the stream", async () => {
  const acknowledge = makeGate();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await acknowledge.opened;
      await call.serve();
    },
  ]);
  const stream = await openStream(server, { flushTimeoutMs: 20 });
  await stream.ingestRecordOffset("a");
  await assert.rejects(stream.flush(), hasCode("deadline_exceeded", "flushTimeoutMs"));
  assert.equal(stream.state, "streaming");
  await assert.rejects(stream.getUnackedRecords(), hasCode("invalid_argument", "active stream"));
  acknowledge.open();
  await (await server.stream(0)).received(1);
  await stream.close().catch(() => undefined);
  assert.equal(stream.isClosed, true);
});

test("shares one connection between streams, or gives each its own when asked", async () => {
  for (const connectionPerStream of [false, true]) {
    await using server = await ScriptedServer.start();
    const sdk = new ZerobusSdk(server.url, "http://unused.invalid", { connectionPerStream });
    const open = () =>
      sdk.createStream(
        { tableName: TABLE },
        "",
        "",
        { recordType: RecordType.Json },
        HEADERS_PROVIDER,
      );
    const streams = await Promise.all([open(), open(), open()]);
    assert.equal(server.connectionCount, connectionPerStream ? 3 : 1);
    for (const stream of streams) await stream.close();
    sdk.close();
  }
});

test("refuses Arrow streams as unimplemented", async () => {
  const sdk = new ZerobusSdk("http://127.0.0.1:1", "http://unused.invalid");
  await assert.rejects(sdk.createArrowStream(), hasCode("unimplemented"));
  await assert.rejects(sdk.recreateArrowStream(), hasCode("unimplemented"));
});
