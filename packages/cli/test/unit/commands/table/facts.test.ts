// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { factLines } from "../../../../src/commands/table/facts.ts";
import { PLAIN_STYLE } from "../../../../src/terminal/style.ts";

test("shows what is known, values below each other", () => {
  const facts = [
    ["a", "one"],
    ["none", undefined],
    ["long", "two"],
  ] as const;
  assert.deepEqual(factLines(facts, { width: undefined, style: PLAIN_STYLE }), [
    "  a     one",
    "  long  two",
  ]);
});

test("breaks values at spaces where the line is too short", () => {
  const facts = [["features", "appendOnly, columnMapping, a-word-longer-than-the-line"]] as const;
  assert.deepEqual(factLines(facts, { width: 40, style: PLAIN_STYLE }), [
    "  features  appendOnly, columnMapping,",
    "            a-word-longer-than-the-line",
  ]);
});
