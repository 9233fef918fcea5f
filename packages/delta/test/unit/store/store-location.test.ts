// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import { LocalDataFile } from "../../../src/store/local-data-file.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { parseStoreLocation } from "../../../src/store/store-location.ts";

describe("parseStoreLocation", () => {
  test("takes what has no scheme for a path", () => {
    for (const root of ["data/t", "/abs/t", "./s3:/x", "C:\\tables\\t", "a://"]) {
      assert.deepEqual(parseStoreLocation(root), { kind: "local", root });
    }
    assert.deepEqual(parseStoreLocation("file:///data/a%20b"), {
      kind: "local",
      root: "/data/a b",
    });
  });

  test("takes buckets and containers apart", () => {
    assert.deepEqual(parseStoreLocation("s3://bucket"), {
      kind: "s3",
      location: { bucket: "bucket", keyPrefix: "", text: "s3://bucket" },
    });
    assert.deepEqual(parseStoreLocation("S3A://my.bucket/a b/100%/c=1/"), {
      kind: "s3",
      location: {
        bucket: "my.bucket",
        keyPrefix: "a b/100%/c=1/",
        text: "s3://my.bucket/a b/100%/c=1",
      },
    });
    assert.deepEqual(parseStoreLocation("gs://b_1/t"), {
      kind: "gcs",
      location: { bucket: "b_1", keyPrefix: "t/", text: "gs://b_1/t" },
    });
    assert.deepEqual(parseStoreLocation("az://container/t"), {
      kind: "azure",
      location: { bucket: "container", keyPrefix: "t/", text: "az://container/t" },
    });
    assert.deepEqual(parseStoreLocation("abfss://lake@acme.dfs.core.windows.net/a/t"), {
      kind: "azure",
      location: {
        bucket: "lake",
        keyPrefix: "a/t/",
        host: "acme.blob.core.windows.net",
        text: "abfss://lake@acme.dfs.core.windows.net/a/t",
      },
    });
  });

  test("refuses what names no place, and says why", () => {
    const refused: readonly (readonly [string, RegExp])[] = [
      ["s3://", /bucket/],
      ["s3:///t", /bucket/],
      ["s3://user:pw@host/t", /bucket/],
      ["s3://bucket/a//b", /empty name/],
      ["s3://bucket/../b", /"\.\."/],
      ["abfss://account.dfs.core.windows.net/t", /container and account/],
      ["abfss://c@d@e/t", /container and account/],
      ["hdfs://host/t", /scheme "hdfs"; known are/],
      ["file://host/t", /no file URL/],
    ];
    for (const [text, message] of refused) {
      assert.throws(
        () => parseStoreLocation(text),
        (error) =>
          error instanceof DeltaError &&
          error.code === "invalid_argument" &&
          message.test(error.message),
        text,
      );
    }
  });

  test("keeps other stores' locations from being taken for directories", () => {
    for (const root of ["s3://bucket/t", "", "a\0b"]) {
      for (const open of [() => new LocalStore(root), () => new LocalDataFile(root, "x")]) {
        assert.throws(
          open,
          (error) => error instanceof DeltaError && error.code === "invalid_argument",
        );
      }
    }
    assert.equal(new LocalStore("file:///data/a%20b").location, "/data/a b");
  });
});
