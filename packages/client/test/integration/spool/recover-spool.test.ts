// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { createNodeStorage, ENTRY_OVERHEAD_BYTES, type LogStorage, openLog } from "@sluice/log";
import { ManualClock, ScriptedServer, serveEverything } from "@sluice/testkit";
import { ZerobusError } from "../../../src/core/zerobus-error.ts";
import { DurableSpool } from "../../../src/spool/durable-spool.ts";
import { openSpool } from "../../../src/spool/open-spool.ts";
import { SegmentLedger } from "../../../src/spool/segment-ledger.ts";
import {
  ENTRY_HEADER_BYTES,
  type SpoolEntryKind,
  writeEntryHeader,
} from "../../../src/spool/spool-entry.ts";
import { resolveSpoolOptions } from "../../../src/spool/spool-options.ts";
import { makeTemporaryDirectory } from "../../support/temporary-directory.ts";
import { openProducer } from "../producer-helpers.ts";

const SMALL = { maxBytes: 24 * 64 * 1024, maxRecordBytes: 10_000 };

type Entry = readonly [kind: SpoolEntryKind | "copy", sequence: number];

/** Writes a spool's log by hand, and reads it back as a spool. */
async function recoveredFrom(directory: string, entries: readonly Entry[]): Promise<number[]> {
  const log = await openLog(join(directory, "log"), { segmentBytes: 64 * 1024 });
  for (const [kind, sequence] of entries) {
    const bytes = Buffer.alloc(ENTRY_HEADER_BYTES);
    const isCopy = kind === "copy";
    writeEntryHeader(bytes, isCopy ? "record" : kind, sequence, 0, isCopy);
    log.append(bytes);
  }
  await log.close();
  const spool = await openSpool({ directory, ...SMALL });
  const sequences: number[] = [];
  try {
    for await (const { sequence } of spool.read(0)) sequences.push(sequence);
    assert.equal(sequences.length, spool.depth.records);
    sequences.push(await spool.append(Buffer.from("next"), 0));
    return sequences;
  } finally {
    await spool.close();
  }
}

test("recovers from every way a rewrite can have ended", async (context) => {
  const cases: readonly (readonly [string, readonly Entry[], readonly number[]])[] = [
    ["nothing", [], [0]],
    ["only a note", [["settled", 7]], [7]],
    [
      "a note and what follows",
      [
        ["record", 4],
        ["record", 5],
        ["settled", 5],
        ["record", 6],
      ],
      [5, 6, 7],
    ],
    [
      "a rewrite cut short",
      [
        ["record", 0],
        ["record", 1],
        ["copyBegin", 0],
        ["copy", 0],
        ["record", 2],
      ],
      [0, 1, 2, 3],
    ],
    [
      "a rewrite cut short, then one that ended",
      [
        ["record", 0],
        ["record", 1],
        ["copyBegin", 0],
        ["copy", 0],
        ["copyBegin", 0],
        ["copy", 0],
        ["copy", 1],
        ["copyEnd", 2],
        ["record", 2],
      ],
      [0, 1, 2, 3],
    ],
    [
      "a rewrite whose beginning was trimmed",
      [
        ["copy", 3],
        ["copy", 4],
        ["copyEnd", 5],
        ["record", 5],
        ["settled", 4],
      ],
      [4, 5, 6],
    ],
  ];
  for (const [name, entries, expected] of cases) {
    const directory = await makeTemporaryDirectory(context);
    assert.deepEqual(await recoveredFrom(directory, entries), expected, name);
  }
});

test("does not open with a record missing in the middle", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const entries: readonly Entry[] = [
    ["record", 0],
    ["record", 2],
  ];
  await assert.rejects(
    recoveredFrom(directory, entries),
    (error) =>
      error instanceof ZerobusError &&
      error.code === "data_loss" &&
      /record 1, in front of record 2, is missing/.test(error.message),
  );
});

test("fails every append with the disk's error, and those after it", async (context) => {
  const disk = { isFull: false };
  const spool = await spoolOn(disk, await makeTemporaryDirectory(context));
  assert.equal(await spool.append(Buffer.from("a"), 0), 0);
  disk.isFull = true;
  const appends = [spool.append(Buffer.from("b"), 0), spool.append(Buffer.from("c"), 0)];
  for (const append of appends) await assert.rejects(append, failed);
  await assert.rejects(spool.append(Buffer.from("d"), 0), failed);
  await assert.rejects(spool.read(0).next(), failed);
  disk.isFull = false;
  await assert.rejects(spool.append(Buffer.from("e"), 0), failed);
  await spool.close();
});

test("has a producer refuse records when the disk under its spool is full, and end in order", async (context) => {
  const disk = { isFull: false };
  const spool = await spoolOn(disk, await makeTemporaryDirectory(context));
  await using server = await ScriptedServer.start([serveEverything]);
  const producer = await openProducer(server, { spool });
  await (await producer.submit({ id: 1 })).ack();
  disk.isFull = true;
  await assert.rejects(producer.submit({ id: 2 }), failed);
  await assert.rejects(producer.submitBatch([{ id: 3 }, { id: 4 }]), failed);
  assert.deepEqual(await producer.close(), []);
  assert.equal(producer.pendingCount, 0);
  await spool.close();
});

function failed(error: unknown): boolean {
  return (
    error instanceof ZerobusError &&
    error.code === "unavailable" &&
    /free space, then open the producer again.*ENOSPC/.test(error.message)
  );
}

async function spoolOn(
  disk: { readonly isFull: boolean },
  directory: string,
): Promise<DurableSpool> {
  const storage = failingStorage(createNodeStorage(directory), disk);
  const log = await openLog(directory, { segmentBytes: 64 * 1024, storage });
  return new DurableSpool({
    log,
    ledger: new SegmentLedger(0),
    settings: resolveSpoolOptions({ directory, ...SMALL }),
    clock: new ManualClock(),
    onDropped: undefined,
    entryOverheadBytes: ENTRY_OVERHEAD_BYTES,
  });
}

/** A disk whose writes fail while it is full. */
function failingStorage(storage: LogStorage, disk: { readonly isFull: boolean }): LogStorage {
  const check = (): void => {
    if (!disk.isFull) return;
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  };
  const wrap = async (opening: ReturnType<LogStorage["open"]>): ReturnType<LogStorage["open"]> => {
    const file = await opening;
    return {
      read: (target, offset) => file.read(target, offset),
      write: async (parts, offset) => {
        check();
        await file.write(parts, offset);
      },
      sync: () => file.sync(),
      writeAndSyncBlocking: (parts, offset) => {
        check();
        file.writeAndSyncBlocking(parts, offset);
      },
      byteLength: () => file.byteLength(),
      close: () => file.close(),
    };
  };
  return {
    lock: () => storage.lock(),
    list: () => storage.list(),
    open: (name) => wrap(storage.open(name)),
    create: (name) => wrap(storage.create(name)),
    rename: (from, to) => storage.rename(from, to),
    remove: (name) => storage.remove(name),
    syncDirectory: () => storage.syncDirectory(),
  };
}
