// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeCommit } from "../../../src/log/commit-codec.ts";
import { readLastCheckpoint } from "../../../src/log/last-checkpoint.ts";
import { loadSnapshot } from "../../../src/log/load-snapshot.ts";
import { commitPath, LAST_CHECKPOINT_PATH, LOG_DIRECTORY } from "../../../src/log/log-files.ts";
import {
  isCheckpointDue,
  withCheckpoint,
  writeCheckpoint,
} from "../../../src/log/write-checkpoint.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { addOf, metadataOf, PROTOCOL, removeOf } from "../../support/log-actions.ts";
import { firstActions, plainStateOf, writeCommits } from "../../support/log-model.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { rejectsWith } from "../../support/table-checks.ts";

function tableOf(versionCount: number, configuration: Record<string, string> = {}): MemoryStore {
  const store = new MemoryStore();
  const later = Array.from({ length: versionCount - 1 }, (_, index) => [addOf(`f${index + 1}`, 1)]);
  writeCommits(store, [firstActions(configuration), ...later]);
  return store;
}

describe("writing a checkpoint", () => {
  test("leaves one checkpoint where writers race, and a hint to it", async () => {
    const store = tableOf(4);
    const snapshots = await Promise.all([1, 2, 3].map(async () => loadSnapshot(store)));
    const written = await Promise.all(
      snapshots.map(async (snapshot) => writeCheckpoint(store, snapshot, { form: "classic" })),
    );
    assert.equal(new Set(written.map(({ names }) => names.join())).size, 1);
    assert.equal(
      store.paths(`${LOG_DIRECTORY}/0`).filter((path) => /checkpoint/.test(path)).length,
      1,
    );
    assert.equal((await readLastCheckpoint(store))?.version, 3);
    assert.equal((await loadSnapshot(store)).files.fileCount, 3);
  });

  test("removes its sidecars where another checkpoint was there first", async () => {
    const store = tableOf(4);
    const snapshot = await loadSnapshot(store);
    await writeCheckpoint(store, snapshot, { form: "classic" });
    await writeCheckpoint(store, snapshot, { form: "v2-classic-name", actionsPerSidecar: 1 });
    assert.deepEqual(store.paths(`${LOG_DIRECTORY}/_sidecars`), []);
  });

  test("never moves the hint back, unless it is of another table", async () => {
    const store = tableOf(6);
    const old = await loadSnapshot(store, { version: 2 });
    await writeCheckpoint(store, await loadSnapshot(store), { form: "classic" });
    await writeCheckpoint(store, old, { form: "classic" });
    assert.equal((await readLastCheckpoint(store))?.version, 5);
    store.write(LAST_CHECKPOINT_PATH, Buffer.from('{"version":99,"size":1}'));
    await writeCheckpoint(store, await loadSnapshot(store, { version: 3 }), { form: "classic" });
    assert.equal((await readLastCheckpoint(store))?.version, 3);
  });

  test("refuses a version that is not in the log any more, and forms that the table lacks", async () => {
    const store = tableOf(4);
    const snapshot = await loadSnapshot(store);
    store.write(commitPath(3), encodeCommit([addOf("other", 1)]));
    await rejectsWith(writeCheckpoint(store, snapshot), "not_found", /version 3 .* replaced/);
    const plain = new MemoryStore();
    writeCommits(plain, [
      [{ protocol: PROTOCOL }, { metaData: metadataOf(parseColumnList("id BIGINT")) }],
    ]);
    await rejectsWith(
      writeCheckpoint(plain, await loadSnapshot(plain), { form: "v2" }),
      "invalid_argument",
      /v2Checkpoint/,
    );
  });

  test("is due when the interval has passed since the last one", async () => {
    const store = tableOf(8, { "delta.checkpointInterval": "3" });
    assert.equal(isCheckpointDue(await loadSnapshot(store, { version: 2 })), false);
    const snapshot = await loadSnapshot(store, { version: 3 });
    assert.equal(isCheckpointDue(snapshot), true);
    const checkpoint = await writeCheckpoint(store, snapshot);
    assert.equal(isCheckpointDue(withCheckpoint(snapshot, checkpoint)), false);
    assert.equal(isCheckpointDue(await loadSnapshot(store, { version: 5 })), false);
    assert.equal(isCheckpointDue(await loadSnapshot(store)), true);
  });

  test("finds tombstones again where the checkpoint that had them is gone", async () => {
    const store = tableOf(6);
    store.write(commitPath(3), encodeCommit([removeOf("f1", { deletionTimestamp: 50 })]));
    const options = { form: "classic", nowMs: 100 } as const;
    await writeCheckpoint(store, await loadSnapshot(store, { version: 4 }), options);
    const snapshot = await loadSnapshot(store);
    assert.equal(snapshot.tombstones.checkpoint?.version, 4);
    for (const path of store.paths(`${LOG_DIRECTORY}/0`)) {
      if (/checkpoint/.test(path)) store.objects.delete(path);
    }
    await writeCheckpoint(store, snapshot, options);
    for (let version = 0; version < 5; version += 1) store.objects.delete(commitPath(version));
    assert.deepEqual((await plainStateOf(store, await loadSnapshot(store), 0)).tombstones, ["f1 "]);
  });

  test("drops transactions that have expired by the table's property", async () => {
    const store = tableOf(2, {
      "delta.setTransactionRetentionDuration": "interval 10 milliseconds",
    });
    const txns = [
      { appId: "old", version: 1, lastUpdated: 90 },
      { appId: "new", version: 2, lastUpdated: 91 },
      { appId: "ageless", version: 3 },
    ];
    store.write(commitPath(2), encodeCommit(txns.map((txn) => ({ txn }))));
    await writeCheckpoint(store, await loadSnapshot(store), { nowMs: 100 });
    const loaded = await loadSnapshot(store);
    assert.deepEqual([...loaded.txns.keys()], ["new", "ageless"]);
  });
});

describe("statistics in columns", () => {
  test("come back as the text that they were, with all digits", async () => {
    const schema = parseColumnList(
      "id BIGINT, price DECIMAL(38,10), at TIMESTAMP, local TIMESTAMP_NTZ, day DATE, name STRING, score DOUBLE, ok BOOLEAN, s STRUCT<x: INT, l: ARRAY<INT>>",
    );
    const configuration = {
      "delta.checkpoint.writeStatsAsStruct": "true",
      "delta.checkpoint.writeStatsAsJson": "false",
    };
    const stats =
      '{"numRecords":3,"minValues":{"id":-9223372036854775808,"price":-1234567890123456789012345678.0123456789,"at":"2024-02-29T12:30:00.123Z","local":"1969-12-31T23:59:59.999","day":"2024-02-29","name":"a \\"quoted\\" 1","score":-0.5,"s":{"x":1}},"maxValues":{"id":9007199254740993,"price":0.0000000001,"at":"2024-03-01T00:00:00.000Z","local":"2024-03-01T00:00:00.000","day":"2024-03-01","name":"é","score":1e+300,"s":{"x":2}},"nullCount":{"id":0,"price":1,"at":0,"local":0,"day":0,"name":2,"score":0,"ok":3,"s":{"x":1,"l":2}},"tightBounds":true}';
    const store = new MemoryStore();
    const protocol = {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ["timestampNtz"],
      writerFeatures: ["timestampNtz"],
    };
    writeCommits(store, [
      [{ protocol }, { metaData: metadataOf(schema, configuration) }],
      [
        addOf("a", 3, { stats }),
        addOf("b", 0, { stats: "no JSON" }),
        addOf("c", 0, { stats: null }),
      ],
    ]);
    await writeCheckpoint(store, await loadSnapshot(store));
    const { files } = await loadSnapshot(store);
    const text = files.get("a")?.stats ?? "";
    assert.deepEqual(JSON.parse(text), JSON.parse(stats));
    for (const number of [
      "-9223372036854775808",
      "9007199254740993",
      "-1234567890123456789012345678.0123456789",
    ]) {
      assert.ok(text.includes(number), text);
    }
    assert.equal(files.get("a")?.rowCount, 3);
    assert.equal(files.get("b")?.stats, undefined);
    assert.equal(files.get("c")?.stats, undefined);
  });
});
