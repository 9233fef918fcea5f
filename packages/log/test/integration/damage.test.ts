// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { LogError, openLog } from "../../src/index.ts";
import type { Log } from "../../src/index.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";

const SEGMENT_BYTES = 64 * 1024;
const FIRST_FRAME = 4096;

function nameOf(segmentIndex: number): string {
  return `segment-${String(segmentIndex).padStart(16, "0")}.log`;
}

async function openOn(disk: SimulatedDisk): Promise<Log> {
  return await openLog("simulated", { segmentBytes: SEGMENT_BYTES, storage: disk.openStorage() });
}

/** Entries of 10,000 bytes, each a frame of three alignments, five to a segment. */
async function fill(disk: SimulatedDisk, entryCount: number): Promise<number[]> {
  const log = await openOn(disk);
  const positions: number[] = [];
  for (let index = 0; index < entryCount; index += 1) {
    positions.push(log.append(Buffer.alloc(10_000, index + 1)));
    await log.sync();
  }
  await log.close();
  return positions;
}

function flip(disk: SimulatedDisk, segmentIndex: number, byteOffset: number): void {
  const bytes = disk.bytesOf(nameOf(segmentIndex));
  bytes[byteOffset] = (bytes[byteOffset] ?? 0) ^ 0x10;
}

async function assertDataLoss(disk: SimulatedDisk, file: string, byteOffset: number) {
  await assert.rejects(openOn(disk), (error) => {
    assert.ok(error instanceof LogError);
    assert.equal(error.code, "data_loss");
    assert.deepEqual(error.details, { file, byteOffset });
    assert.match(error.message, /Restore the directory/);
    return true;
  });
}

const FRAME_BYTES = 3 * 4096;
const DAMAGES: readonly (readonly [string, number])[] = [
  ["header", 20],
  ["payload", 5000],
];

for (const [part, at] of DAMAGES) {
  test(`refuses a damaged ${part} with a frame behind it in the last segment`, async () => {
    const disk = new SimulatedDisk(1);
    await fill(disk, 3);
    flip(disk, 0, FIRST_FRAME + at);
    await assertDataLoss(disk, nameOf(0), FIRST_FRAME);
  });

  test(`refuses a damaged ${part} at the end of a segment that is not the last`, async () => {
    const disk = new SimulatedDisk(1);
    await fill(disk, 7);
    flip(disk, 0, FIRST_FRAME + 4 * FRAME_BYTES + at);
    await assertDataLoss(disk, nameOf(0), FIRST_FRAME + 4 * FRAME_BYTES);
  });

  test(`discards a torn ${part} at the end and continues in the next segment`, async () => {
    const disk = new SimulatedDisk(1);
    const positions = await fill(disk, 3);
    flip(disk, 0, FIRST_FRAME + 2 * FRAME_BYTES + at);
    for (let restart = 0; restart < 3; restart += 1) {
      const log = await openOn(disk);
      assert.equal(log.recoveredPosition, positions[1]);
      assert.equal(log.segmentIndex, 1);
      await log.close();
    }
    const log = await openOn(disk);
    const position = log.append(Buffer.from("behind the torn tail"));
    await log.close();
    const reopened = await openOn(disk);
    assert.equal(reopened.recoveredPosition, position);
    const found: number[] = [];
    await reopened.replay(0, (_entry, at_) => {
      found.push(at_);
    });
    assert.deepEqual(found, [positions[0], positions[1], position]);
    await reopened.close();
  });
}

test("refuses a damaged first header of an early segment", async () => {
  const disk = new SimulatedDisk(1);
  await fill(disk, 7);
  flip(disk, 0, FIRST_FRAME + 20);
  await assertDataLoss(disk, nameOf(0), FIRST_FRAME);
});

test("refuses a damaged segment header", async () => {
  const disk = new SimulatedDisk(1);
  await fill(disk, 7);
  flip(disk, 1, 33);
  await assertDataLoss(disk, nameOf(1), 0);
});

test("refuses a missing segment", async () => {
  const disk = new SimulatedDisk(1);
  await fill(disk, 12);
  await disk.openStorage().remove(nameOf(1));
  await assertDataLoss(disk, nameOf(1), 0);
});

test("refuses a segment of another log", async () => {
  const disk = new SimulatedDisk(1);
  const other = new SimulatedDisk(2);
  await fill(disk, 7);
  await fill(other, 7);
  disk.bytesOf(nameOf(1)).set(other.bytesOf(nameOf(1)));
  await assertDataLoss(disk, nameOf(1), 0);
});

test("does not take a frame image inside an entry for a frame", async () => {
  const disk = new SimulatedDisk(1);
  await fill(disk, 2);
  const log = await openOn(disk);
  // The entry's 4096th byte lies where a frame could begin, behind header and prefix.
  const crafted = Buffer.alloc(16_000);
  crafted.set(disk.bytesOf(nameOf(0)).subarray(FIRST_FRAME, FIRST_FRAME + 8000), 4096 - 52);
  log.append(crafted);
  await log.close();
  flip(disk, 1, FIRST_FRAME + 100);
  const reopened = await openOn(disk);
  assert.equal(reopened.recoveredPosition, 20_008);
  await reopened.close();
});

test("ends a replay with data_loss when a frame was damaged after the open", async () => {
  const disk = new SimulatedDisk(1);
  await fill(disk, 3);
  const log = await openOn(disk);
  flip(disk, 0, FIRST_FRAME + FRAME_BYTES + 100);
  let visitCount = 0;
  await assert.rejects(
    log.replay(0, () => {
      visitCount += 1;
    }),
    (error) => error instanceof LogError && error.code === "data_loss",
  );
  assert.equal(visitCount, 1);
  await log.close();
});
