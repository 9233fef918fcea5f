// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { cutToWidth, displayWidth, printable } from "../../../src/terminal/display-text.ts";
import { PLAIN_STYLE as style } from "../../../src/terminal/style.ts";
import { textTable } from "../../../src/terminal/text-table.ts";

test("aligns columns and leaves no space at the end of a line", () => {
  const columns = [{ title: "name" }, { title: "rows", align: "right" }, { title: "at" }] as const;
  const rows = [
    ["a", "12", "here"],
    ["longer", "3", ""],
  ];
  assert.deepEqual(textTable(columns, rows, { width: undefined, style }), [
    "name    rows  at",
    "a         12  here",
    "longer     3",
  ]);
});

test("cuts the widest columns until the line fits", () => {
  const rows = [["1", "x".repeat(50), "y".repeat(30)]];
  const columns = [{ title: "id" }, { title: "first" }, { title: "second" }];
  const lines = textTable(columns, rows, { width: 40, style });
  assert.deepEqual(
    lines.map((line) => displayWidth(line) <= 40),
    [true, true],
  );
  assert.equal(lines[1], `1   ${"x".repeat(16)}…  ${"y".repeat(16)}…`);
});

test("keeps a column legible where the line is too short for all", () => {
  const columns = ["a", "b", "c"].map((title) => ({ title }));
  const [, line] = textTable(columns, [columns.map(() => "0123456789")], { width: 10, style });
  assert.equal(line, "01234…  01234…  01234…");
});

test("aligns text of wide and combined characters", () => {
  const rows = [["表表"], ["e\u0301te\u0301"], ["👩‍🚀"]];
  const lines = textTable(
    [{ title: "t" }, { title: "n" }],
    rows.map((row) => [...row, "1"]),
    {
      width: undefined,
      style,
    },
  );
  assert.deepEqual(lines.slice(1), ["表表  1", "e\u0301te\u0301   1", "👩‍🚀    1"]);
});

test("cuts between characters, not inside of one", () => {
  assert.equal(cutToWidth("表表表", 4), "表…");
  assert.equal(cutToWidth("👩‍🚀👩‍🚀", 3), "👩‍🚀…");
  assert.equal(cutToWidth("short", 5), "short");
});

test("writes what could steer the terminal as escapes", () => {
  assert.equal(printable("a\u001B[2Jb\n\tc\u0007\u202Ed"), "a\\u001b[2Jb\\n\\tc\\u0007\\u202ed");
});

test("cuts other columns than those that must stay whole", () => {
  const columns = [{ title: "time", isWhole: true }, { title: "text" }];
  const rows = [["2024-01-31 10:20", "a text that is too long"]];
  const [, line] = textTable(columns, rows, { width: 26, style });
  assert.equal(line, "2024-01-31 10:20  a text …");
});
