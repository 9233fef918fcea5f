// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openLog } from "@sluice/log";
import { ManualClock } from "@sluice/testkit";
import { ZerobusError } from "../../../src/core/zerobus-error.ts";
import type { Spool } from "../../../src/producer/spool.ts";
import { openSpool, type SpoolComponents } from "../../../src/spool/open-spool.ts";
import type { OpenedSpool } from "../../../src/spool/opened-spool.ts";
import type { SpoolDrop, SpoolOptions } from "../../../src/spool/spool-options.ts";
import { closeAfter, makeTemporaryDirectory } from "../../support/temporary-directory.ts";

/** Six segments of 64 KiB, of which three may hold records. */
const SMALL = { maxBytes: 6 * 64 * 1024, maxRecordBytes: 10_000 };

async function openSmall(
  context: TestContext,
  directory: string,
  options: Partial<SpoolOptions> = {},
  components?: SpoolComponents,
): Promise<OpenedSpool> {
  const spool = await openSpool({ directory, ...SMALL, ...options }, components);
  closeAfter(context, spool);
  return spool;
}

async function readAll(spool: Spool, fromSequence = 0): Promise<string[]> {
  const texts: string[] = [];
  for await (const { sequence, slot, record } of spool.read(fromSequence)) {
    texts.push(`${sequence}/${slot}:${textOf(record)}`);
  }
  return texts;
}

function textOf(record: Uint8Array): string {
  return Buffer.from(record.subarray(0, 20)).toString();
}

function recordOf(text: string, byteLength = text.length): Buffer {
  return Buffer.from(text.padEnd(byteLength, "."));
}

function hasCode(code: string, message = /./): (error: unknown) => boolean {
  return (error) =>
    error instanceof ZerobusError && error.code === code && message.test(error.message);
}

test("reads what was appended, in order, with its slot", async (context) => {
  const spool = await openSmall(context, await makeTemporaryDirectory(context));
  const reused = Buffer.from("a");
  const first = spool.append(reused, 3);
  reused.write("b");
  const second = spool.append(reused, 65_535);
  const third = spool.append(new Uint8Array(0), 0);
  assert.deepEqual(await readAll(spool), []);
  assert.deepEqual(await Promise.all([first, second, third]), [0, 1, 2]);
  assert.deepEqual(await readAll(spool), ["0/3:a", "1/65535:b", "2/0:"]);
  assert.deepEqual(await readAll(spool, 2), ["2/0:"]);
  assert.deepEqual(spool.depth, { records: 3, bytes: 2 });
  spool.trim(1);
  assert.deepEqual(await readAll(spool), ["1/65535:b", "2/0:"]);
  assert.equal(spool.firstSequence, 1);
  assert.throws(() => spool.trim(4), hasCode("invalid_argument", /durable up to 3/));
});

test("resumes after what was settled, and goes on counting", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const first = await openSmall(context, directory);
  for (const text of ["a", "b", "c"]) await first.append(recordOf(text), 1);
  first.trim(2);
  await first.close();
  const second = await openSmall(context, directory);
  assert.deepEqual(await readAll(second), ["2/1:c"]);
  assert.equal(await second.append(recordOf("d"), 2), 3);
  second.trim(4);
  assert.deepEqual(second.depth, { records: 0, bytes: 0 });
  await second.close();
  const third = await openSmall(context, directory);
  assert.deepEqual([third.firstSequence, third.nextSequence], [4, 4]);
  assert.equal(await third.append(recordOf("e"), 0), 4);
  assert.deepEqual(await readAll(third), ["4/0:e"]);
});

test("reads from disk what is no longer in memory, beside appends", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const spool = await openSmall(context, directory, { maxTailBytes: 5000 });
  const expected: string[] = [];
  const appendSome = async (): Promise<void> => {
    const appends: Promise<number>[] = [];
    for (let count = 0; count < 40; count++) {
      const text = `record ${expected.length}`;
      expected.push(`${expected.length}/7:${text.padEnd(20, ".")}`);
      appends.push(spool.append(recordOf(text, 500), 7));
    }
    await Promise.all(appends);
  };
  for (let round = 0; round < 3; round++) await appendSome();
  const seen: string[] = [];
  for await (const { sequence, slot, record } of spool.read(0)) {
    seen.push(`${sequence}/${slot}:${textOf(record)}`);
    if (sequence === 50) spool.trim(60);
    if (sequence === 80) await appendSome();
  }
  assert.deepEqual(seen, [...expected.slice(0, 51), ...expected.slice(60)]);
});

test("holds appends back while it is full, first come, first served", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const spool = await openSmall(context, directory, { maxWaitingAppends: 3 });
  const count = await fill(spool);
  const order: number[] = [];
  const waiting = [0, 1, 2].map(() =>
    spool.append(recordOf("late", 9000), 0).then((sequence) => order.push(sequence)),
  );
  await assert.rejects(
    spool.append(recordOf("one more"), 0),
    hasCode("resource_exhausted", /3 appends/),
  );
  assert.equal(spool.nextSequence, count);
  spool.trim(count);
  await Promise.all(waiting);
  assert.deepEqual(order, [count, count + 1, count + 2]);
  const held = (await readdir(join(directory, "log"))).filter((name) => /seg|spare/.test(name));
  assert.ok(held.length <= 6, held.join(" "));
});

test("refuses while it is full where that is asked for", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const spool = await openSmall(context, directory, { whenFull: "refuse" });
  let count = 0;
  for (;;) {
    try {
      await spool.append(recordOf(`${count}`, 9000), 0);
      count++;
    } catch (error) {
      assert.ok(hasCode("resource_exhausted", /is full with \d+ records/)(error));
      break;
    }
  }
  assert.equal((await readAll(spool)).length, count);
  spool.trim(count);
  assert.equal(await spool.append(recordOf("again"), 0), count);
});

test("drops the oldest records where that is asked for, and says which", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const drops: SpoolDrop[] = [];
  const onDropped = (drop: SpoolDrop): void => {
    drops.push(drop);
    throw new Error("a listener's own fault");
  };
  const spool = await openSmall(context, directory, { whenFull: "dropOldest", onDropped });
  for (let index = 0; index < 100; index++) await spool.append(recordOf(`${index}`, 9000), 0);
  const dropped = drops.reduce((sum, { recordCount }) => sum + recordCount, 0);
  assert.ok(drops.length > 2);
  assert.equal(drops[0]?.firstSequence, 0);
  assert.equal(drops[0]?.recordBytes, drops[0].recordCount * 9000);
  assert.equal(spool.droppedRecords, dropped);
  assert.equal(spool.firstSequence, dropped);
  assert.equal((await readAll(spool)).length, 100 - dropped);
  await spool.close();
  const again = await openSmall(context, directory);
  assert.equal(again.firstSequence, dropped);
});

test("notes what is settled after a while, once", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const clock = new ManualClock();
  const spool = await openSmall(context, directory, {}, { clock });
  await spool.append(recordOf("a"), 0);
  await spool.append(recordOf("b"), 0);
  spool.trim(1);
  assert.equal(clock.timerCount, 1);
  clock.advance(100);
  assert.equal(clock.timerCount, 0);
  // The note is appended before this record, so it is durable with it.
  await spool.append(recordOf("c"), 0);
  spool.trim(2);
  await spool.close();
  assert.equal(clock.timerCount, 0);
  const again = await openSmall(context, directory);
  assert.deepEqual(await readAll(again), ["2/0:c"]);
});

test("refuses a second producer and another label", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const spool = await openSmall(context, directory, { label: "main.default.a" });
  await assert.rejects(openSmall(context, directory), hasCode("fenced", /another producer/));
  await spool.close();
  await assert.rejects(
    openSmall(context, directory, { label: "main.default.b" }),
    hasCode("invalid_argument", /"main.default.a", not for "main.default.b"/),
  );
  await (await openSmall(context, directory, { label: "main.default.a" })).close();
  await writeFile(join(directory, "spool.json"), '{"version":2,"label":""}');
  await assert.rejects(openSmall(context, directory), hasCode("unimplemented", /version 2/));
  await writeFile(join(directory, "spool.json"), "{");
  await assert.rejects(openSmall(context, directory), hasCode("data_loss"));
});

test("settles everything that waits when it is closed", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const spool = await openSmall(context, directory);
  const count = await fill(spool);
  const late = spool.append(recordOf("late", 9000), 0);
  const refused = assert.rejects(late, hasCode("closed"));
  const closing = spool.close();
  assert.equal(spool.close(), closing);
  await Promise.all([refused, closing]);
  await assert.rejects(spool.append(recordOf("later"), 0), hasCode("closed"));
  await assert.rejects(readAll(spool), hasCode("closed"));
  const again = await openSmall(context, directory);
  assert.equal(again.nextSequence, count);
});

test("refuses what it cannot take", async (context) => {
  const spool = await openSmall(context, await makeTemporaryDirectory(context));
  await assert.rejects(
    spool.append(Buffer.alloc(10_001), 0),
    hasCode("invalid_argument", /10001 bytes; the spool takes up to 10000/),
  );
  await assert.rejects(spool.append(recordOf("a"), 65_536), hasCode("invalid_argument", /slot/));
  await assert.rejects(spool.append("a" as never, 0), hasCode("invalid_argument", /bytes/));
  assert.equal(await spool.append(recordOf("a"), 0), 0);
});

test("does not run out of segments by being started again and again", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const expected: string[] = [];
  for (let start = 0; start < 12; start++) {
    const spool = await openSmall(context, directory, { whenFull: "refuse" });
    assert.deepEqual(await readAll(spool), expected);
    await spool.append(recordOf(`start ${start}`), 1);
    expected.push(`${start}/1:start ${start}`);
    if (start === 8) {
      spool.trim(5);
      expected.splice(0, 5);
    }
    await spool.close();
  }
  const names = await readdir(join(directory, "log"));
  let bytes = 0;
  for (const name of names) bytes += (await stat(join(directory, "log", name))).size;
  assert.ok(bytes <= SMALL.maxBytes, `${bytes}`);
});

test("says what is wrong with a log that is not a spool's", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  await (await openSmall(context, directory)).close();
  const log = await openLog(join(directory, "log"), { segmentBytes: 64 * 1024 });
  log.append(Buffer.from("not an entry"));
  await log.close();
  await assert.rejects(
    openSmall(context, directory),
    hasCode("data_loss", /move the directory away/),
  );
});

test("tells a disk that fails as unavailable", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const file = join(directory, "file");
  await writeFile(file, "");
  await assert.rejects(
    openSmall(context, join(file, "spool")),
    hasCode("unavailable", /check the disk/),
  );
});

/** Appends records of 9000 bytes until no further one is durable. */
async function fill(spool: Spool): Promise<number> {
  const { segmentBytes, maxSegmentCount } = { segmentBytes: 64 * 1024, maxSegmentCount: 3 };
  const perSegment = Math.floor((segmentBytes - 4096) / (3 * 4096));
  const count = perSegment * maxSegmentCount;
  for (let index = 0; index < count; index++) await spool.append(recordOf(`${index}`, 9000), 0);
  return count;
}

test("keeps its place over starts that find nothing to deliver", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  for (let start = 0; start < 8; start++) {
    const spool = await openSmall(context, directory);
    assert.deepEqual([spool.firstSequence, spool.nextSequence], [start, start]);
    await spool.append(recordOf("a"), 0);
    spool.trim(start + 1);
    await spool.close();
    const idle = await openSmall(context, directory);
    await idle.close();
  }
});

test("ends a reading whose records were all trimmed meanwhile", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const spool = await openSmall(context, directory, { maxTailBytes: 0 });
  const count = await fill(spool);
  const reading = spool.read(0)[Symbol.asyncIterator]();
  assert.equal((await reading.next()).value?.sequence, 0);
  spool.trim(count);
  let last: IteratorResult<unknown>;
  do last = await reading.next();
  while (last.done !== true);
  assert.equal(spool.depth.records, 0);
});
