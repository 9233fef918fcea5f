// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { progressLine, startProgress } from "../../../src/terminal/progress.ts";
import { PLAIN_STYLE, styleFor } from "../../../src/terminal/style.ts";

test("shows share, count, rate and the time left", () => {
  assert.equal(
    progressLine({ fraction: 0.25, doneCount: 50_000 }, 2, undefined),
    "25 %  50,000 records  25,000/s  6 s left",
  );
});

test("draws a bar as long as the share", () => {
  const line = progressLine({ fraction: 0.5, doneCount: 10 }, 0.5, PLAIN_STYLE);
  assert.equal(line, `${"█".repeat(14)}${"░".repeat(14)}  50 %  10 records  20/s`);
});

test("shows the time taken where the end is not known", () => {
  const state = { fraction: undefined, doneCount: 3, note: "1 invalid record" };
  assert.equal(progressLine(state, 2, undefined), "3 records  2/s  2.00 s  1 invalid record");
});

test("counts bytes and files where these are what is done", () => {
  assert.equal(
    progressLine({ fraction: undefined, doneCount: 3_000_000, unit: "byte" }, 2, undefined),
    "3.0 MB  1.5 MB/s  2.00 s",
  );
  assert.equal(
    progressLine({ fraction: undefined, doneCount: 4, unit: "file" }, 2, undefined),
    "4 files  2/s  2.00 s",
  );
});

test("does not claim that all is done before it is", () => {
  assert.match(progressLine({ fraction: 0.9999, doneCount: 1 }, 1, undefined), /^99 %/);
});

test("draws in one line of a narrow terminal and removes it at the end", () => {
  let written = "";
  const output = { isTTY: true, columns: 20, write: (text: string) => (written += text) };
  const read = (): { fraction: number; doneCount: number } => ({ fraction: 0.5, doneCount: 7 });
  const progress = startProgress({ output, style: PLAIN_STYLE, read });
  progress.print("a line");
  progress.stop();
  progress.stop();
  const cleared = "\r\u001B[2K";
  const drawn = `${"█".repeat(14)}${"░".repeat(4)}…`;
  assert.equal(written, `${cleared}${drawn}${cleared}a line\n${cleared}${drawn}${cleared}`);
});

test("writes no control characters where there is no terminal", () => {
  let written = "";
  const output = { write: (text: string) => (written += text) };
  const progress = startProgress({
    output,
    style: PLAIN_STYLE,
    read: () => ({ fraction: 1, doneCount: 7 }),
  });
  progress.print("a line");
  progress.stop();
  assert.equal(written, "a line\n");
});

test("uses colours on a terminal only, and not against NO_COLOR", () => {
  assert.equal(styleFor({ isTTY: true }, {}).red("x"), "\u001B[31mx\u001B[39m");
  assert.equal(styleFor({ isTTY: true }, { NO_COLOR: "" }).red("x"), "\u001B[31mx\u001B[39m");
  assert.equal(styleFor({ isTTY: true }, { NO_COLOR: "1" }).red("x"), "x");
  assert.equal(styleFor({ isTTY: true }, { TERM: "dumb" }).red("x"), "x");
  assert.equal(styleFor({}, {}).red("x"), "x");
});
