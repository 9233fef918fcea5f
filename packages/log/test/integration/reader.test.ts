// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { openLog } from "../../src/index.ts";
import type { LogReader } from "../../src/index.ts";
import { closeAfter, makeTemporaryDirectory } from "../support/temporary-directory.ts";

const SMALL = { segmentBytes: 64 * 1024, maxSpareSegmentCount: 1 };

async function readTexts(reader: LogReader, maxBytes = 10_000): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const entries = await reader.next(maxBytes);
    if (entries.length === 0) return texts;
    for (const { bytes } of entries) texts.push(Buffer.from(bytes).toString());
  }
}

test("reads what was recovered and what was appended since, over segments", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const expected: string[] = [];
  const entry = (): Buffer => {
    const text = String(expected.length).padStart(3000, "x");
    expected.push(text);
    return Buffer.from(text);
  };
  const first = await openLog(directory, SMALL);
  for (let index = 0; index < 60; index += 1) {
    first.append(entry());
    if (index % 3 === 0) await first.sync();
  }
  await first.close();
  const log = await openLog(directory, SMALL);
  closeAfter(context, log);
  const reader = log.reader(0);
  assert.deepEqual(await readTexts(reader), expected);
  for (let index = 0; index < 60; index += 1) {
    log.append(entry());
    if (index % 7 === 0) await log.sync();
  }
  await log.sync();
  assert.deepEqual(await readTexts(reader, 1), expected.slice(60));
  assert.deepEqual(await readTexts(log.reader(0)), expected);
});

test("starts behind a position and passes over what was trimmed", async (context) => {
  const log = await openLog(await makeTemporaryDirectory(context), SMALL);
  closeAfter(context, log);
  const positions: number[] = [];
  for (let index = 0; index < 60; index += 1) {
    positions.push(log.append(Buffer.from(String(index).padStart(3000, "x"))));
  }
  await log.sync();
  const [last] = await log.reader(positions[58] as number).next(1);
  assert.equal(last?.position, positions[59]);
  const reader = log.reader(0);
  await log.trim(positions[40] as number);
  const [oldest] = await reader.next(1);
  assert.ok(oldest !== undefined && oldest.position > log.firstPosition);
  assert.ok(log.firstPosition > 0);
});

test("refuses to read a closed log", async (context) => {
  const log = await openLog(await makeTemporaryDirectory(context), SMALL);
  const reader = log.reader(0);
  await log.close();
  await assert.rejects(reader.next(1), { code: "closed" });
});
