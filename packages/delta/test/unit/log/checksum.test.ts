// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertChecksumMatches, verifySnapshot, writeChecksum } from "../../../src/log/checksum.ts";
import { encodeCommit } from "../../../src/log/commit-codec.ts";
import { loadSnapshot } from "../../../src/log/load-snapshot.ts";
import { checksumPath, commitPath } from "../../../src/log/log-files.ts";
import { addOf, metadataOf, removeOf, SCHEMA } from "../../support/log-actions.ts";
import { firstActions, writeCommits } from "../../support/log-model.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { rejectsWith } from "../../support/table-checks.ts";

function tableOf(): MemoryStore {
  const store = new MemoryStore();
  writeCommits(store, [
    firstActions(),
    [addOf("a", 1, { size: 7 }), addOf("b", 1, { size: 5 }), { txn: { appId: "x", version: 3 } }],
    [
      removeOf("b"),
      addOf("c", 1, { size: 11 }),
      { domainMetadata: { domain: "d", configuration: "{}", removed: false } },
    ],
  ]);
  return store;
}

function textOf(store: MemoryStore, version: number): Record<string, unknown> {
  const bytes = store.objects.get(checksumPath(version))?.bytes ?? new Uint8Array();
  return JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
}

describe("checksum of a version", () => {
  test("says what the table is, and is never replaced", async () => {
    const store = tableOf();
    const snapshot = await loadSnapshot(store);
    assert.deepEqual(await verifySnapshot(store, snapshot), { kind: "absent" });
    assert.equal(await writeChecksum(store, snapshot), true);
    assert.deepEqual(textOf(store, 2), {
      tableSizeBytes: 18,
      numFiles: 2,
      numMetadata: 1,
      numProtocol: 1,
      setTransactions: [{ appId: "x", version: 3 }],
      domainMetadata: [{ domain: "d", configuration: "{}", removed: false }],
      metadata: snapshot.metadata,
      protocol: snapshot.protocol,
    });
    assert.deepEqual(await verifySnapshot(store, snapshot), { kind: "matches" });
    await assertChecksumMatches(store, snapshot);
    store.write(checksumPath(2), Buffer.from("other"));
    assert.equal(await writeChecksum(store, snapshot), false);
    assert.equal(Buffer.from(store.objects.get(checksumPath(2))?.bytes ?? []).toString(), "other");
  });

  test("has the commit's own time where the table has them, and only there", async () => {
    const store = new MemoryStore();
    const protocol = {
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ["inCommitTimestamp"],
    };
    const metaData = metadataOf(SCHEMA, { "delta.enableInCommitTimestamps": "true" });
    writeCommits(store, [
      [{ commitInfo: { inCommitTimestamp: 77 } }, { protocol }, { metaData }],
      [addOf("a", 1)],
    ]);
    await writeChecksum(store, await loadSnapshot(store, { version: 0 }));
    assert.equal(textOf(store, 0)["inCommitTimestampOpt"], 77);
    // A writer that broke the rule: there is nothing true to write.
    assert.equal(await writeChecksum(store, await loadSnapshot(store)), false);
  });

  test("tells what differs, and refuses nothing that is loaded", async () => {
    const store = tableOf();
    const snapshot = await loadSnapshot(store);
    await writeChecksum(store, snapshot);
    store.write(commitPath(2), encodeCommit([addOf("c", 1, { size: 12 })]));
    const changed = await loadSnapshot(store);
    assert.deepEqual(await verifySnapshot(store, changed), {
      kind: "differs",
      differences: [
        { field: "tableSizeBytes", inChecksum: 18, inSnapshot: 24 },
        { field: "numFiles", inChecksum: 2, inSnapshot: 3 },
      ],
    });
    await rejectsWith(assertChecksumMatches(store, changed), "data_loss", /0002\.crc .*numFiles/);
    for (const text of ["", "[]", "{}", '{"numFiles":"x"}']) {
      store.write(checksumPath(2), Buffer.from(text));
      assert.equal((await verifySnapshot(store, changed)).kind, "unreadable", text);
    }
  });
});
