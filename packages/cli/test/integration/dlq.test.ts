// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { appendFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type DeadLetterListing, openDeadLetterFiles } from "@sluice/client";
import { Catalog } from "@sluice/server";
import type { ReplaySummary } from "../../src/commands/dlq.ts";
import {
  runInProcess,
  runSluice,
  startDev,
  stopDev,
  temporaryDirectory,
} from "../support/run-sluice.ts";

const TABLE = "main.default.events";
const AT = new Date("2024-01-31T10:20:30.456Z");

/** Writes letters that hold these JSON texts. */
async function writeLetters(
  directory: string,
  texts: readonly string[],
  table = TABLE,
): Promise<void> {
  const sink = await openDeadLetterFiles({ directory });
  for (const text of texts) {
    await sink.write({
      table,
      record: Buffer.from(text),
      format: "json",
      code: "invalid_argument",
      reason: 'field "id": \u001b[31mnot a number',
      at: AT,
    });
  }
  await sink.close();
}

async function waitingCount(directory: string): Promise<number> {
  const { code, stdout } = await runInProcess(["dlq", "list", directory, "--json"]);
  assert.equal(code, 0);
  const { groups } = JSON.parse(stdout) as DeadLetterListing;
  return groups.reduce((sum, { count }) => sum + count, 0);
}

async function lettersIn(context: TestContext): Promise<string> {
  const directory = join(await temporaryDirectory(context), "letters");
  await writeLetters(directory, ['{"id":1}', '{"id":"two"}']);
  await writeLetters(directory, ['{"id":3}'], "main.default.other");
  return directory;
}

test("lists dead letters by table and error", async (context) => {
  const directory = await lettersIn(context);
  const all = await runSluice(context, ["dlq", "list", directory]);
  assert.equal(all.code, 0, all.stderr);
  assert.match(all.stdout, /main\.default\.events +invalid_argument +2 +20 B +2024-01-31T10:20:30/);
  assert.match(all.stdout, /main\.default\.other/);
  const one = await runInProcess(["dlq", "list", directory, "--table", TABLE]);
  assert.doesNotMatch(one.stdout, /main\.default\.other/);
  const none = await runInProcess(["dlq", "list", directory, "--code", "schema_mismatch"]);
  assert.match(none.stderr, /no dead letters wait/);
  const [file = ""] = await readdir(directory);
  await appendFile(join(directory, file), '{"torn');
  const torn = await runInProcess(["dlq", "list", directory]);
  assert.match(torn.stderr, /line 3 is passed over: it ends in the middle/);
  assert.equal(torn.code, 0);
});

test("shows records and reasons without control characters, or as JSON", async (context) => {
  const directory = await lettersIn(context);
  const shown = await runInProcess(["dlq", "show", directory, "--limit", "2"]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(
    shown.stdout,
    /reason {2}field "id": \\u001b\[31mnot a number\n {2}record {2}\{"id":1\}/,
  );
  assert.doesNotMatch(shown.stdout, /main\.default\.other/);
  const json = await runInProcess(["dlq", "show", directory, "--json", "--table", TABLE]);
  const lines = json.stdout.trimEnd().split("\n");
  assert.equal(lines.length, 2);
  const letter = JSON.parse(lines[1] ?? "") as Record<string, unknown>;
  assert.equal(letter["text"], '{"id":"two"}');
  assert.equal(letter["at"], AT.toISOString());
});

test("replays what is right by now, keeps what is refused again, and neither twice", async (context) => {
  const data = await temporaryDirectory(context);
  const dev = await startDev(context, join(data, "data"), [
    "--table",
    `${TABLE}=id BIGINT NOT NULL`,
  ]);
  const directory = join(data, "letters");
  await writeLetters(directory, [
    '{"id":1}',
    '{"id":2}',
    '{"id":"three"}',
    '{"id":4}',
    "{",
    '{"id":6}',
  ]);
  const replay = ["dlq", "replay", directory];
  const limited = await runSluice(context, [...replay, "--limit", "1", "--json"], dev.environment);
  assert.equal(limited.code, 0, limited.stderr);
  assert.equal((JSON.parse(limited.stdout) as ReplaySummary).replayed, 1);
  const rest = await runInProcess([...replay, "--json"], dev.environment);
  assert.equal(rest.code, 1);
  const expected: ReplaySummary = { directory, replayed: 3, refused: 2, failures: [] };
  assert.deepEqual(JSON.parse(rest.stdout), expected);
  assert.match(rest.stderr, /refused again: [0-9a-f-]{36}: .*id/);
  assert.equal(await waitingCount(directory), 2);
  const again = await runInProcess(replay, dev.environment);
  assert.equal(again.code, 1);
  assert.match(again.stdout, /replayed 0 letters of .*; 2 letters refused again, kept/);
  await stopDev(dev);
  const table = await new Catalog(dev.ready.dataDirectory).openTable(TABLE);
  const ids: number[] = [];
  for await (const row of table.scan({ columns: ["id"] })) ids.push(Number(row["id"]));
  assert.deepEqual(
    ids.sort((left, right) => left - right),
    [1, 2, 4, 6],
  );
});

test("goes on with other tables when one cannot be written to", async (context) => {
  const data = await temporaryDirectory(context);
  const dev = await startDev(context, join(data, "data"), ["--table", `${TABLE}=id BIGINT`]);
  const directory = join(data, "letters");
  await writeLetters(directory, ['{"id":3}'], "main.default.other");
  await writeLetters(directory, ['{"id":1}']);
  const result = await runInProcess(["dlq", "replay", directory], dev.environment);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /table main\.default\.other: .*/);
  assert.match(result.stdout, /replayed 1 letter of/);
  assert.equal(await waitingCount(directory), 1);
  await stopDev(dev);
});

test("says what is wrong with what it was given", async (context) => {
  const missing = join(await temporaryDirectory(context), "none");
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["list", missing], /dead letters in .*none cannot be reached: .*name a directory/],
    [["list", missing, "--code", "wrong"], /wrong is no error code; known are invalid_argument/],
    [["show", missing, "--limit", "0"], /whole number from 1/],
    [["replay", missing], /no endpoint given; pass --endpoint/],
    [["list"], /missing required argument 'directory'/],
  ];
  for (const [commandLine, expected] of cases) {
    const result = await runInProcess(["dlq", ...commandLine]);
    assert.equal(result.code, 1);
    assert.match(result.stderr, expected);
  }
  const help = await runInProcess(["dlq", "replay", "--help"]);
  assert.match(help.stdout, /Exit code 0: everything chosen was acknowledged/);
});
