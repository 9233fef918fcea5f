// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import { durationMs, logPropertiesOf } from "../../../src/log/table-properties.ts";
import { metadataOf, SCHEMA } from "../../support/log-actions.ts";

describe("properties of a log", () => {
  test("have the protocol's defaults", () => {
    assert.deepEqual(logPropertiesOf(metadataOf(SCHEMA)), {
      checkpointInterval: 10,
      logRetentionMs: 30 * 86_400_000,
      deletedFileRetentionMs: 7 * 86_400_000,
      setTransactionRetentionMs: undefined,
      isLogCleanupOn: true,
      writesStatsAsJson: true,
      writesStatsAsStruct: false,
    });
  });

  test("are taken as Spark writes them", () => {
    const cases: [string, number][] = [
      ["interval 30 days", 30 * 86_400_000],
      ["INTERVAL 1 week", 7 * 86_400_000],
      ["2 hours 30 minutes", 9_000_000],
      ["interval 1 day 1 second 1 millisecond", 86_401_001],
      ["interval 0 days", 0],
    ];
    for (const [text, expected] of cases) assert.equal(durationMs("p", text), expected, text);
  });

  test("are refused by name where they make no sense", () => {
    for (const text of ["", "30", "interval 1 month", "interval -1 days", "interval days"]) {
      assert.throws(
        () => durationMs("delta.logRetentionDuration", text),
        (error) => error instanceof DeltaError && /delta\.logRetentionDuration/.test(error.message),
        text,
      );
    }
    assert.throws(
      () => logPropertiesOf(metadataOf(SCHEMA, { "delta.checkpointInterval": "0" })),
      /checkpointInterval/,
    );
  });
});
