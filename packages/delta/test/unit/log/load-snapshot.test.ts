// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import type { Action } from "../../../src/log/actions.ts";
import { encodeCommit } from "../../../src/log/commit-codec.ts";
import { printLastCheckpoint } from "../../../src/log/last-checkpoint.ts";
import { loadSnapshot, refreshSnapshot } from "../../../src/log/load-snapshot.ts";
import {
  commitPath,
  LAST_CHECKPOINT_PATH,
  LOG_DIRECTORY,
  paddedVersion,
} from "../../../src/log/log-files.ts";
import type { Snapshot } from "../../../src/log/snapshot.ts";
import { writeCheckpoint } from "../../../src/log/write-checkpoint.ts";
import { addOf, metadataOf, SCHEMA } from "../../support/log-actions.ts";
import { firstActions } from "../../support/log-model.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { rejectsWith } from "../../support/table-checks.ts";

/** Version v has the files 1 to v; committed at v * 1000 ms. */
function tableOf(versionCount: number): MemoryStore {
  const store = new MemoryStore();
  for (let version = 0; version < versionCount; version += 1) addVersion(store, version);
  return store;
}

function addVersion(store: MemoryStore, version: number): void {
  const actions = version === 0 ? firstActions() : [addOf(`f${version}`, 1)];
  store.nowMs = version * 1000;
  store.write(commitPath(version), encodeCommit(actions));
}

function fileCountOf({ files }: Snapshot): number {
  return files.fileCount;
}

async function checkpointAt(store: MemoryStore, version: number): Promise<string> {
  const snapshot = await loadSnapshot(store, { version });
  const { names } = await writeCheckpoint(store, snapshot, { form: "classic", nowMs: 0 });
  return `${LOG_DIRECTORY}/${names[0] ?? ""}`;
}

function removeCommits(store: MemoryStore, from: number, to: number): void {
  for (let version = from; version <= to; version += 1) store.objects.delete(commitPath(version));
}

function corrupt(
  store: MemoryStore,
  path: string,
  change: (bytes: Uint8Array) => Uint8Array,
): void {
  store.write(path, change(new Uint8Array(store.objects.get(path)?.bytes ?? [])));
}

describe("loading a table", () => {
  test("lists only from the checkpoint that _last_checkpoint names", async () => {
    const store = tableOf(8);
    await checkpointAt(store, 5);
    store.lists.length = 0;
    store.reads.length = 0;
    const snapshot = await loadSnapshot(store);
    assert.equal(snapshot.version, 7);
    assert.equal(fileCountOf(snapshot), 7);
    assert.deepEqual(store.lists, [paddedVersion(5)]);
    assert.equal(store.reads.includes(commitPath(4)), false);
  });

  test("takes _last_checkpoint for a hint: whatever it says, the table is the same", async () => {
    for (const text of [
      "",
      "{",
      printLastCheckpoint({ version: 3 }),
      printLastCheckpoint({ version: 999 }),
      printLastCheckpoint({ version: 6, size: 1 }),
      '{"version":2,"checksum":"wrong"}',
    ]) {
      const store = tableOf(8);
      await checkpointAt(store, 2);
      await checkpointAt(store, 5);
      store.write(LAST_CHECKPOINT_PATH, Buffer.from(text));
      const snapshot = await loadSnapshot(store);
      assert.equal(snapshot.version, 7, text);
      assert.equal(fileCountOf(snapshot), 7, text);
    }
  });

  test("sees commits that a listing does not give yet", async () => {
    const store = tableOf(8);
    await checkpointAt(store, 5);
    for (const version of [6, 7]) store.hidden.add(commitPath(version));
    assert.equal((await loadSnapshot(store)).version, 7);
    store.hidden.clear();
    // A later one is listed, one before it is not.
    store.hidden.add(commitPath(6));
    assert.equal(fileCountOf(await loadSnapshot(store)), 7);
  });

  test("passes over checkpoints that are damaged, for an older one or for the commits", async () => {
    const damages: ((bytes: Uint8Array) => Uint8Array)[] = [
      () => new Uint8Array(0),
      (bytes) => bytes.subarray(0, bytes.length - 100),
      (bytes) => bytes.fill(0xff, 4, 2000),
      (bytes) => bytes.fill(0, bytes.length - 4000, bytes.length - 8),
    ];
    for (const [index, damage] of damages.entries()) {
      const store = tableOf(8);
      await checkpointAt(store, 2);
      corrupt(store, await checkpointAt(store, 5), damage);
      const snapshot = await loadSnapshot(store);
      assert.equal(snapshot.tombstones.checkpoint?.version, 2, `damage ${index}`);
      assert.equal(fileCountOf(snapshot), 7);
      store.objects.delete(`${LOG_DIRECTORY}/${paddedVersion(2)}.checkpoint.parquet`);
      assert.equal((await loadSnapshot(store)).tombstones.checkpoint, undefined);
      removeCommits(store, 0, 4);
      await rejectsWith(loadSnapshot(store), "data_loss", /0005\.checkpoint\.parquet/);
    }
  });

  test("passes over a checkpoint that lies about its version, or names what is not there", async () => {
    const uuid = "80a083e8-7026-4e79-81be-64bd76c43a11";
    const lies: object[][] = [
      [{ checkpointMetadata: { version: 4 } }, ...firstActions()],
      [
        { checkpointMetadata: { version: 5 } },
        { protocol: { minReaderVersion: 1, minWriterVersion: 1 } },
      ],
      [
        { checkpointMetadata: { version: 5 } },
        ...firstActions(),
        { sidecar: { path: "gone.parquet", sizeInBytes: 100, modificationTime: 1 } },
      ],
      [{ checkpointMetadata: { version: 5 } }, ...firstActions(), { add: { path: 5 } }],
    ];
    for (const lines of lies) {
      const store = tableOf(8);
      const path = `${LOG_DIRECTORY}/${paddedVersion(5)}.checkpoint.${uuid}.json`;
      store.write(path, encodeCommit(lines as Action[]));
      assert.equal(fileCountOf(await loadSnapshot(store)), 7);
      removeCommits(store, 0, 4);
      await rejectsWith(loadSnapshot(store), "data_loss", /checkpoint|gone\.parquet/);
    }
  });

  test("names the commit that is missing, damaged or of the future", async () => {
    const store = tableOf(8);
    store.objects.delete(commitPath(3));
    await rejectsWith(loadSnapshot(store), "data_loss", /0003\.json/);
    store.write(commitPath(3), Buffer.from('{"add":'));
    await rejectsWith(loadSnapshot(store), "data_loss", /0003\.json, line 1/);
    const future = { minReaderVersion: 4, minWriterVersion: 8 };
    store.write(commitPath(3), encodeCommit([{ protocol: future }]));
    await rejectsWith(loadSnapshot(store), "unsupported", /reader version 4/);
    await rejectsWith(loadSnapshot(new MemoryStore()), "not_found", /no Delta table/);
  });

  test("reads the commits where a compacted file is damaged", async () => {
    const store = tableOf(6);
    const name = `${paddedVersion(2)}.${paddedVersion(4)}.compacted.json`;
    store.write(`${LOG_DIRECTORY}/${name}`, Buffer.from("{"));
    assert.equal(fileCountOf(await loadSnapshot(store)), 5);
    store.objects.delete(commitPath(3));
    await rejectsWith(loadSnapshot(store), "data_loss", /compacted\.json/);
  });

  test("refuses versions above 2^53, and takes versions of any length below", async () => {
    const store = tableOf(2);
    store.write(`${LOG_DIRECTORY}/99999999999999999999.json`, encodeCommit([addOf("x", 1)]));
    await rejectsWith(loadSnapshot(store), "unsupported", /above 2\^53/);
  });
});

describe("loading a version", () => {
  test("gives each version that is left, and says which those are", async () => {
    const store = tableOf(8);
    await checkpointAt(store, 2);
    await checkpointAt(store, 5);
    for (let version = 0; version < 8; version += 1) {
      const snapshot = await loadSnapshot(store, { version });
      assert.equal(snapshot.version, version);
      assert.equal(fileCountOf(snapshot), version);
    }
    removeCommits(store, 0, 3);
    store.objects.delete(`${LOG_DIRECTORY}/${paddedVersion(2)}.checkpoint.parquet`);
    assert.equal(fileCountOf(await loadSnapshot(store, { version: 6 })), 6);
    await assert.rejects(loadSnapshot(store, { version: 4 }), (error) => {
      assert.ok(error instanceof DeltaError);
      assert.equal(error.code, "not_found");
      assert.match(error.message, /version 4 .* earliest one that is left is 5/);
      assert.deepEqual(error.details, { version: 4, earliestVersion: 5, newestVersion: 7 });
      return true;
    });
    await rejectsWith(loadSnapshot(store, { version: 8 }), "not_found", /newest one is 7/);
    await rejectsWith(loadSnapshot(store, { version: -1 }), "invalid_argument", /-1/);
    await rejectsWith(
      loadSnapshot(store, { version: 1, timestampMs: 1 }),
      "invalid_argument",
      /not both/,
    );
  });

  test("finds a version that a listing does not give yet", async () => {
    const store = tableOf(5);
    store.hidden.add(commitPath(4));
    assert.equal((await loadSnapshot(store, { version: 4 })).version, 4);
  });
});

describe("loading a time", () => {
  async function versionAt(store: MemoryStore, timestampMs: number): Promise<number> {
    return (await loadSnapshot(store, { timestampMs, nowMs: 1e9 })).version;
  }

  test("goes by the times of the commit files, made to rise", async () => {
    const store = tableOf(6);
    assert.equal(await versionAt(store, 0), 0);
    assert.equal(await versionAt(store, 2999), 2);
    assert.equal(await versionAt(store, 3000), 3);
    assert.equal(await versionAt(store, 1e8), 5);
    // A clock that was set back: version 4 counts as a millisecond after version 3.
    store.nowMs = 10;
    store.write(commitPath(4), encodeCommit([addOf("f4", 1)]));
    assert.equal(await versionAt(store, 3000), 3);
    assert.equal(await versionAt(store, 3001), 4);
    await rejectsWith(
      loadSnapshot(store, { timestampMs: 2e9, nowMs: 1e9 }),
      "invalid_argument",
      /yet to come/,
    );
  });

  test("names the earliest version that is left", async () => {
    const store = tableOf(6);
    await checkpointAt(store, 3);
    removeCommits(store, 0, 2);
    assert.equal(await versionAt(store, 3500), 3);
    await rejectsWith(
      loadSnapshot(store, { timestampMs: 2000 }),
      "not_found",
      /earliest version that is left is 3/,
    );
  });

  test("goes by the times that commits carry, from the version on that has them", async () => {
    const store = tableOf(3);
    const protocol = {
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ["inCommitTimestamp"],
    };
    const configuration = {
      "delta.enableInCommitTimestamps": "true",
      "delta.inCommitTimestampEnablementVersion": "3",
      "delta.inCommitTimestampEnablementTimestamp": "50000",
    };
    store.write(
      commitPath(3),
      encodeCommit([
        { commitInfo: { inCommitTimestamp: 50_000 } },
        { protocol },
        { metaData: metadataOf(SCHEMA, configuration) },
      ]),
    );
    for (const version of [4, 5, 6]) {
      const commitInfo = { inCommitTimestamp: 46_000 + version * 1000 + 1 };
      store.write(commitPath(version), encodeCommit([{ commitInfo }, addOf(`f${version}`, 1)]));
    }
    const newest = await loadSnapshot(store);
    assert.equal(newest.inCommitTimestampMs, 52_001);
    assert.equal(await versionAt(store, 2500), 2);
    // Versions before it do not count after it, whatever the times of their files.
    assert.equal(await versionAt(store, 49_999), 2);
    assert.equal(await versionAt(store, 50_000), 4 - 1);
    assert.equal(await versionAt(store, 51_500), 5);
    assert.equal(await versionAt(store, 1e6), 6);
    await checkpointAt(store, 6);
    assert.equal((await loadSnapshot(store)).inCommitTimestampMs, 52_001);
  });
});

describe("refreshing a table", () => {
  test("catches up over many commits", async () => {
    const store = tableOf(2);
    const known = await loadSnapshot(store);
    for (let version = 2; version < 60; version += 1) addVersion(store, version);
    const refreshed = await refreshSnapshot(store, known);
    assert.equal(refreshed.version, 59);
    assert.equal(fileCountOf(refreshed), 59);
    assert.equal(fileCountOf(known), 1);
  });
});
