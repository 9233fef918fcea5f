// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOfBytes, formatOfPath } from "../../../src/source/format.ts";

test("tells the format from a file's name", () => {
  const names = ["a.json", "b.NDJSON", "dir.csv/c.jsonl", "d.csv", "e.txt", "-"];
  assert.deepEqual(names.map(formatOfPath), [
    "json",
    "ndjson",
    "ndjson",
    "csv",
    undefined,
    undefined,
  ]);
});

test("tells the format from the first bytes", () => {
  const texts = ["[{}]", " \n{}", "\t ", "id,name"];
  assert.deepEqual(
    texts.map((text) => formatOfBytes(Buffer.from(text))),
    ["json", "ndjson", undefined, "unknown"],
  );
});
