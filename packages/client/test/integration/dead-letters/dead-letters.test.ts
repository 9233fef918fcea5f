// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { appendFile, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ZerobusError } from "../../../src/core/zerobus-error.ts";
import { openDeadLetterFiles } from "../../../src/dead-letters/dead-letter-files.ts";
import {
  type DamagedLine,
  type DeadLetterFilter,
  listDeadLetters,
  markDeadLettersReplayed,
  readDeadLetters,
  type StoredDeadLetter,
} from "../../../src/dead-letters/read-dead-letters.ts";
import type { DeadLetter } from "../../../src/producer/dead-letter-sink.ts";
import { makeTemporaryDirectory } from "../../support/temporary-directory.ts";

const AT = new Date("2024-01-31T10:20:30.456Z");

function jsonLetter(text: string, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    table: "main.default.events",
    record: Buffer.from(text),
    format: "json",
    code: "invalid_argument",
    reason: 'field "id": not a number',
    at: AT,
    ...more,
  };
}

async function readAll(directory: string, filter?: DeadLetterFilter): Promise<StoredDeadLetter[]> {
  const letters: StoredDeadLetter[] = [];
  for await (const letter of readDeadLetters(directory, filter)) letters.push(letter);
  return letters;
}

function textsOf(letters: readonly StoredDeadLetter[]): string[] {
  return letters.map(({ record }) => Buffer.from(record).toString());
}

function hasCode(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof ZerobusError && error.code === code && message.test(error.message);
}

test("reads back what was written, whole", async (context) => {
  const directory = join(await makeTemporaryDirectory(context), "a", "b");
  const sink = await openDeadLetterFiles({ directory });
  assert.deepEqual(await readdir(directory), []);
  const letters: DeadLetter[] = [
    jsonLetter('{"id":12345678901234567890,"name":"\u2028"}', { recordId: "r-1" }),
    jsonLetter('{\n"id": 1 }'),
    jsonLetter("not json"),
    {
      ...jsonLetter("\u0000\u0001"),
      format: "proto",
      code: "schema_mismatch",
      descriptor: Buffer.from("descriptor"),
    },
    { ...jsonLetter(""), format: "proto", descriptor: Buffer.from("descriptor") },
  ];
  await Promise.all(letters.map((letter) => sink.write(letter)));
  await sink.close();
  const read = await readAll(directory);
  assert.equal(new Set(read.map(({ id }) => id)).size, letters.length);
  const withoutPlace = read.map(({ id: _id, file: _file, isReplayed, ...letter }) => {
    assert.equal(isReplayed, false);
    return { ...letter, record: Buffer.from(letter.record) };
  });
  assert.deepEqual(withoutPlace, letters);
  const [name = ""] = await readdir(directory);
  const lines = (await readFile(join(directory, name), "utf8")).trimEnd().split("\n");
  assert.equal(lines.length, letters.length + 1, "the descriptor is there once");
  assert.match(lines[0] ?? "", /"json":\{"id":12345678901234567890,/);
  assert.match(lines[1] ?? "", /"json":\{"id":1\}\}$/);
  assert.doesNotMatch(lines[2] ?? "", /"json":/);
  assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600);
});

test("begins a new file when one is full, and repeats the descriptor there", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const sink = await openDeadLetterFiles({ directory, maxFileBytes: 4096 });
  const letters = Array.from({ length: 40 }, (_, index) =>
    jsonLetter(`${index}`.padEnd(300, "."), { format: "proto", descriptor: Buffer.from("d") }),
  );
  for (const letter of letters.slice(0, 20)) await sink.write(letter);
  await Promise.all(letters.slice(20).map((letter) => sink.write(letter)));
  await sink.close();
  const { files, groups, damaged } = await listDeadLetters(directory);
  assert.ok(files.length > 3);
  assert.ok(files.every(({ bytes }) => bytes < 4096 + 1000));
  assert.deepEqual(damaged, []);
  assert.equal(groups[0]?.count, 40);
  const read = await readAll(directory);
  assert.ok(read.every(({ descriptor }) => Buffer.from(descriptor ?? []).toString() === "d"));
  assert.equal(new Set(textsOf(read)).size, 40);
});

test("passes over a torn last line and says so", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const sink = await openDeadLetterFiles({ directory });
  await sink.write(jsonLetter("1"));
  await sink.write(jsonLetter("2"));
  await sink.close();
  const [file = ""] = await readdir(directory);
  const path = join(directory, file);
  const whole = (await stat(path)).size;
  await truncate(path, whole - 1);
  const damaged: DamagedLine[] = [];
  const onDamage = (line: DamagedLine): void => void damaged.push(line);
  assert.deepEqual(textsOf(await readAll(directory, { onDamage })), ["1"]);
  assert.deepEqual(damaged, [
    { file, line: 2, reason: "it ends in the middle, as a crash leaves it" },
  ]);
  const again = await openDeadLetterFiles({ directory });
  await again.write(jsonLetter("3"));
  await again.close();
  assert.deepEqual(textsOf(await readAll(directory)).sort(), ["1", "3"]);
  assert.equal((await listDeadLetters(directory)).damaged.length, 1);
});

test("passes over what it does not know", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const sink = await openDeadLetterFiles({ directory });
  await sink.write(jsonLetter("1"));
  await sink.close();
  const [file = ""] = await readdir(directory);
  const path = join(directory, file);
  for (const line of [
    '{"version":1,"kind":"new"}',
    '{"version":2}',
    "[",
    "null",
    '{"version":1,"kind":"letter"}',
  ]) {
    await appendFile(path, `${line}\n`);
  }
  await writeFile(join(directory, "notes.txt"), "not ours");
  const { damaged, files } = await listDeadLetters(directory);
  assert.deepEqual(
    damaged.map(({ line }) => line),
    [3, 4, 5, 6],
  );
  assert.equal(files.length, 1);
});

test("filters, groups and marks what was replayed", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const sink = await openDeadLetterFiles({ directory });
  const later = new Date(AT.getTime() + 1000);
  for (const letter of [
    jsonLetter("1"),
    jsonLetter("22", { at: later }),
    jsonLetter("3", { code: "schema_mismatch" }),
    jsonLetter("4", { table: "main.default.other" }),
  ]) {
    await sink.write(letter);
  }
  const table = "main.default.events";
  assert.deepEqual(textsOf(await readAll(directory, { table })), ["1", "22", "3"]);
  const code = "schema_mismatch";
  assert.deepEqual(textsOf(await readAll(directory, { code })), ["3"]);
  const { groups } = await listDeadLetters(directory);
  assert.deepEqual(groups, [
    { table, code: "invalid_argument", count: 2, bytes: 3, oldest: AT, newest: later },
    { table, code, count: 1, bytes: 1, oldest: AT, newest: AT },
    {
      table: "main.default.other",
      code: "invalid_argument",
      count: 1,
      bytes: 1,
      oldest: AT,
      newest: AT,
    },
  ]);
  const [first, , third] = await readAll(directory);
  assert.ok(first !== undefined && third !== undefined);
  await markDeadLettersReplayed(directory, [first]);
  await appendFile(join(directory, first.file.replace("ndjson", "replayed")), "torn");
  await markDeadLettersReplayed(directory, [third]);
  assert.deepEqual(textsOf(await readAll(directory)), ["22", "4"]);
  assert.equal((await readAll(directory, { includeReplayed: true })).length, 4);
  const { files } = await listDeadLetters(directory);
  assert.deepEqual([files[0]?.waiting, files[0]?.replayed], [2, 2]);
  await sink.close();
});

test("says what is wrong with a directory or an option", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const file = join(directory, "file");
  await writeFile(file, "");
  await assert.rejects(
    openDeadLetterFiles({ directory: join(file, "x") }),
    hasCode("not_found", /ENOTDIR/),
  );
  await assert.rejects(listDeadLetters(join(directory, "none")), hasCode("not_found", /ENOENT/));
  await assert.rejects(
    openDeadLetterFiles({ directory, maxFileBytes: 1 }),
    hasCode("invalid_argument", /from 4096/),
  );
  await assert.rejects(
    openDeadLetterFiles({ directory, maxBytes: 1 } as never),
    hasCode("invalid_argument", /Unknown dead-letter option `maxBytes`/),
  );
  const sink = await openDeadLetterFiles({ directory });
  await sink.close();
  await assert.rejects(sink.write(jsonLetter("1")), hasCode("closed", /open them again/));
});
