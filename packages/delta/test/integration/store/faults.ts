// SPDX-License-Identifier: Apache-2.0
// What a store behind the network must make of lost and bad answers, run over each of them: a proxy before the real
// server spoils the answers.
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { DeltaError, type DeltaErrorCode } from "../../../src/delta-error.ts";
import type { ObjectEntry, ObjectStore } from "../../../src/store/object-store.ts";
import type { RemoteStoreOptions } from "../../../src/store/remote-store.ts";
import {
  type FaultAnswer,
  type FaultProxy,
  type HttpFault,
  type ProxiedRequest,
  startFaultProxy,
} from "../../support/fault-proxy.ts";
import { rejectsWith } from "../../support/table-checks.ts";
import { bytesOf, textOf } from "./contract.ts";

export interface FaultTarget {
  readonly name: string;
  readonly skip: string | false;
  /** The server's base URL; called when it runs. */
  readonly upstream: () => string;
  /** A store in a directory of its own behind the proxy, or behind nothing. */
  readonly open: (
    baseUrl: string,
    directory: string,
    options: RemoteStoreOptions,
  ) => Promise<ObjectStore>;
  readonly isPut: (request: ProxiedRequest) => boolean;
  readonly isHead: (request: ProxiedRequest) => boolean;
  readonly isGet: (request: ProxiedRequest) => boolean;
  readonly isList: (request: ProxiedRequest) => boolean;
  readonly isPart: (request: ProxiedRequest) => boolean;
  readonly isComplete: (request: ProxiedRequest) => boolean;
  /** "Slow down", as this service says it. */
  readonly throttled: FaultAnswer;
  /** Whether the server, as the service itself, takes a part that it has already. */
  readonly takesPartsTwice: boolean;
  /** Other answers to a read, with the error's code and what its message says. */
  readonly answers: readonly (readonly [FaultAnswer, DeltaErrorCode, RegExp])[];
  /** Where the service tells that another conditional write is under way. */
  readonly raced?: FaultAnswer;
}

const SERVER_ERROR: FaultAnswer = { status: 500 };
const BUSY: FaultAnswer = { status: 503 };

export function testStoreFaults(target: FaultTarget): void {
  describe(`lost and bad answers of ${target.name}`, { skip: target.skip }, () => {
    const bench = new FaultBench(target);
    before(async () => bench.start());
    after(async () => bench.stop());
    testLostCreations(bench);
    testUnknownCreations(bench);
    testRetries(bench);
    testWriterFaults(bench);
  });
}

interface FaultyStore {
  readonly store: ObjectStore;
  /** The same store, by a way without faults. */
  readonly direct: ObjectStore;
  readonly proxy: FaultProxy;
  readonly delaysMs: readonly number[];
}

class FaultBench {
  readonly target: FaultTarget;
  #proxy: FaultProxy | undefined;

  constructor(target: FaultTarget) {
    this.target = target;
  }

  async start(): Promise<void> {
    this.#proxy = await startFaultProxy(this.target.upstream());
  }

  async stop(): Promise<void> {
    await this.#proxy?.[Symbol.asyncDispose]();
  }

  /** A store whose waits take no time, in an empty directory. */
  async open(faults: readonly HttpFault[], options: RemoteStoreOptions = {}): Promise<FaultyStore> {
    assert.ok(this.#proxy !== undefined);
    const directory = randomUUID();
    const delaysMs: number[] = [];
    let nowMs = 0;
    const store = await this.target.open(this.#proxy.url, directory, {
      requestTimeoutMs: 2000,
      retry: { maxAttempts: 4 },
      retryEnvironment: {
        clock: () => nowMs,
        random: () => 0.5,
        sleep: async (delayMs) => {
          delaysMs.push(delayMs);
          nowMs += delayMs;
        },
      },
      ...options,
    });
    const direct = await this.target.open(this.target.upstream(), directory, {});
    // The first conditional write of a store may be checked by a second one, which is no part of these tests.
    await store.putIfAbsent("first", bytesOf("first"));
    this.#proxy.set(faults);
    return { store, direct, proxy: this.#proxy, delaysMs };
  }
}

function testLostCreations(bench: FaultBench): void {
  const { isPut, throttled, raced } = bench.target;
  const outcomes: Readonly<Record<string, HttpFault["outcome"]>> = {
    "cuts the connection": "drop",
    "never answers": "hang",
    "answers 500": SERVER_ERROR,
    "answers 503": BUSY,
  };
  for (const [what, outcome] of Object.entries(outcomes)) {
    for (const isApplied of [true, false]) {
      test(`creates once where the service ${what} ${isApplied ? "after" : "before"} the write`, async () => {
        const { store, direct, proxy } = await bench.open(
          [{ matches: isPut, isApplied, outcome }],
          outcome === "hang" ? { requestTimeoutMs: 300 } : {},
        );
        assert.deepEqual(await store.putIfAbsent("a", bytesOf("mine")), { kind: "created" });
        assert.equal(textOf(await direct.get("a")), "mine");
        assert.equal(proxy.requests.filter(isPut).length, 2);
        assert.deepEqual(await store.putIfAbsent("a", bytesOf("mine")), { kind: "exists" });
      });
    }
  }

  test("tries again where the service asks to slow down", async () => {
    const { store } = await bench.open([
      { matches: isPut, times: 3, isApplied: false, outcome: throttled },
    ]);
    assert.deepEqual(await store.putIfAbsent("a", bytesOf("mine")), { kind: "created" });
  });

  if (raced !== undefined) {
    test("tries again where another conditional write is under way", async () => {
      const { store, direct } = await bench.open([
        { matches: isPut, isApplied: false, outcome: raced },
      ]);
      assert.deepEqual(await store.putIfAbsent("a", bytesOf("mine")), { kind: "created" });
      assert.equal(textOf(await direct.get("a")), "mine");
    });
  }

  test("takes an object that another writer made meanwhile for the other's", async () => {
    const meanwhile = async (): Promise<void> => {
      // Even the same bytes: it is another write.
      await direct.putIfAbsent("a", bytesOf("same"));
    };
    const { store, direct } = await bench.open([
      { matches: isPut, isApplied: false, outcome: "drop", meanwhile: async () => meanwhile() },
    ]);
    assert.deepEqual(await store.putIfAbsent("a", bytesOf("same")), { kind: "exists" });
  });

  test("recognises its write where every answer was lost", async () => {
    const { store, proxy } = await bench.open([
      { matches: isPut, isApplied: true, outcome: "drop", times: 4 },
    ]);
    assert.deepEqual(await store.putIfAbsent("a", bytesOf("mine")), { kind: "created" });
    assert.equal(proxy.requests.filter(isPut).length, 4);
  });
}

function testUnknownCreations(bench: FaultBench): void {
  const { isPut, isHead, throttled } = bench.target;

  test("says that it does not know where the look-up fails as well", async () => {
    const { store } = await bench.open([
      { matches: isPut, isApplied: true, outcome: "drop", times: 4 },
      { matches: isHead, isApplied: false, outcome: "drop", times: 4 },
    ]);
    await rejectsWithUnknown(store.putIfAbsent("a", bytesOf("mine")));
  });

  test("says that it does not know where the write may still happen", async () => {
    const { store, direct } = await bench.open([
      { matches: isPut, isApplied: false, outcome: SERVER_ERROR, times: 4 },
    ]);
    await rejectsWithUnknown(store.putIfAbsent("a", bytesOf("mine")));
    assert.equal(await direct.get("a"), undefined);
  });

  test("says of a replacing write that it may have happened", async () => {
    const { store } = await bench.open([
      { matches: isPut, isApplied: true, outcome: "drop", times: 4 },
    ]);
    await rejectsWithUnknown(store.put("a", bytesOf("mine")));
  });

  test("says that nothing happened where every try was throttled", async () => {
    const { store, proxy } = await bench.open([
      { matches: isPut, isApplied: false, outcome: throttled, times: 4 },
    ]);
    await assert.rejects(store.putIfAbsent("a", bytesOf("mine")), (error) => {
      assert.ok(error instanceof DeltaError);
      assert.deepEqual([error.code, error.effect], ["resource_exhausted", "none"]);
      return true;
    });
    assert.equal(proxy.requests.length, 4);
  });
}

function testRetries(bench: FaultBench): void {
  const { isGet, isHead, isList, isPut } = bench.target;

  test("reads, looks up and lists in spite of single failures", async () => {
    const { store } = await bench.open([
      { matches: isGet, isApplied: false, outcome: BUSY },
      { matches: isGet, isApplied: true, outcome: "cutBody" },
      { matches: isHead, isApplied: false, outcome: SERVER_ERROR },
      { matches: isList, isApplied: true, outcome: "drop", times: 2 },
      { matches: isPut, isApplied: false, outcome: "drop" },
    ]);
    await store.put("a", bytesOf("some bytes that can be cut"));
    assert.equal(textOf(await store.get("a")), "some bytes that can be cut");
    assert.equal((await store.head("a"))?.sizeBytes, 26);
    assert.deepEqual(await store.list(""), ["a", "first"]);
    await store.delete("a");
  });

  test("gives each answer its code, and says what to do", async () => {
    for (const [outcome, code, message] of bench.target.answers) {
      const faults = [{ matches: isGet, isApplied: false, outcome, times: 4 }];
      const { store } = await bench.open(faults);
      await rejectsWith(store.get("first"), code, message);
    }
  });

  test("names a server that takes no connections, and has written nothing there", async () => {
    const closed = await startFaultProxy(bench.target.upstream());
    await closed[Symbol.asyncDispose]();
    const store = await bench.target.open(closed.url, "d", { retry: { maxAttempts: 1 } });
    await assert.rejects(store.putIfAbsent("a", bytesOf("a")), (error) => {
      assert.ok(error instanceof DeltaError);
      assert.deepEqual([error.code, error.effect], ["unavailable", "none"]);
      assert.match(error.message, /ECONNREFUSED/);
      return true;
    });
  });

  test("waits longer with each try, and gives up after so many", async () => {
    const { store, proxy, delaysMs } = await bench.open([
      { matches: isGet, isApplied: false, outcome: SERVER_ERROR, times: 100 },
    ]);
    await rejectsWith(store.get("first"), "unavailable", /cannot read "first"/);
    assert.equal(proxy.requests.length, 4);
    assert.deepEqual(delaysMs, [50, 100, 200]);
  });
}

function testWriterFaults(bench: FaultBench): void {
  const { isPart, isComplete, isHead, takesPartsTwice } = bench.target;
  const sizeBytes = 17 * 1024 * 1024;

  test("finishes a large object in spite of lost answers", async () => {
    const { store, direct } = await bench.open([
      { matches: isPart, isApplied: takesPartsTwice, outcome: "drop" },
      { matches: isPart, isApplied: false, outcome: SERVER_ERROR },
      { matches: isComplete, isApplied: true, outcome: "drop" },
    ]);
    const bytes = randomBytes(sizeBytes);
    const writer = store.createWriter("part");
    await writer.write(bytes);
    assert.equal((await writer.finish()).sizeBytes, sizeBytes);
    assert.ok(Buffer.from((await direct.get("part")) ?? []).equals(bytes));
  });

  test("sends no more than four parts at once", async () => {
    const { store, proxy } = await bench.open([]);
    const writer = store.createWriter("part");
    await writer.write(new Uint8Array(7 * 8 * 1024 * 1024));
    await writer.finish();
    assert.ok(proxy.requests.length > 7);
    assert.ok(proxy.maxConcurrentCount <= 4, String(proxy.maxConcurrentCount));
  });

  test("fails where a part cannot be written, and leaves nothing", async () => {
    const { store, direct } = await bench.open([
      { matches: isPart, isApplied: false, outcome: SERVER_ERROR, times: 100 },
    ]);
    const writer = store.createWriter("part");
    await rejectsWith(
      (async () => {
        await writer.write(new Uint8Array(sizeBytes));
        await writer.finish();
      })(),
      "unavailable",
      /cannot (write|create) "part"/,
    );
    await assert.rejects(writer.write(bytesOf("x")), DeltaError);
    await writer.abort();
    const entries: ObjectEntry[] = [];
    for await (const entry of direct.listAll("")) entries.push(entry);
    assert.deepEqual(
      entries.map(({ path }) => path),
      ["first"],
    );
  });

  test("says that it does not know where a finished object cannot be looked at", async () => {
    const { store } = await bench.open([
      { matches: isHead, isApplied: false, outcome: SERVER_ERROR, times: 100 },
    ]);
    const writer = store.createWriter("part");
    await writer.write(bytesOf("x"));
    await rejectsWithUnknown(writer.finish());
  });
}

async function rejectsWithUnknown(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof DeltaError, String(error));
    assert.deepEqual([error.code, error.effect], ["unavailable", "unknown"]);
    return true;
  });
}
