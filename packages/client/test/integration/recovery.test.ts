// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordType, type StreamStateChange, ZerobusSdk } from "@sluice/client";
import { type GrpcStatusName } from "@sluice/protocol";
import {
  makeGate,
  ScriptedServer,
  serveEverything,
  Signal,
  type StreamScript,
} from "@sluice/testkit";
import { hasCode, HEADERS_PROVIDER, openStream, receivedTexts, TABLE } from "./helpers.ts";

const reject =
  (status: GrpcStatusName): StreamScript =>
  async (call) => {
    call.respond();
    await call.created();
    call.end(status, `refused with ${status}`);
  };

const ackThenFail =
  (status: GrpcStatusName, messageCount: number, ackUpTo: number): StreamScript =>
  async (call) => {
    await call.accept();
    await call.received(messageCount);
    if (ackUpTo >= 0) call.ack(ackUpTo);
    call.end(status, `failed with ${status}`);
  };

test("fails at once when the creation is refused for good", async () => {
  for (const status of [
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
  ] as const) {
    await using server = await ScriptedServer.start([reject(status)]);
    await assert.rejects(openStream(server), (error: unknown) =>
      hasCode(status.toLowerCase(), "Failed to create stream: ")(error),
    );
    assert.equal(server.streams.length, 1, status);
  }
});

test("tries a refused creation again until the retries are spent", async () => {
  for (const status of ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"] as const) {
    await using server = await ScriptedServer.start([reject(status)]);
    await assert.rejects(openStream(server, { recoveryRetries: 2 }), /refused with/);
    assert.equal(server.streams.length, 3, status);
  }
});

test("opens after a refusal that passes", async () => {
  await using server = await ScriptedServer.start([reject("UNAVAILABLE"), serveEverything]);
  const stream = await openStream(server);
  await stream.ingestRecord("a");
  assert.equal(stream.reconnects, 0);
  await stream.close();
  assert.equal(server.streams.length, 2);
});

test("does not retry without recovery", async () => {
  await using server = await ScriptedServer.start([reject("UNAVAILABLE")]);
  await assert.rejects(openStream(server, { recovery: false }), hasCode("unavailable"));
  assert.equal(server.streams.length, 1);
});

test("reads refusals without a body: trailers only, and HTTP statuses", async () => {
  const refusals: [StreamScript, string][] = [
    [(call) => call.end("NOT_FOUND", "no such table"), "not_found"],
    [(call) => call.endWithHttpStatus(404), "unimplemented"],
    [(call) => call.endWithHttpStatus(503), "unavailable"],
  ];
  for (const [script, code] of refusals) {
    await using server = await ScriptedServer.start([script]);
    await assert.rejects(openStream(server, { recovery: false }), hasCode(code));
  }
});

test("gives up an attempt that gets no answer, and dials again for the next", async () => {
  await using server = await ScriptedServer.start([(call) => call.respond(), serveEverything]);
  const stream = await openStream(server, { recoveryTimeoutMs: 50 });
  assert.equal(server.connectionCount, 2);
  await stream.close();
  await using silent = await ScriptedServer.start([() => undefined]);
  await assert.rejects(
    openStream(silent, { recoveryTimeoutMs: 20, recovery: false }),
    hasCode("deadline_exceeded", "Stream creation timed out"),
  );
});

test("resends what was not acknowledged under the same offsets", async () => {
  await using server = await ScriptedServer.start([
    ackThenFail("UNAVAILABLE", 5, 1),
    serveEverything,
  ]);
  const stream = await openStream(server);
  for (let index = 0; index < 5; index++) {
    assert.equal(await stream.ingestRecordOffset(String(index)), BigInt(index));
  }
  await stream.flush();
  const resent = await server.stream(1);
  assert.deepEqual(receivedTexts(resent), ["2", "3", "4"]);
  assert.deepEqual(
    resent.messages.map((message) => message.offsetId),
    [0, 1, 2],
  );
  assert.equal(await stream.ingestRecordOffset("5"), 5n);
  assert.equal(stream.resentRecords, 3);
  assert.equal(stream.reconnects, 1);
  await stream.close();
});

test("recovers from every retryable end", async () => {
  const ends: StreamScript[] = [
    (call) => call.end("OK"),
    (call) => call.end("INTERNAL", "x"),
    (call) => call.end("ABORTED", "x"),
    (call) => call.reset(),
    (call) => call.disconnect(),
  ];
  for (const end of ends) {
    await using server = await ScriptedServer.start([
      async (call) => {
        await call.accept();
        await call.received(1);
        await end(call);
      },
      serveEverything,
    ]);
    const stream = await openStream(server);
    await stream.ingestRecordOffset("a");
    await stream.flush();
    assert.equal(stream.reconnects, 1);
    await stream.close();
  }
});

test("keeps batches whole when it resends them", async () => {
  await using server = await ScriptedServer.start([
    ackThenFail("UNAVAILABLE", 3, 0),
    serveEverything,
  ]);
  const stream = await openStream(server);
  await stream.ingestRecordOffset("a");
  await stream.ingestRecordsOffset(["b", "c", "d"]);
  await stream.ingestRecordOffset("e");
  await stream.flush();
  assert.deepEqual(
    (await server.stream(1)).messages.map((message) => message.records.map(String)),
    [["b", "c", "d"], ["e"]],
  );
  assert.equal(stream.resentRecords, 4);
  await stream.close();
});

test("resends a window of many chunks byte for byte", async () => {
  await using server = await ScriptedServer.start([
    ackThenFail("UNAVAILABLE", 3000, 99),
    serveEverything,
  ]);
  const stream = await openStream(server);
  const texts = Array.from({ length: 3000 }, (_, index) => `${index}:${"é".repeat(index % 700)}`);
  for (const text of texts) await stream.ingestRecordOffset(text);
  await stream.flush();
  assert.deepEqual(receivedTexts(await server.stream(1)), texts.slice(100));
  await stream.close();
});

test("takes records during a recovery and sends them behind the resent ones", async () => {
  const reopen = makeGate();
  await using server = await ScriptedServer.start([
    ackThenFail("UNAVAILABLE", 1, -1),
    async (call) => {
      await reopen.opened;
      await serveEverything(call);
    },
  ]);
  const stream = await openStream(server);
  await stream.ingestRecordOffset("a");
  await server.stream(1);
  await stream.ingestRecordOffset("b");
  await stream.ingestRecordsOffset(["c", "d"]);
  assert.equal(stream.state, "opening");
  reopen.open();
  await stream.flush();
  assert.deepEqual(receivedTexts(await server.stream(1)), ["a", "b", "c", "d"]);
  assert.equal(stream.resentRecords, 1);
  await stream.close();
});

test("fails for good on a terminal status and keeps what was not acknowledged", async () => {
  await using server = await ScriptedServer.start([ackThenFail("PERMISSION_DENIED", 4, 1)]);
  const failedOffsets: bigint[] = [];
  const stream = await openStream(server, { onError: (offset) => failedOffsets.push(offset) });
  for (const text of ["a", "b", "c"]) await stream.ingestRecordOffset(text);
  await stream.ingestRecordsOffset(["d", "e"]);
  await assert.rejects(
    stream.flush(),
    hasCode("permission_denied", "failed with PERMISSION_DENIED"),
  );
  await assert.rejects(stream.waitForOffset(3n), hasCode("permission_denied"));
  await assert.rejects(stream.ingestRecordOffset("f"), hasCode("permission_denied"));
  assert.deepEqual((await stream.getUnackedRecords()).map(String), ["c", "d", "e"]);
  assert.deepEqual(
    (await stream.getUnackedBatches()).map((batch) => batch.map(String)),
    [["c"], ["d", "e"]],
  );
  assert.deepEqual(failedOffsets, [2n, 3n]);
  await assert.rejects(stream.close(), hasCode("permission_denied", "Failed to close stream: "));
  await stream.close();
  assert.deepEqual((await stream.getUnackedRecords()).map(String), ["c", "d", "e"]);
  assert.equal(server.streams.length, 1);
});

test("replays the unacknowledged records of a failed stream into a new one", async () => {
  await using server = await ScriptedServer.start([
    ackThenFail("INVALID_ARGUMENT", 3, 0),
    serveEverything,
  ]);
  const sdk = new ZerobusSdk(server.url, "http://unused.invalid");
  const options = { recordType: RecordType.Json };
  const failed = await sdk.createStream({ tableName: TABLE }, "", "", options, HEADERS_PROVIDER);
  await failed.ingestRecordOffset("a");
  await failed.ingestRecordsOffset(["b", "c"]);
  await failed.ingestRecordOffset("d");
  await assert.rejects(
    failed.flush(),
    hasCode("invalid_argument", "failed with INVALID_ARGUMENT."),
  );
  const stream = await sdk.recreateStream(failed);
  await stream.flush();
  assert.deepEqual(
    (await server.stream(1)).messages.map((message) => message.records.map(String)),
    [["b", "c"], ["d"]],
  );
  await stream.close();
});

test("fails when the reconnects are spent, with everything retrievable", async () => {
  await using server = await ScriptedServer.start([
    ackThenFail("UNAVAILABLE", 2, 0),
    reject("UNAVAILABLE"),
  ]);
  const stream = await openStream(server, { recoveryRetries: 2 });
  await stream.ingestRecordOffset("a");
  await stream.ingestRecordOffset("b");
  await assert.rejects(stream.flush(), hasCode("unavailable"));
  assert.equal(server.streams.length, 4);
  assert.deepEqual((await stream.getUnackedRecords()).map(String), ["b"]);
});

test("reconnects when acknowledgements stay away, on a new connection", async () => {
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
    },
    serveEverything,
  ]);
  const stream = await openStream(server, { serverLackOfAckTimeoutMs: 50 });
  await stream.ingestRecordOffset("a");
  await stream.flush();
  assert.equal(stream.reconnects, 1);
  assert.equal(server.connectionCount, 2);
  await stream.close();
});

test("reports the lack of acknowledgements without recovery", async () => {
  await using server = await ScriptedServer.start([async (call) => call.accept()]);
  const stream = await openStream(server, { serverLackOfAckTimeoutMs: 30, recovery: false });
  await stream.ingestRecordOffset("a");
  await assert.rejects(stream.flush(), hasCode("deadline_exceeded", "Server ack timeout"));
});

test("takes acknowledgements that go back or too far for a broken server", async () => {
  // An ingest_record_response with durability_ack_up_to_offset -2, framed.
  const ackOfMinusTwo = Buffer.from("000000000d120b08feffffffffffffffff01", "hex");
  for (const offsets of [[1, 0], [7], [-2]]) {
    await using server = await ScriptedServer.start([
      async (call) => {
        await call.accept();
        await call.received(3);
        for (const offset of offsets) {
          if (offset === -2) call.send(ackOfMinusTwo);
          else call.ack(offset);
        }
      },
      serveEverything,
    ]);
    const errors: string[] = [];
    const stream = await openStream(server, {
      onStateChange: (change: StreamStateChange) => {
        if (change.error !== undefined) errors.push(change.error.code);
      },
    });
    for (const text of ["a", "b", "c"]) await stream.ingestRecordOffset(text);
    await stream.flush();
    assert.deepEqual(errors, ["internal"], String(offsets));
    await stream.close();
  }
});

test("accepts repeated acknowledgements as signs of life", async () => {
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(2);
      call.ack(0);
      call.ack(0);
      call.ack(0);
      call.ack(1);
      await call.serve();
    },
  ]);
  const stream = await openStream(server);
  await stream.ingestRecordOffset("a");
  await stream.ingestRecordOffset("b");
  await stream.flush();
  await stream.close();
  assert.equal(server.streams.length, 1);
});

test("does not wait for the next attempt once a server that refused connections takes them again", async () => {
  const states = new Signal();
  const first = await ScriptedServer.start();
  const stream = await openStream(first, {
    recoveryBackoffMs: 3_600_000,
    onStateChange: () => states.notify(),
  });
  await stream.ingestRecord("a");
  await first.close();
  await states.until(() => stream.state === "backingOff");
  await stream.ingestRecordOffset("b");
  await using server = await ScriptedServer.start([serveEverything], { port: first.port });
  await stream.flush();
  assert.deepEqual(receivedTexts(await server.stream(0)), ["b"]);
  await stream.close();
});

test("asks the headers provider again at every attempt", async () => {
  await using server = await ScriptedServer.start([
    reject("UNAVAILABLE"),
    ackThenFail("UNAVAILABLE", 1, -1),
    serveEverything,
  ]);
  const sdk = new ZerobusSdk(server.url, "http://unused.invalid");
  let count = 0;
  const stream = await sdk.createStream(
    { tableName: TABLE },
    "",
    "",
    { recordType: RecordType.Json, recoveryBackoffMs: 5 },
    { getHeaders: async () => [["authorization", `Bearer ${count++}`]] },
  );
  await stream.ingestRecord("a");
  await stream.close();
  assert.deepEqual(
    server.streams.map((call) => call.headers.authorization),
    ["Bearer 0", "Bearer 1", "Bearer 2"],
  );
});

test("finishes on a connection that is going away and opens new streams on another", async () => {
  await using server = await ScriptedServer.start();
  const sdk = new ZerobusSdk(server.url, "http://unused.invalid");
  const open = () =>
    sdk.createStream(
      { tableName: TABLE },
      "",
      "",
      { recordType: RecordType.Json },
      HEADERS_PROVIDER,
    );
  const first = await open();
  await first.ingestRecord("a");
  (await server.stream(0)).goAway();
  await first.ingestRecord("b");
  const second = await open();
  await second.ingestRecord("c");
  assert.equal(first.reconnects, 0);
  assert.equal(server.connectionCount, 2);
  await Promise.all([first.close(), second.close()]);
});

test("gives up the opening when the signal says so", async () => {
  await using server = await ScriptedServer.start([() => undefined]);
  const abort = new AbortController();
  const opening = openStream(server, { signal: abort.signal });
  await server.stream(0);
  abort.abort();
  await assert.rejects(opening, hasCode("cancelled"));
  await assert.rejects(openStream(server, { signal: abort.signal }), hasCode("cancelled"));
});
