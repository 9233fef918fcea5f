// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeCommit } from "../../../src/log/commit-codec.ts";
import { writeChecksum } from "../../../src/log/checksum.ts";
import { loadSnapshot } from "../../../src/log/load-snapshot.ts";
import {
  cleanUpLog,
  type LogCleanupOptions,
  type LogCleanupResult,
} from "../../../src/log/log-cleanup.ts";
import { commitPath, LOG_DIRECTORY, paddedVersion } from "../../../src/log/log-files.ts";
import { writeCheckpoint } from "../../../src/log/write-checkpoint.ts";
import { addOf } from "../../support/log-actions.ts";
import { firstActions } from "../../support/log-model.ts";
import { MemoryStore } from "../../support/memory-store.ts";

const DAY = 86_400_000;
/** Noon of the day 100. */
const NOW_MS = 100 * DAY + DAY / 2;

/** One version a day, from day 60 on, with checkpoints of the given versions. */
async function tableOf(
  checkpoints: readonly number[],
  configuration: Record<string, string> = {},
): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (let version = 0; version <= 40; version += 1) {
    store.nowMs = (60 + version) * DAY;
    const actions = version === 0 ? firstActions(configuration) : [addOf(`f${version}`, 1)];
    store.write(commitPath(version), encodeCommit(actions));
    const snapshot = await loadSnapshot(store);
    await writeChecksum(store, snapshot);
    if (checkpoints.includes(version)) {
      await writeCheckpoint(store, snapshot, { form: "v2", actionsPerSidecar: 2, nowMs: NOW_MS });
    }
  }
  return store;
}

async function cleanUp(
  store: MemoryStore,
  options: LogCleanupOptions = {},
): Promise<LogCleanupResult> {
  return cleanUpLog(store, await loadSnapshot(store), { nowMs: NOW_MS, ...options });
}

function versionsOf(store: MemoryStore, suffix: RegExp): number[] {
  return store
    .paths(`${LOG_DIRECTORY}/0`)
    .filter((path) => suffix.test(path))
    .map((path) => Number(path.slice(LOG_DIRECTORY.length + 1, LOG_DIRECTORY.length + 21)));
}

describe("cleaning up a log", () => {
  test("keeps the newest checkpoint before midnight of the day, its commit and what follows", async () => {
    // Midnight 30 days ago is day 70, whose commit is version 10.
    const store = await tableOf([4, 9, 12]);
    const compacted = [
      [2, 5],
      [9, 11],
      [10, 12],
    ].map(
      ([start = 0, end = 0]) =>
        `${LOG_DIRECTORY}/${paddedVersion(start)}.${paddedVersion(end)}.compacted.json`,
    );
    for (const path of compacted) store.write(path, encodeCommit([addOf("x", 1)]));
    const result = await cleanUp(store);
    assert.equal(result.earliestVersion, 9);
    assert.equal(result.isComplete, true);
    assert.equal(versionsOf(store, /\d{20}\.json$/)[0], 9);
    assert.equal(versionsOf(store, /\.crc$/)[0], 9);
    assert.deepEqual(versionsOf(store, /checkpoint/), [9, 12]);
    assert.deepEqual(versionsOf(store, /compacted/), [10]);
    assert.equal((await loadSnapshot(store, { version: 9 })).files.fileCount, 9);
    assert.equal((await loadSnapshot(store)).files.fileCount, 40);
    assert.deepEqual((await cleanUp(store)).deletedPaths, []);
  });

  test("takes a commit exactly at midnight for old enough", async () => {
    const store = await tableOf([10]);
    assert.equal((await cleanUp(store)).earliestVersion, 10);
    const later = await tableOf([11]);
    assert.equal((await cleanUp(later)).earliestVersion, undefined);
    assert.equal(versionsOf(later, /\d{20}\.json$/).length, 41);
  });

  test("deletes nothing where the property says so, or no checkpoint is old enough", async () => {
    const off = await tableOf([9], { "delta.enableExpiredLogCleanup": "false" });
    assert.deepEqual((await cleanUp(off)).deletedPaths, []);
    const long = await tableOf([9], { "delta.logRetentionDuration": "interval 52 weeks" });
    assert.deepEqual((await cleanUp(long)).deletedPaths, []);
  });

  test("deletes nothing that a damaged checkpoint would have to stand for", async () => {
    const store = await tableOf([4, 9]);
    const [path = ""] = store.paths(`${LOG_DIRECTORY}/${paddedVersion(9)}.checkpoint`);
    store.write(path, Buffer.from("damaged"));
    const result = await cleanUp(store);
    assert.equal(result.earliestVersion, 4);
    assert.equal((await loadSnapshot(store)).files.fileCount, 40);
  });

  test("only tells in a dry run, and stops at its limit with a log that can be read", async () => {
    const store = await tableOf([4, 9]);
    const before = store.paths("");
    const told = await cleanUp(store, { isDryRun: true });
    assert.deepEqual(store.paths(""), before);
    let runCount = 0;
    const deleted: string[] = [];
    for (let isComplete = false; !isComplete; runCount += 1) {
      const result = await cleanUp(store, { maxDeletionCount: 3 });
      assert.ok(result.deletedPaths.length <= 3);
      deleted.push(...result.deletedPaths);
      ({ isComplete } = result);
      assert.equal((await loadSnapshot(store)).files.fileCount, 40);
      assert.equal((await loadSnapshot(store, { version: 20 })).files.fileCount, 20);
    }
    assert.ok(runCount > 3);
    assert.deepEqual(deleted.toSorted(), [...told.deletedPaths].toSorted());
  });

  test("deletes sidecars that no checkpoint names, but none that is new", async () => {
    const store = await tableOf([4, 9]);
    const named = new Set(store.paths(`${LOG_DIRECTORY}/_sidecars`));
    store.nowMs = 99 * DAY - 1;
    store.write(`${LOG_DIRECTORY}/_sidecars/old.parquet`, Buffer.from("x"));
    store.nowMs = 99 * DAY;
    store.write(`${LOG_DIRECTORY}/_sidecars/new.parquet`, Buffer.from("x"));
    const { deletedPaths } = await cleanUp(store);
    const deleted = deletedPaths.filter((path) => path.includes("_sidecars"));
    // Those of the checkpoint of version 4, which is gone, and the old one.
    assert.equal(deleted.length, 2 + 1);
    assert.ok(deleted.includes(`${LOG_DIRECTORY}/_sidecars/old.parquet`));
    const left = store.paths(`${LOG_DIRECTORY}/_sidecars`);
    assert.ok(left.includes(`${LOG_DIRECTORY}/_sidecars/new.parquet`));
    assert.equal(left.filter((path) => named.has(path)).length, named.size - 2);
    assert.equal((await loadSnapshot(store, { version: 9 })).files.fileCount, 9);
  });
});
