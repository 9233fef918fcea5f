// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CompactedFile, LogFile } from "../../../src/log/log-files.ts";
import { parseLogFileName } from "../../../src/log/log-files.ts";
import { earliestVersionOf } from "../../../src/log/log-listing.ts";
import {
  completeCheckpoints,
  newestVersionOf,
  segmentPieces,
} from "../../../src/log/log-segment.ts";

const UUID = "80a083e8-7026-4e79-81be-64bd76c43a11";

function filesOf(...names: string[]): LogFile[] {
  return names.map((name) => {
    const [version = "", ...rest] = name.split(".");
    const padded = [version.padStart(20, "0"), ...rest].join(".");
    const file = parseLogFileName(padded);
    assert.ok(file, padded);
    return file;
  });
}

const part = (index: number, count: number): string =>
  `${String(index).padStart(10, "0")}.${String(count).padStart(10, "0")}.parquet`;

function compacted(start: number, end: number): CompactedFile {
  return { kind: "compacted", version: start, endVersion: end, name: `${start}.${end}` };
}

describe("checkpoints of a log", () => {
  test("are given newest first, v2 before classic before parts", () => {
    const files = filesOf(
      "2.checkpoint.parquet",
      `4.checkpoint.${part(1, 2)}`,
      "4.checkpoint.parquet",
      `4.checkpoint.${UUID}.json`,
      `4.checkpoint.${part(2, 2)}`,
      "6.checkpoint.parquet",
    );
    const found = completeCheckpoints(files, 5);
    assert.deepEqual(
      found.map(({ version, form, names }) => [version, form, names.length]),
      [
        [4, "uuid", 1],
        [4, "classic", 1],
        [4, "multiPart", 2],
        [2, "classic", 1],
      ],
    );
  });

  test("in parts count only where every part of one count is there", () => {
    const files = filesOf(
      `4.checkpoint.${part(1, 3)}`,
      `4.checkpoint.${part(3, 3)}`,
      `4.checkpoint.${part(1, 2)}`,
      `5.checkpoint.${part(2, 2)}`,
      `5.checkpoint.${part(1, 2)}`,
    );
    const found = completeCheckpoints(files, Number.MAX_SAFE_INTEGER);
    assert.deepEqual(
      found.map(({ version }) => version),
      [5],
    );
    assert.match(found[0]?.names[0] ?? "", /0000000001\.0000000002/);
  });
});

describe("pieces of a log", () => {
  test("are commits where nothing is compacted", () => {
    assert.deepEqual(segmentPieces([], 3, 4), [
      { kind: "commit", version: 3 },
      { kind: "commit", version: 4 },
    ]);
    assert.deepEqual(segmentPieces([], 5, 4), []);
  });

  test("are the longest compacted files that lie within", () => {
    const files = [compacted(1, 3), compacted(3, 6), compacted(3, 9), compacted(4, 5)];
    assert.deepEqual(
      segmentPieces(files, 2, 8).map((piece) =>
        piece.kind === "commit" ? piece.version : piece.file.name,
      ),
      [2, "3.6", 7, 8],
    );
  });
});

describe("versions of a log", () => {
  test("reach from the first that can be read to the last", () => {
    assert.equal(newestVersionOf(filesOf("3.json", "4.crc")), 3);
    assert.equal(newestVersionOf([]), undefined);
    assert.equal(earliestVersionOf(filesOf("0.json", "4.checkpoint.parquet")), 0);
    assert.equal(
      earliestVersionOf(filesOf("3.json", "4.checkpoint.parquet", "6.checkpoint.parquet")),
      4,
    );
    assert.equal(earliestVersionOf(filesOf("3.json")), undefined);
  });
});
