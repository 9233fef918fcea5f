// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Action } from "../../../src/log/actions.ts";
import type { ActiveFile } from "../../../src/log/file-set.ts";
import { replayCommits, type Snapshot } from "../../../src/log/snapshot.ts";
import { judgeTransaction } from "../../../src/table/conflicts.ts";
import type { CommitResult, TransactionRequest } from "../../../src/table/transaction-request.ts";
import {
  addOf,
  commitOf,
  metadataOf,
  removeOf,
  SCHEMA,
  tableActions,
} from "../../support/log-actions.ts";

const VECTOR = { storageType: "u", pathOrInlineDv: "ab", sizeInBytes: 1, cardinality: 1 };

/** A table with two files. */
const READ = replayCommits(undefined, [
  commitOf(0, tableActions()),
  commitOf(1, [addOf("a", 1), addOf("b", 2)]),
]);

function fileOf(snapshot: Snapshot, path: string): ActiveFile {
  const file = snapshot.files.get(path);
  assert.ok(file !== undefined);
  return file;
}

/** The judgement of a transaction when another writer has committed these actions in version 2. */
function judged(
  winner: readonly Action[],
  request: Partial<TransactionRequest>,
): CommitResult | undefined {
  const latest = replayCommits(READ, [commitOf(2, winner)]);
  return judgeTransaction(
    { readSnapshot: READ, operation: "TEST", ...request },
    { startedAt: READ, latest },
  );
}

function reasonOf(winner: readonly Action[], request: Partial<TransactionRequest>): string {
  const result = judged(winner, request);
  if (result === undefined) return "rebased";
  assert.ok(result.kind === "conflict", result.kind);
  assert.equal(result.version, 2);
  return result.reason;
}

describe("judgeTransaction", () => {
  test("rebases a blind append over appends and removals", () => {
    const append = { reads: "nothing" } as const;
    assert.equal(reasonOf([addOf("c", 1)], append), "rebased");
    assert.equal(reasonOf([removeOf("a")], append), "rebased");
  });

  test("rebases a compaction over appends and over removals of other files", () => {
    const compaction = { removes: [fileOf(READ, "a")], dataChange: false };
    assert.equal(reasonOf([addOf("c", 1)], compaction), "rebased");
    assert.equal(reasonOf([removeOf("b")], compaction), "rebased");
  });

  test("tells when a file to be removed is gone or has another deletion vector", () => {
    const removal = { removes: [fileOf(READ, "a")] };
    assert.equal(reasonOf([removeOf("a")], removal), "concurrentDelete");
    const marked = [removeOf("a"), addOf("a", 1, { deletionVector: VECTOR })];
    assert.equal(reasonOf(marked, removal), "concurrentDelete");
  });

  test("takes a file that was removed and added again as it was for the same", () => {
    assert.equal(
      reasonOf([removeOf("a"), addOf("a", 1)], { removes: [fileOf(READ, "a")] }),
      "rebased",
    );
  });

  test("tells what came or went of a table that was read as a whole", () => {
    const whole = { reads: "table" } as const;
    assert.equal(reasonOf([addOf("c", 1)], whole), "concurrentAppend");
    assert.equal(reasonOf([removeOf("a")], whole), "concurrentDelete");
    assert.equal(reasonOf([removeOf("a"), addOf("c", 1)], whole), "concurrentDelete");
    assert.equal(reasonOf([{ txn: { appId: "x", version: 1 } }], whole), "rebased");
  });

  test("tells a change of schema, of other metadata and of the protocol", () => {
    const more = { ...SCHEMA, fields: [...SCHEMA.fields, field("more")] };
    assert.equal(reasonOf([{ metaData: metadataOf(more) }], {}), "schemaChanged");
    assert.equal(reasonOf([{ metaData: metadataOf(SCHEMA, { a: "b" }) }], {}), "metadataChanged");
    assert.equal(reasonOf([{ metaData: metadataOf(SCHEMA) }], {}), "rebased");
    const protocol = { minReaderVersion: 1, minWriterVersion: 3 };
    assert.equal(reasonOf([{ protocol }], {}), "protocolChanged");
    const replaced = { ...metadataOf(SCHEMA), id: "11111111-0000-4000-8000-000000000000" };
    assert.equal(reasonOf([{ metaData: replaced }], {}), "tableReplaced");
  });

  test("tells a change of a domain that the transaction sets, and of no other", () => {
    const domain = { domain: "mine", configuration: "{}", removed: false };
    const own = { domains: [domain] };
    const set = [{ domainMetadata: { ...domain, configuration: "[]" } }];
    assert.equal(reasonOf(set, own), "domainChanged");
    assert.equal(reasonOf([{ domainMetadata: { ...domain, domain: "other" } }], own), "rebased");
  });

  test("tells who has committed the same application's txn", () => {
    const winner = [{ txn: { appId: "log", version: 5 } }];
    assert.deepEqual(judged(winner, { txn: { appId: "log", version: 5 } }), {
      kind: "alreadyCommitted",
      version: 2,
    });
    assert.equal(reasonOf(winner, { txn: { appId: "log", version: 6 } }), "txnChanged");
    assert.equal(reasonOf(winner, { txn: { appId: "other", version: 1 } }), "rebased");
  });
});

function field(name: string): (typeof SCHEMA.fields)[number] {
  return { name, type: "long", nullable: true, metadata: {} };
}
