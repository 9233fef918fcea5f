// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import {
  Producer,
  type ProducerEvent,
  type SpoolDepth,
  type SpooledRecord,
  ZerobusError,
} from "@sluice/client";
import { ManualClock, ScriptedServer, serveEverything, Signal } from "@sluice/testkit";
import { makeTemporaryDirectory } from "../support/temporary-directory.ts";
import { hasCode, receivedTexts, TABLE } from "./helpers.ts";
import { acceptThenEnd, openProducer, validatingServer } from "./producer-helpers.ts";

interface Item {
  readonly id: number;
}

const MAX_BYTES = 128 * 1024 * 1024;
const jsonOf = (id: number): string => JSON.stringify({ id });
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

test("keeps records while the service is away, and has the next producer deliver them in order", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const spool = { directory, maxBytes: MAX_BYTES };
  const gone = await ScriptedServer.start([]);
  await gone.close();
  const first = await openProducer<Item>(gone, { spool, openTimeoutMs: 0 });
  const tickets = await Promise.all(range(0, 100).map((id) => first.submit({ id })));
  assert.equal(first.health().spool?.records, 100);
  assert.deepEqual(await first.close({ deadlineMs: 0 }), []);
  await assert.rejects(tickets[0]?.ack() ?? Promise.resolve(), hasCode("closed"));
  assert.equal(first.pendingCount, 0);

  await using server = await ScriptedServer.start([serveEverything]);
  const second = await openProducer<Item>(server, { spool });
  const last = await second.submit({ id: 100 });
  await last.ack();
  assert.equal(last.offset, 100n);
  assert.deepEqual(receivedTexts(await server.stream(0)), range(0, 101).map(jsonOf));
  assert.equal(second.health().spool?.records, 0);
  await second.close();

  const third = await openProducer<Item>(server, { spool });
  await third.flush();
  assert.equal((await server.stream(1)).messages.length, 0);
  await third.close();
});

test("takes a record a second through an outage of ten minutes, and delivers all at its end", async (context) => {
  const clock = new ManualClock();
  const events = new Signal();
  let isAway = false;
  await using server = await ScriptedServer.start([
    (call) => (isAway ? call.end("UNAVAILABLE", "away") : serveEverything(call)),
  ]);
  const producer = await Producer.open<Item>(
    {
      endpoint: server.url,
      table: TABLE,
      auth: "none",
      spool: { directory: await makeTemporaryDirectory(context), maxBytes: MAX_BYTES },
      onEvent: () => events.notify(),
    },
    { clock, random: () => 1 },
  );
  await (await producer.submit({ id: 0 })).ack();
  isAway = true;
  server.disconnectAll();
  await events.until(() => producer.health().status === "down");
  for (const id of range(1, 601)) {
    clock.advance(1_000);
    await producer.submit({ id });
  }
  const { status, spool } = producer.health();
  assert.deepEqual([status, spool?.records], ["down", 600]);
  isAway = false;
  while (producer.health().status === "down") {
    clock.advance(1_000);
    // Time goes on in steps that leave sockets their turns, or attempts would time out.
    for (let turn = 0; turn < 20; turn++) await setImmediate();
  }
  await producer.flush();
  const arrived = server.streams.flatMap(receivedTexts);
  assert.deepEqual(arrived, range(0, 601).map(jsonOf));
  assert.equal(producer.health().spool?.records, 0);
  assert.deepEqual(await producer.close(), []);
});

test("keeps each key's order from the spool over lanes that lose their streams", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  await using server = await ScriptedServer.start([
    acceptThenEnd("UNAVAILABLE", 3, 1),
    acceptThenEnd("UNAVAILABLE", 5, -1),
    serveEverything,
  ]);
  const acknowledged: bigint[] = [];
  const producer = await openProducer<Item>(server, {
    spool: { directory, maxBytes: MAX_BYTES },
    lanes: { min: 3, key: ({ id }) => id % 7 },
    onAck: (offset, lane) => {
      assert.equal(lane, -1);
      acknowledged.push(offset);
    },
  });
  await Promise.all(range(0, 500).map((id) => producer.submit({ id })));
  await producer.flush();
  assert.equal(acknowledged.at(-1), 499n);
  assert.deepEqual(
    acknowledged,
    [...acknowledged].sort((left, right) => Number(left - right)),
  );
  await producer.close();
  const seen = new Map<number, Set<number>>();
  for (const call of server.streams) {
    for (const text of receivedTexts(call)) {
      const { id } = JSON.parse(text) as Item;
      const ids = seen.get(id % 7) ?? new Set();
      ids.add(id);
      seen.set(id % 7, ids);
    }
  }
  assert.equal(
    [...seen.values()].reduce((sum, ids) => sum + ids.size, 0),
    500,
  );
  for (const ids of seen.values()) {
    assert.deepEqual(
      [...ids],
      [...ids].sort((left, right) => left - right),
    );
  }
});

test("settles a refused record of the spool, and names it in its batch", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const taken: string[] = [];
  await using server = await ScriptedServer.start([
    validatingServer((text) => text === jsonOf(3) || text === jsonOf(5), taken),
  ]);
  const producer = await openProducer<Item>(server, {
    spool: { directory, maxBytes: MAX_BYTES },
    onInvalidRecord: "skip",
  });
  const batch = await producer.submitBatch(range(1, 8).map((id) => ({ id })));
  await assert.rejects(batch.ack(), (error) => {
    assert.ok(error instanceof ZerobusError);
    assert.deepEqual(error.details.recordIndexes, [2, 4]);
    return true;
  });
  await producer.close();
  assert.deepEqual(new Set(taken), new Set([1, 2, 4, 6, 7].map(jsonOf)));
});

test("names the refused records of a batch by their positions, over lanes and bisections", async () => {
  await using server = await ScriptedServer.start([
    validatingServer((text) => text === jsonOf(12) || text === jsonOf(31), [], {
      acksFirst: false,
    }),
  ]);
  const producer = await openProducer<Item>(server, {
    lanes: { min: 3, key: ({ id }) => id % 10 },
    onInvalidRecord: "skip",
  });
  const batch = await producer.submitBatch(range(10, 50).map((id) => ({ id })));
  await assert.rejects(batch.ack(), (error) => {
    assert.ok(error instanceof ZerobusError);
    assert.deepEqual(error.details.recordIndexes, [2, 21]);
    return true;
  });
  await producer.close();
});

test("refuses a spool with records of another format, and two producers on one spool", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const spool = { directory, maxBytes: MAX_BYTES };
  const gone = await ScriptedServer.start([]);
  await gone.close();
  const producer = await openProducer<Item>(gone, { spool, openTimeoutMs: 0 });
  await producer.submit({ id: 1 });
  await assert.rejects(openProducer(gone, { spool, openTimeoutMs: 0 }), hasCode("fenced"));
  await producer.close({ deadlineMs: 0 });
  await assert.rejects(
    openProducer(gone, { spool, openTimeoutMs: 0, descriptor: new Uint8Array([10, 1, 65]) }),
    hasCode("schema_mismatch", directory),
  );
});

test("reads past what a full spool gave up, rejects its tickets and reports the count", async () => {
  const events: ProducerEvent[] = [];
  await using server = await ScriptedServer.start([serveEverything]);
  const spool = new DroppingSpool();
  const producer = await openProducer<Item>(server, {
    spool,
    onEvent: (event) => events.push(event),
  });
  const tickets = await Promise.all(range(0, 6).map((id) => producer.submit({ id })));
  spool.dropBefore(4);
  spool.isReadable = true;
  const last = await producer.submit({ id: 6 });
  await last.ack();
  await assert.rejects(tickets[0]?.ack() ?? Promise.resolve(), hasCode("resource_exhausted"));
  await tickets[4]?.ack();
  assert.deepEqual(
    events.flatMap((event) => (event.kind === "spoolDropped" ? [event.recordCount] : [])),
    [4],
  );
  assert.deepEqual(receivedTexts(await server.stream(0)), range(4, 7).map(jsonOf));
  await producer.close();
  assert.equal(spool.firstSequence, 7);
});

/** A spool in memory that gives up records when told to. */
class DroppingSpool {
  firstSequence = 0;
  isReadable = false;
  readonly #records: SpooledRecord[] = [];

  get nextSequence(): number {
    return this.#records.length;
  }

  get depth(): SpoolDepth {
    return { records: this.nextSequence - this.firstSequence, bytes: 0 };
  }

  append(record: Uint8Array, slot: number): Promise<number> {
    const sequence = this.#records.length;
    this.#records.push({ sequence, slot, record: Buffer.from(record) });
    return Promise.resolve(sequence);
  }

  async *read(fromSequence: number): AsyncGenerator<SpooledRecord, void, void> {
    if (!this.isReadable) return;
    yield* this.#records.slice(Math.max(fromSequence, this.firstSequence));
  }

  dropBefore(sequence: number): void {
    this.firstSequence = sequence;
  }

  trim(sequence: number): void {
    this.firstSequence = Math.max(this.firstSequence, sequence);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
