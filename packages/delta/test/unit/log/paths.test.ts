// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { DeltaError } from "../../../src/delta-error.ts";
import { checkDataPath, decodeDataPath, encodeDataPath } from "../../../src/log/data-path.ts";
import { commitName, parseLogFileName } from "../../../src/log/log-files.ts";
import { checkStorePath } from "../../../src/store/store-path.ts";

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof DeltaError ? error.code : String(error);
  }
}

describe("paths", () => {
  test("encodes what a URI cannot hold and decodes it again", () => {
    assert.equal(encodeDataPath("d=a b/x%y.parquet"), "d=a%20b/x%25y.parquet");
    assert.equal(decodeDataPath("d=a%20b/x%25y+z.parquet"), "d=a b/x%y+z.parquet");
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1 }),
        (names) => {
          const path = names.join("/");
          const uri = encodeDataPath(path);
          assert.equal(decodeDataPath(uri), path);
          assert.match(uri, /^[A-Za-z0-9\-_.!~*'();/?:@&=+$,%]*$/);
        },
      ),
    );
    assert.equal(
      codeOf(() => decodeDataPath("a%zz")),
      "data_loss",
    );
  });

  test("refuses paths that leave the table", () => {
    for (const path of [
      "..",
      "../x",
      "a/../../x",
      "a//b",
      "./a",
      "",
      "a\0b",
      "a\\..\\b",
      "/etc/passwd",
      "a/",
    ]) {
      assert.equal(
        codeOf(() => checkStorePath(path)),
        "invalid_argument",
        path,
      );
    }
    for (const path of ["a", "a/b.parquet", "..a/b..", "d=1/ü.parquet"]) checkStorePath(path);
    assert.equal(
      codeOf(() => checkDataPath("../x")),
      "data_loss",
    );
    assert.equal(
      codeOf(() => checkDataPath("/other/x.parquet")),
      "unsupported",
    );
    assert.equal(
      codeOf(() => checkDataPath("s3://bucket/x.parquet")),
      "unsupported",
    );
  });

  test("tells log files by their names", () => {
    assert.deepEqual(parseLogFileName(commitName(42)), {
      kind: "commit",
      version: 42,
      name: "00000000000000000042.json",
    });
    const files: Record<string, object> = {
      "00000000000000000010.checkpoint.parquet": { kind: "checkpoint", form: "classic" },
      "00000000000000000010.checkpoint.0000000002.0000000003.parquet": {
        kind: "checkpoint",
        form: "multiPart",
        part: 2,
        partCount: 3,
      },
      "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json": {
        kind: "checkpoint",
        form: "uuid",
      },
      "00000000000000000010.crc": { kind: "checksum" },
      "00000000000000000010.00000000000000000013.compacted.json": {
        kind: "compacted",
        endVersion: 13,
      },
    };
    for (const [name, expected] of Object.entries(files)) {
      assert.deepEqual(parseLogFileName(name), { ...expected, version: 10, name });
    }
    for (const name of [
      "_last_checkpoint",
      "1.json",
      ".00000000000000000001.json.x.tmp",
      "00000000000000000001.json.bak",
    ]) {
      assert.equal(parseLogFileName(name), undefined, name);
    }
    assert.equal(
      codeOf(() => parseLogFileName("99999999999999999999.json")),
      "unsupported",
    );
  });
});
