// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import { featuresOfProperties, validateProperties } from "../../../src/table/property-rules.ts";

function problemOf(key: string, value: string): string | undefined {
  try {
    validateProperties({ [key]: value });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof DeltaError);
    assert.equal(error.code, "invalid_argument");
    assert.equal(error.details["property"], key);
    return error.message;
  }
}

describe("validateProperties", () => {
  const cases: readonly [key: string, good: readonly string[], bad: readonly string[]][] = [
    ["delta.appendOnly", ["true", "FALSE"], ["yes", ""]],
    ["delta.checkpointInterval", ["1", "100"], ["0", "-1", "1.5", "x", "2147483648"]],
    ["delta.dataSkippingNumIndexedCols", ["-1", "0", "32"], ["-2", "all"]],
    [
      "delta.deletedFileRetentionDuration",
      ["interval 7 days", "1 week 2 hours", "INTERVAL 0 seconds"],
      ["7", "interval 1 month", "days 7", "interval"],
    ],
    ["delta.targetFileSize", ["1", "104857600", "100mb", "1 GB"], ["0", "-1", "big", "1.5g"]],
    ["delta.columnMapping.mode", ["none", "name", "id"], ["index"]],
    ["delta.checkpointPolicy", ["classic", "v2"], ["v3"]],
    ["delta.isolationLevel", ["Serializable", "WriteSerializable"], ["None"]],
    ["delta.parquet.compression.codec", ["zstd", "SNAPPY", "uncompressed"], ["zip"]],
  ];
  for (const [key, good, bad] of cases) {
    test(`knows the values of ${key}`, () => {
      for (const value of good) assert.equal(problemOf(key, value), undefined, value);
      for (const value of bad) assert.match(problemOf(key, value) ?? "", /it must be/, value);
    });
  }

  test("lets the user's own properties be, whatever they are", () => {
    validateProperties({ mine: "", "sluice.commitIntervalMs": "x", deltaish: "y" });
  });

  test("refuses what is not for users to set, saying why", () => {
    assert.match(
      problemOf("delta.columnMapping.maxColumnId", "1") ?? "",
      /column mapping keeps it/,
    );
    assert.match(problemOf("delta.minWriterVersion", "7") ?? "", /features .* decide it/);
    assert.match(problemOf("delta.constraints.c", "x > 0") ?? "", /CHECK constraint is added/);
    assert.match(problemOf("delta.feature.x", "supported") ?? "", /feature is enabled/);
    assert.match(problemOf("delta.nova", "1") ?? "", /these can: delta\.appendOnly/);
    assert.match(problemOf("delta.enableIcebergCompatV2", "true") ?? "", /cannot be set/);
    assert.match(problemOf("", "1") ?? "", /empty name/);
  });
});

test("a property asks for its feature only where it is on", () => {
  const features = featuresOfProperties({
    "delta.enableDeletionVectors": "true",
    "delta.enableRowTracking": "false",
    "delta.checkpointPolicy": "v2",
    "delta.columnMapping.mode": "none",
    "delta.constraints.c": "x > 0",
    mine: "true",
  });
  assert.deepEqual([...features], ["deletionVectors", "v2Checkpoint", "checkConstraints"]);
});
