// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { DeltaError } from "../../../src/delta-error.ts";
import { checkDataPath, decodeDataPath, encodeDataPath } from "../../../src/log/data-path.ts";
import { chooseLogSegment } from "../../../src/log/load-snapshot.ts";
import { commitName, type LogFile, parseLogFileName } from "../../../src/log/log-files.ts";
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
    const forms: Record<string, string> = {
      "00000000000000000010.checkpoint.parquet": "classic",
      "00000000000000000010.checkpoint.0000000001.0000000003.parquet": "multiPart",
      "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json": "uuid",
    };
    for (const [name, form] of Object.entries(forms)) {
      assert.deepEqual(parseLogFileName(name), { kind: "checkpoint", form, version: 10, name });
    }
    for (const name of [
      "_last_checkpoint",
      "00000000000000000010.crc",
      "00000000000000000001.00000000000000000003.compacted.json",
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

function commits(from: number, to: number): LogFile[] {
  return Array.from(
    { length: to - from + 1 },
    (_, index): LogFile => ({
      kind: "commit",
      version: from + index,
      name: commitName(from + index),
    }),
  );
}

function checkpoint(version: number, form: "classic" | "uuid" | "multiPart"): LogFile {
  return { kind: "checkpoint", form, version, name: `${version}.${form}` };
}

describe("log segment", () => {
  test("starts at version 0 or after the newest classic checkpoint", () => {
    assert.deepEqual(chooseLogSegment(commits(0, 5), "t"), {
      checkpoint: undefined,
      firstVersion: 0,
      lastVersion: 5,
    });
    const newest = checkpoint(4, "classic");
    assert.deepEqual(chooseLogSegment([checkpoint(2, "classic"), newest, ...commits(2, 5)], "t"), {
      checkpoint: newest,
      firstVersion: 5,
      lastVersion: 5,
    });
    assert.equal(
      chooseLogSegment([checkpoint(5, "classic"), ...commits(5, 5)], "t").lastVersion,
      5,
    );
  });

  test("needs no checkpoint of another kind where the commits are all there", () => {
    assert.equal(
      chooseLogSegment([...commits(0, 5), checkpoint(4, "uuid")], "t").checkpoint,
      undefined,
    );
  });

  test("refuses a log that only another kind of checkpoint covers, by its name", () => {
    assert.equal(
      codeOf(() => chooseLogSegment([...commits(3, 5), checkpoint(4, "uuid")], "t")),
      "unsupported",
    );
    assert.equal(
      codeOf(() => chooseLogSegment([...commits(3, 5), checkpoint(4, "multiPart")], "t")),
      "unsupported",
    );
  });

  test("refuses gaps and empty logs", () => {
    assert.equal(
      codeOf(() => chooseLogSegment([...commits(0, 2), ...commits(4, 5)], "t")),
      "data_loss",
    );
    assert.equal(
      codeOf(() => chooseLogSegment(commits(1, 2), "t")),
      "data_loss",
    );
    assert.equal(
      codeOf(() => chooseLogSegment([], "t")),
      "not_found",
    );
  });
});
