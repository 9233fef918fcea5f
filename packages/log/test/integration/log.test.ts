// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createNodeStorage, ENTRY_OVERHEAD_BYTES, LogError, openLog } from "../../src/index.ts";
import type { Log, LogStorage } from "../../src/index.ts";
import { closeAfter, makeTemporaryDirectory } from "../support/temporary-directory.ts";

const SMALL = { segmentBytes: 64 * 1024 };

async function replayTexts(log: Log, fromPosition = 0): Promise<string[]> {
  const texts: string[] = [];
  await log.replay(fromPosition, (entry) => {
    texts.push(Buffer.from(entry).toString());
  });
  return texts;
}

function isLogError(code: string) {
  return (error: unknown): boolean => error instanceof LogError && error.code === code;
}

/** Counts the syncs of all files. */
function countSyncs(storage: LogStorage): { readonly storage: LogStorage; syncCount: number } {
  const counter = { storage, syncCount: 0 };
  counter.storage = {
    ...storage,
    async open(name) {
      const file = await storage.open(name);
      return {
        ...file,
        async sync() {
          counter.syncCount += 1;
          await file.sync();
        },
        writeAndSyncBlocking(parts, fileOffset) {
          counter.syncCount += 1;
          file.writeAndSyncBlocking(parts, fileOffset);
        },
      };
    },
  };
  return counter;
}

test("gives back after a reopen what was appended, under the same log id", async (context) => {
  const directory = join(await makeTemporaryDirectory(context), "new", "deep");
  const log = await openLog(directory, SMALL);
  const first = log.append(Buffer.from("first"));
  assert.equal(first, "first".length + ENTRY_OVERHEAD_BYTES);
  const payload = Buffer.from("..second..");
  const second = log.appendParts(Buffer.from("#=ignored"), 2, payload, 2, 8);
  assert.equal(second, log.nextPosition);
  log.append(new Uint8Array(0));
  log.append(payload, 2, 4);
  await log.sync();
  assert.equal(log.durablePosition, log.nextPosition);
  assert.equal(log.stagedBytes, 0);
  await log.close();
  const reopened = await openLog(directory, SMALL);
  closeAfter(context, reopened);
  assert.equal(reopened.logId, log.logId);
  assert.equal(reopened.nextPosition, log.nextPosition);
  assert.deepEqual(await replayTexts(reopened), ["first", "#=second", "", "se"]);
  assert.deepEqual(await replayTexts(reopened, first), ["#=second", "", "se"]);
  assert.deepEqual(await replayTexts(reopened, second), ["", "se"]);
  assert.deepEqual(await replayTexts(reopened, reopened.nextPosition), []);
});

test("shares one sync among everything appended in a turn", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  await (await openLog(directory, SMALL)).close();
  const counter = countSyncs(createNodeStorage(directory));
  const log = await openLog(directory, { ...SMALL, storage: counter.storage });
  closeAfter(context, log);
  await log.trim(0);
  const before = counter.syncCount;
  const durable: number[] = [];
  log.onDurable((position) => durable.push(position));
  for (let index = 0; index < 1000; index += 1) log.append(Buffer.from("entry"));
  await log.sync();
  assert.equal(counter.syncCount - before, 1);
  assert.deepEqual(durable, [log.nextPosition]);
});

test("rolls through many segments, recycles them, and keeps the order", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const log = await openLog(directory, { ...SMALL, maxSpareSegmentCount: 2 });
  const entry = Buffer.alloc(10_000);
  let trimmed = 0;
  for (let index = 0; index < 100; index += 1) {
    entry.writeUInt32LE(index);
    const position = log.append(entry);
    if (index % 3 === 0) await log.sync();
    if (index === 60) {
      await log.sync();
      trimmed = position;
      await log.trim(position);
    }
  }
  await log.sync();
  assert.ok(log.firstPosition > 0 && log.firstPosition <= trimmed);
  assert.ok(log.segmentIndex > 10);
  await log.close();
  const names = await readdir(directory);
  assert.ok(names.filter((name) => name.startsWith("spare-")).length <= 2);
  const reopened = await openLog(directory, SMALL);
  closeAfter(context, reopened);
  const found: number[] = [];
  await reopened.replay(trimmed, async (bytes) => {
    found.push(Buffer.from(bytes).readUInt32LE());
    await Promise.resolve();
  });
  assert.deepEqual(
    found,
    Array.from({ length: 39 }, (_, index) => index + 61),
  );
});

test("keeps the position when everything was trimmed", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const log = await openLog(directory, SMALL);
  const position = log.append(Buffer.from("only"));
  await log.sync();
  await log.trim(position);
  await log.close();
  const reopened = await openLog(directory, SMALL);
  await reopened.trim(position);
  await reopened.close();
  const again = await openLog(directory, SMALL);
  closeAfter(context, again);
  assert.equal(again.nextPosition, position);
});

test("continues at minPosition across restarts", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const log = await openLog(directory, { ...SMALL, minPosition: 1_000_000 });
  assert.equal(log.nextPosition, 1_000_000);
  const position = log.append(Buffer.from("far"));
  assert.ok(position > 1_000_000);
  await log.close();
  const reopened = await openLog(directory, { ...SMALL, minPosition: 5 });
  closeAfter(context, reopened);
  assert.equal(reopened.nextPosition, position);
  assert.deepEqual(await replayTexts(reopened), ["far"]);
});

test("holds an entry of 11 MiB and refuses one over a segment", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const log = await openLog(directory, { segmentBytes: 12 * 1024 * 1024 });
  const large = Buffer.alloc(11 * 1024 * 1024);
  for (let at = 0; at < large.length; at += 4096) large.writeUInt32LE(at, at);
  log.append(Buffer.from("before"));
  log.append(large);
  log.append(large);
  await log.sync();
  assert.throws(
    () => log.append(Buffer.alloc(log.maxEntryBytes + 1)),
    isLogError("invalid_argument"),
  );
  await log.close();
  const reopened = await openLog(directory);
  closeAfter(context, reopened);
  const found: boolean[] = [];
  await reopened.replay(0, (entry) => {
    found.push(Buffer.compare(entry, large) === 0);
  });
  assert.deepEqual(found, [false, true, true]);
});

test("puts reserved entries into the segment it named", async (context) => {
  const log = await openLog(await makeTemporaryDirectory(context), SMALL);
  closeAfter(context, log);
  const entry = Buffer.alloc(9000);
  let rollCount = 0;
  for (let index = 0; index < 30; index += 1) {
    const before = log.segmentIndex;
    const reserved = log.reserve(18_000, 2);
    if (reserved !== before) rollCount += 1;
    log.append(entry);
    log.append(entry);
    assert.equal(log.segmentIndex, reserved);
    if (index % 4 === 0) await log.sync();
  }
  assert.ok(rollCount > 5);
  assert.throws(() => log.reserve(64 * 1024), isLogError("invalid_argument"));
  assert.throws(() => log.reserve(Number.NaN), isLogError("invalid_argument"));
});

test("refuses more than stagedLimitBytes and tells when it has drained", async (context) => {
  const log = await openLog(await makeTemporaryDirectory(context), {
    ...SMALL,
    maxStagedBytes: 4096,
    stagedLimitBytes: 8192,
  });
  closeAfter(context, log);
  const drained = new Promise<void>((resolve) => log.onDrain(resolve));
  log.append(Buffer.alloc(4000));
  log.append(Buffer.alloc(4000));
  assert.throws(() => log.append(Buffer.alloc(4000)), isLogError("resource_exhausted"));
  await drained;
  assert.ok(log.stagedBytes < log.maxStagedBytes);
  log.append(Buffer.alloc(4000));
});

test("makes durable what was appended before a close, and refuses what comes after", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const log = await openLog(directory, SMALL);
  log.append(Buffer.from("last"));
  const closing = log.close();
  assert.equal(log.state, "closing");
  assert.throws(() => log.append(Buffer.from("late")), isLogError("closed"));
  await assert.rejects(log.sync(), isLogError("closed"));
  await closing;
  assert.equal(log.state, "closed");
  assert.equal(log.close(), closing);
  await assert.rejects(log.trim(0), isLogError("closed"));
  const reopened = await openLog(directory, SMALL);
  closeAfter(context, reopened);
  assert.deepEqual(await replayTexts(reopened), ["last"]);
});

test("ends a replay when the log is closed", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const log = await openLog(directory, SMALL);
  for (let index = 0; index < 3; index += 1) {
    log.append(Buffer.from(`${index}`));
    await log.sync();
  }
  await log.close();
  const reopened = await openLog(directory, SMALL);
  let visitCount = 0;
  const replaying = reopened.replay(0, async () => {
    visitCount += 1;
    await reopened.close();
  });
  await assert.rejects(replaying, isLogError("closed"));
  assert.equal(visitCount, 1);
});

test("holds back a trim while a replay reads", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const log = await openLog(directory, SMALL);
  for (let index = 0; index < 20; index += 1) log.append(Buffer.alloc(10_000, index));
  await log.close();
  const reopened = await openLog(directory, SMALL);
  closeAfter(context, reopened);
  const trims: Promise<void>[] = [];
  let visitCount = 0;
  await reopened.replay(0, () => {
    if (visitCount === 0) trims.push(reopened.trim(reopened.durablePosition));
    visitCount += 1;
  });
  assert.equal(visitCount, 20);
  await Promise.all(trims);
  assert.ok(reopened.firstPosition > 0);
});

test("lets one open at a time have the directory and names the holder", async (context) => {
  const directory = join(await makeTemporaryDirectory(context), "d".repeat(150));
  const results = await Promise.allSettled([
    openLog(directory, SMALL),
    openLog(directory, SMALL),
    openLog(directory, SMALL),
  ]);
  const logs = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  assert.equal(logs.length, 1);
  await assert.rejects(openLog(directory, SMALL), (error) => {
    assert.ok(error instanceof LogError);
    assert.equal(error.code, "locked");
    assert.match(error.details.holder ?? "", new RegExp(`process ${process.pid} on host`));
    return true;
  });
  await logs[0]?.close();
  await (await openLog(directory, SMALL)).close();
  const names = await readdir(directory);
  assert.deepEqual(
    names.filter((name) => name.startsWith("lock-")),
    [],
  );
});

test("opens a log whose segments have another length", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const log = await openLog(directory, SMALL);
  log.append(Buffer.from("small"));
  await log.close();
  const larger = await openLog(directory, { segmentBytes: 128 * 1024 });
  const large = Buffer.alloc(100_000, "x");
  larger.append(large);
  await larger.close();
  const reopened = await openLog(directory, SMALL);
  closeAfter(context, reopened);
  assert.deepEqual(await replayTexts(reopened), ["small", large.toString()]);
  await reopened.trim(reopened.durablePosition);
});

test("refuses options and ranges that make no sense", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const refused = isLogError("invalid_argument");
  await assert.rejects(openLog(directory, { segmentBytes: 70_000 }), refused);
  await assert.rejects(openLog(directory, { segmentBytes: 4096 }), refused);
  await assert.rejects(openLog(directory, { minPosition: -1 }), refused);
  const log = await openLog(directory, SMALL);
  closeAfter(context, log);
  assert.throws(() => log.append(Buffer.from("abc"), 2, 5), refused);
  assert.throws(() => log.append(Buffer.from("abc"), 2, 1), refused);
  await assert.rejects(log.trim(1), refused);
});
