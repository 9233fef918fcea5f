// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { LogError, openLog } from "../../src/index.ts";
import type { Log } from "../../src/index.ts";
import { createAsynchronousSyncPolicy } from "../../src/core/sync-policy.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import type { DiskOperation } from "../support/simulated-disk.ts";

const OPTIONS = { segmentBytes: 64 * 1024, maxSpareSegmentCount: 4 };

function systemError(code: string): Error {
  return Object.assign(new Error(`simulated ${code}`), { code });
}

async function openOn(disk: SimulatedDisk, isBlocking = false): Promise<Log> {
  const syncPolicy = isBlocking
    ? { shouldBlock: () => true, record: () => undefined }
    : createAsynchronousSyncPolicy();
  const log = await openLog("simulated", { ...OPTIONS, storage: disk.openStorage(), syncPolicy });
  // A trim ends when the maintenance that follows an open is through.
  await log.trim(0);
  return log;
}

function hasCode(code: string) {
  return (error: unknown): boolean => error instanceof LogError && error.code === code;
}

for (const operation of ["write", "sync"] satisfies DiskOperation[]) {
  for (const isBlocking of [false, true]) {
    const manner = isBlocking ? "on the calling thread" : "on the thread pool";
    test(`fails for good when a ${operation} ${manner} fails, and does not repeat it`, async () => {
      const disk = new SimulatedDisk(1);
      const log = await openOn(disk, isBlocking);
      log.append(Buffer.from("kept"));
      await log.sync();
      const durablePosition = log.durablePosition;
      const failures: LogError[] = [];
      log.onFailure((error) => failures.push(error));
      log.onDurable(() => assert.fail("reported durable after a fault"));
      let attemptCount = 0;
      disk.fault = (attempted) => {
        if (attempted !== operation) return undefined;
        attemptCount += 1;
        return attemptCount === 1 ? systemError("EIO") : undefined;
      };
      log.append(Buffer.from("lost"));
      const syncing = log.sync();
      await assert.rejects(syncing, hasCode("unavailable"));
      assert.equal(attemptCount, 1);
      assert.equal(failures.length, 1);
      assert.equal(failures[0]?.details.systemCode, "EIO");
      assert.match(failures[0]?.details.file ?? "", /^segment-/);
      assert.equal(log.state, "failed");
      assert.equal(log.durablePosition, durablePosition);
      assert.throws(() => log.append(Buffer.from("more")), hasCode("unavailable"));
      assert.throws(() => log.reserve(1), hasCode("unavailable"));
      await assert.rejects(log.sync(), hasCode("unavailable"));
      let lateFailure: LogError | undefined;
      log.onFailure((error) => {
        lateFailure = error;
      });
      assert.equal(lateFailure, failures[0]);
      await log.close();
      assert.equal(log.state, "closed");
    });
  }
}

test("makes durable at the next open what a failed sync left in memory only", async () => {
  const disk = new SimulatedDisk(2);
  const log = await openOn(disk);
  log.append(Buffer.from("unsynced"));
  disk.fault = (operation) => (operation === "sync" ? systemError("EIO") : undefined);
  await assert.rejects(log.sync());
  await log.close();
  disk.killProcess();
  const second = await openOn(disk);
  const recoveredPosition = second.recoveredPosition;
  assert.ok(recoveredPosition > 0);
  disk.failPower();
  const third = await openOn(disk);
  assert.equal(third.recoveredPosition, recoveredPosition);
  await third.close();
});

test("rejects a close that cannot make durable what was appended", async () => {
  const disk = new SimulatedDisk(3);
  const log = await openOn(disk);
  disk.fault = (operation) => (operation === "sync" ? systemError("EIO") : undefined);
  log.append(Buffer.from("lost"));
  await assert.rejects(log.close(), hasCode("unavailable"));
  disk.fault = undefined;
  await (await openOn(disk)).close();
});

test("goes on while the disk is full ahead, and stops when it needs the space", async () => {
  const disk = new SimulatedDisk(4);
  disk.fault = undefined;
  const log = await openOn(disk);
  disk.fault = (operation) => (operation === "create" ? systemError("ENOSPC") : undefined);
  const entry = Buffer.alloc(20_000);
  // Two segments exist: the current one and the one made ahead.
  for (let index = 0; index < 4; index += 1) {
    log.append(entry);
    await log.sync();
  }
  assert.equal(log.state, "open");
  const durablePosition = log.durablePosition;
  for (let index = 0; index < 4; index += 1) log.append(entry);
  await assert.rejects(log.sync(), hasCode("disk_full"));
  assert.ok(log.durablePosition >= durablePosition);
  assert.equal(log.state, "failed");
  await log.close();
});

test("uses a trimmed segment when the disk is full", async () => {
  const disk = new SimulatedDisk(5);
  const log = await openOn(disk);
  disk.fault = (operation) => (operation === "create" ? systemError("ENOSPC") : undefined);
  const entry = Buffer.alloc(20_000);
  for (let index = 0; index < 60; index += 1) {
    const position = log.append(entry);
    await log.sync();
    await log.trim(position);
  }
  assert.equal(log.state, "open");
  await log.close();
});

test("fails when the directory cannot be synced", async () => {
  const disk = new SimulatedDisk(6);
  const log = await openOn(disk);
  const failure = new Promise<LogError>((resolve) => log.onFailure(resolve));
  disk.fault = (operation) => (operation === "syncDirectory" ? systemError("EIO") : undefined);
  const entry = Buffer.alloc(40_000);
  log.append(entry);
  log.append(entry);
  assert.equal((await failure).code, "unavailable");
  await log.close();
});

test("reports a full disk when there is no room for the first segment", async () => {
  const disk = new SimulatedDisk(7);
  disk.fault = (operation) => (operation === "write" ? systemError("ENOSPC") : undefined);
  await assert.rejects(openOn(disk), hasCode("disk_full"));
  disk.fault = undefined;
  assert.deepEqual(disk.names(), []);
  await (await openOn(disk)).close();
});

test("goes on when a listener throws", async (context) => {
  const disk = new SimulatedDisk(8);
  const log = await openOn(disk);
  const thrown: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => thrown.push(error));
  context.after(() => {
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
  });
  const mistake = new Error("a listener's mistake");
  log.onDurable(() => {
    throw mistake;
  });
  log.append(Buffer.from("entry"));
  await log.sync();
  await log.close();
  assert.deepEqual(thrown, [mistake]);
});
