// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedServer, type StreamScript } from "@sluice/testkit";
import { openStream } from "./helpers.ts";

const ends: Record<string, StreamScript> = {
  "terminal status": async (call) => {
    await call.accept();
    await call.received(2);
    call.end("INVALID_ARGUMENT", "no");
  },
  "lost connection without recovery": async (call) => {
    await call.accept();
    await call.received(2);
    call.disconnect();
  },
  "close with a flush that runs out of time": async (call) => {
    await call.accept();
  },
};

for (const [name, script] of Object.entries(ends)) {
  test(`settles everything pending: ${name}`, async () => {
    await using server = await ScriptedServer.start([script]);
    const stream = await openStream(server, {
      maxInflightRequests: 2,
      recovery: false,
      flushTimeoutMs: 30,
    });
    await stream.ingestRecordOffset("a");
    await stream.ingestRecordOffset("b");
    const pending = [
      stream.ingestRecordOffset("c"),
      stream.ingestRecordsOffset(["d", "e"]),
      stream.ingestRecord("f"),
      stream.waitForOffset(0n),
      stream.waitForOffset(1_000_000n),
      stream.flush(),
      stream.close(),
    ];
    const outcomes = await Promise.allSettled(pending);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status),
      pending.map(() => "rejected"),
    );
    await stream.close();
    assert.equal(stream.statistics.waitingRequests, 0);
    assert.deepEqual((await stream.getUnackedRecords()).map(String), ["a", "b"]);
  });
}
