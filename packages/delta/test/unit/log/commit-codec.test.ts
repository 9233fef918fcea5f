// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeCommit, parseCommit } from "../../../src/log/commit-codec.ts";
import { DeltaError } from "../../../src/delta-error.ts";
import { addOf, commitBytes, PROTOCOL, tableActions } from "../../support/log-actions.ts";

function damage(bytes: Uint8Array | string): DeltaError {
  try {
    parseCommit(7, Buffer.from(bytes));
  } catch (error) {
    assert.ok(error instanceof DeltaError);
    assert.equal(error.code, "data_loss");
    assert.match(error.message, /00000000000000000007\.json/);
    return error;
  }
  return assert.fail("the commit was accepted");
}

describe("commit codec", () => {
  test("reads back what it writes", () => {
    const actions = [
      ...tableActions(),
      { txn: { appId: "log", version: 3, lastUpdated: 9 } },
      addOf("a.parquet", 5),
    ];
    const commit = parseCommit(0, encodeCommit(actions));
    assert.deepEqual(commit.protocol, PROTOCOL);
    assert.deepEqual(commit.txns, [{ appId: "log", version: 3, lastUpdated: 9 }]);
    assert.equal(commit.adds[0]?.path, "a.parquet");
    assert.equal(commit.adds[0]?.stats, '{"numRecords":5}');
    assert.equal(commit.commitInfo?.operation, "CREATE TABLE");
  });

  test("ignores unknown actions and fields, nulls, blank lines and a missing last newline", () => {
    const text = [
      '{"sparkle":{"x":1}}',
      "",
      '{"add":{"path":"p","partitionValues":{},"size":1,"modificationTime":2,"dataChange":true,"stats":null,"later":[1]},"remove":null}',
      '{"cdc":{"path":"c"}}',
    ].join("\n");
    const commit = parseCommit(7, Buffer.from(text));
    assert.equal(commit.adds.length, 1);
    assert.equal(commit.removes.length, 0);
    assert.equal(commit.adds[0]?.stats, undefined);
  });

  test("names the line that is not JSON", () => {
    assert.match(
      damage('{"commitInfo":{}}\n{"add":{"path":"x').message,
      /line 2: the line is not valid JSON/,
    );
    assert.deepEqual(damage("{}\n[]\n").details, { file: "00000000000000000007.json", line: 2 });
  });

  test("names the field that is missing or of another type", () => {
    assert.match(damage('{"add":{"partitionValues":{},"size":1}}').message, /"add" has no "path"/);
    assert.match(
      damage(
        '{"add":{"path":"p","partitionValues":{},"size":"1","modificationTime":1,"dataChange":true}}',
      ).message,
      /"add\.size" must be a whole number/,
    );
    assert.match(
      damage('{"add":{"path":"p","partitionValues":{"a":1},"size":1}}').message,
      /"add\.partitionValues" must be a map of texts/,
    );
    assert.match(damage('{"txn":{"appId":"a"}}').message, /"txn" has no "version"/);
    assert.match(damage('{"metaData":7}').message, /"metaData" must be an object/);
    assert.match(
      damage('{"protocol":{"minReaderVersion":3,"minWriterVersion":7}}').message,
      /without "readerFeatures"/,
    );
  });

  test("refuses what a commit must not hold twice", () => {
    const add =
      '{"add":{"path":"p","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}}\n';
    assert.match(damage(add + add).message, /line 2: a second add of the path "p"/);
    const txn = '{"txn":{"appId":"a","version":1}}\n';
    assert.match(damage(txn + txn).message, /a second txn of the appId "a"/);
    const protocol = '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n';
    assert.match(damage(protocol + protocol).message, /a second protocol action/);
  });

  test("refuses empty files and text that is not UTF-8", () => {
    assert.match(damage("").message, /is empty/);
    assert.match(damage("\n \n").message, /is empty/);
    assert.match(damage(Uint8Array.of(0x7b, 0xff, 0x7d)).message, /is not valid UTF-8/);
  });

  test("refuses every torn prefix of a commit or reads only whole lines of it", () => {
    const bytes = commitBytes([addOf("a.parquet", 1), addOf("b.parquet", 2)]);
    const lineEnd = bytes.indexOf(0x0a);
    for (let length = 1; length < bytes.length - 1; length += 1) {
      const torn = bytes.subarray(0, length);
      if (length === lineEnd || length === lineEnd + 1) {
        assert.equal(parseCommit(7, torn).adds.length, 1);
      } else {
        assert.equal(damage(torn).code, "data_loss");
      }
    }
  });
});
