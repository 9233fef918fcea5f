// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import type { Action } from "../../../src/log/actions.ts";
import { encodeCommit } from "../../../src/log/commit-codec.ts";
import { loadSnapshot, refreshSnapshot } from "../../../src/log/load-snapshot.ts";
import { commitPath, LOG_DIRECTORY, paddedVersion } from "../../../src/log/log-files.ts";
import type { Snapshot } from "../../../src/log/snapshot.ts";
import {
  type CheckpointOptions,
  withCheckpoint,
  writeCheckpoint,
} from "../../../src/log/write-checkpoint.ts";
import { jsonCheckpointOf, multiPartCheckpointOf } from "../../support/foreign-checkpoints.ts";
import {
  arbitraryCommits,
  firstActions,
  naiveState,
  plainStateOf,
  withReplacedFilesRemoved,
  writeCommits,
} from "../../support/log-model.ts";
import { MemoryStore } from "../../support/memory-store.ts";

/** Tombstones of this time and before have expired. */
const REMOVED_AFTER_MS = 10;
const RETENTION = { "delta.deletedFileRetentionDuration": "interval 90 milliseconds" };
const NOW_MS = 100;
const RUNS = { numRuns: 30 };

const OWN_FORMS: Readonly<Record<string, CheckpointOptions>> = {
  classic: { form: "classic" },
  "v2 without sidecars": { form: "v2" },
  "v2 with sidecars": { form: "v2", actionsPerSidecar: 1 },
  "v2 with a classic name": { form: "v2-classic-name", actionsPerSidecar: 2 },
};

/** Metadata that keeps the retention, whatever the commits say. */
function keepRetention(commits: readonly Action[][]): Action[][] {
  return commits.map((actions) =>
    actions.map((action) =>
      "metaData" in action
        ? {
            metaData: {
              ...action.metaData,
              configuration: { ...action.metaData.configuration, ...RETENTION },
            },
          }
        : action,
    ),
  );
}

async function assertState(
  store: MemoryStore,
  snapshot: Snapshot,
  commits: readonly (readonly Action[])[],
): Promise<void> {
  const expected = naiveState(commits, REMOVED_AFTER_MS);
  assert.deepEqual(await plainStateOf(store, snapshot, REMOVED_AFTER_MS), expected);
  assert.equal(snapshot.version, commits.length - 1);
  assert.equal(snapshot.files.fileCount, expected.files.length);
  let sizeBytes = 0;
  for (const file of snapshot.files) {
    sizeBytes += file.sizeBytes;
    assert.equal(snapshot.files.get(file.path)?.encodedPath, file.encodedPath);
  }
  assert.equal(snapshot.files.sizeBytes, sizeBytes);
}

/** Removes the commits up to a version, as a cleanup does, but for that of the version. */
function cleanUp(store: MemoryStore, version: number): void {
  for (let gone = 0; gone < version; gone += 1) store.objects.delete(commitPath(gone));
}

function scenario(): fc.Arbitrary<{ commits: Action[][]; at: number }> {
  return arbitraryCommits()
    .map((commits) => [
      firstActions(RETENTION),
      ...withReplacedFilesRemoved(keepRetention(commits)),
    ])
    .chain((commits) => fc.nat(commits.length - 1).map((at) => ({ commits, at })));
}

describe("replay of a log", () => {
  test("makes the state that reconciliation says, whole or step by step", async () => {
    await fc.assert(
      fc.asyncProperty(scenario(), async ({ commits, at }) => {
        const store = new MemoryStore();
        writeCommits(store, commits.slice(0, at + 1));
        let snapshot = await loadSnapshot(store);
        await assertState(store, snapshot, commits.slice(0, at + 1));
        writeCommits(store, commits.slice(at + 1), at + 1);
        const old = snapshot;
        snapshot = await refreshSnapshot(store, snapshot);
        await assertState(store, snapshot, commits);
        await assertState(store, old, commits.slice(0, at + 1));
        await assertState(
          store,
          await loadSnapshot(store, { version: at }),
          commits.slice(0, at + 1),
        );
      }),
      RUNS,
    );
  });

  for (const [name, options] of Object.entries(OWN_FORMS)) {
    test(`makes the same state through a checkpoint of our own: ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(scenario(), async ({ commits, at }) => {
          const store = new MemoryStore();
          writeCommits(store, commits.slice(0, at + 1));
          const base = await loadSnapshot(store);
          const checkpoint = await writeCheckpoint(store, base, { ...options, nowMs: NOW_MS });
          writeCommits(store, commits.slice(at + 1), at + 1);
          const rebased = await refreshSnapshot(store, withCheckpoint(base, checkpoint));
          cleanUp(store, at);
          const loaded = await loadSnapshot(store);
          assert.equal(loaded.tombstones.checkpoint?.version, at);
          await assertState(store, loaded, commits);
          await assertState(store, rebased, commits);
          // A second checkpoint takes over what the first one had.
          await writeCheckpoint(store, loaded, { ...options, nowMs: NOW_MS });
          const again = await loadSnapshot(store);
          assert.equal(again.tombstones.checkpoint?.version, commits.length - 1);
          await assertState(store, again, commits);
        }),
        RUNS,
      );
    });
  }

  test("makes the same state through checkpoints in parts and in JSON", async () => {
    await fc.assert(
      fc.asyncProperty(scenario(), fc.boolean(), async ({ commits, at }, isJson) => {
        const store = new MemoryStore();
        writeCommits(store, commits.slice(0, at + 1));
        const base = await loadSnapshot(store);
        const make = isJson ? jsonCheckpointOf : multiPartCheckpointOf;
        await make(store, base, REMOVED_AFTER_MS);
        writeCommits(store, commits.slice(at + 1), at + 1);
        cleanUp(store, at);
        const loaded = await loadSnapshot(store);
        assert.equal(loaded.tombstones.checkpoint?.form, isJson ? "uuid" : "multiPart");
        await assertState(store, loaded, commits);
      }),
      RUNS,
    );
  });

  test("makes the same state through compacted commits", async () => {
    await fc.assert(
      fc.asyncProperty(scenario(), async ({ commits, at }) => {
        const last = commits.length - 1;
        fc.pre(at >= 1 && at < last);
        const store = new MemoryStore();
        writeCommits(store, commits);
        const name = `${paddedVersion(at)}.${paddedVersion(last)}.compacted.json`;
        store.write(`${LOG_DIRECTORY}/${name}`, encodeCommit(compactedActions(commits.slice(at))));
        store.reads.length = 0;
        const loaded = await loadSnapshot(store);
        assert.ok(store.reads.includes(`${LOG_DIRECTORY}/${name}`));
        await assertState(store, loaded, commits);
      }),
      RUNS,
    );
  });
});

/** The last action of each key, as a compaction keeps them. */
function compactedActions(commits: readonly (readonly Action[])[]): Action[] {
  const last = new Map<string, Action>();
  for (const actions of commits) {
    const removesFirst = actions.toSorted(
      (one, other) => Number("add" in one) - Number("add" in other),
    );
    for (const action of removesFirst) {
      if ("commitInfo" in action) continue;
      last.set(compactionKey(action), action);
    }
  }
  return [...last.values()];
}

function compactionKey(action: Action): string {
  if ("add" in action || "remove" in action) {
    const { path, deletionVector } = "add" in action ? action.add : action.remove;
    return `file ${path} ${JSON.stringify(deletionVector && [deletionVector.storageType, deletionVector.pathOrInlineDv, deletionVector.offset])}`;
  }
  if ("txn" in action) return `txn ${action.txn.appId}`;
  if ("domainMetadata" in action) return `domain ${action.domainMetadata.domain}`;
  return Object.keys(action).join();
}
