// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFile, readdir, rename, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Catalog } from "@sluice/server";
import { readDeadLetters } from "@sluice/client";
import type { ProduceSummary } from "../../src/produce/summary.ts";
import {
  type RunningDev,
  runInProcess,
  startDev,
  startSluice,
  stopDev,
  temporaryDirectory,
} from "../support/run-sluice.ts";

const TABLE = "main.default.events";
const COLUMNS =
  "id BIGINT NOT NULL, name STRING, at TIMESTAMP, price DECIMAL(20,4), bin BINARY, rid STRING, m MAP<STRING, DECIMAL(9,2)>";

async function startWithTables(
  context: TestContext,
): Promise<{ dev: RunningDev; directory: string }> {
  const directory = await temporaryDirectory(context);
  const tables = [TABLE, "main.default.copy"].flatMap((name) => ["--table", `${name}=${COLUMNS}`]);
  const options = [...tables, "--commit-interval-ms", "10"];
  return { dev: await startDev(context, join(directory, "data"), options), directory };
}

async function readRows(dev: RunningDev, name = TABLE): Promise<Record<string, unknown>[]> {
  const table = await new Catalog(dev.ready.dataDirectory).openTable(name);
  const rows: Record<string, unknown>[] = [];
  for await (const row of table.scan()) rows.push(row);
  return rows;
}

function summaryOf(stdout: string): ProduceSummary {
  return JSON.parse(stdout) as ProduceSummary;
}

function lines(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

test("sends over several streams with each acknowledgement strategy and encoding", async (context) => {
  const { dev } = await startWithTables(context);
  const input = lines(Array.from({ length: 100 }, (_, id) => ({ id, name: `n${id % 5}` })));
  let expected = 0;
  for (const options of [
    ["--ack", "callback", "--streams", "3", "--key", "name"],
    ["--ack", "blocking", "--encoding", "json", "--key", "name", "--streams", "2"],
    ["--ack", "flush", "--streams", "1..3", "--encoding", "proto"],
    ["--rate", "2000", "--id-column", "rid", "--id-from", "id,name"],
  ]) {
    const commandLine = ["produce", TABLE, "--json", "--batch-size", "7", ...options];
    const { code, stdout, stderr } = await runInProcess(commandLine, dev.environment, input);
    assert.equal(code, 0, stderr);
    assert.equal(summaryOf(stdout).acknowledged, 100);
    assert.equal(summaryOf(stdout).encoding, options.includes("json") ? "json" : "proto");
    expected += 100;
  }
  await stopDev(dev);
  assert.equal((await readRows(dev)).length, expected);
});

test("gives records ids: new ones, or the same for the same fields", async (context) => {
  const { dev } = await startWithTables(context);
  const input = lines([{ id: 1 }, { id: 2, rid: "mine" }]);
  for (const encoding of ["proto", "json"]) {
    for (const from of [[], ["--id-from", "id"]]) {
      const options = ["--id-column", "rid", "--encoding", encoding, ...from];
      const result = await runInProcess(["produce", TABLE, ...options], dev.environment, input);
      assert.equal(result.code, 0, result.stderr);
    }
  }
  await stopDev(dev);
  const rows = await readRows(dev);
  assert.equal(rows.filter(({ rid }) => rid === "mine").length, 4);
  const ids = rows.filter(({ id }) => id === 1n).map(({ rid }) => String(rid));
  assert.equal(ids.length, 4);
  assert.equal(ids.filter((rid) => rid[14] === "7").length, 2);
  assert.equal(new Set(ids.filter((rid) => rid[14] === "8")).size, 1);
  assert.equal(new Set(ids).size, 3);
});

test("keeps what is refused here and by the server as dead letters, and exits with 3", async (context) => {
  const { dev, directory } = await startWithTables(context);
  const input = `{"id":1}\n{"id":}\n{"id":"three"}\n{"id":4}\n`;
  for (const encoding of ["proto", "json"]) {
    const letters = join(directory, encoding);
    const options = ["--dead-letter", letters, "--encoding", encoding, "--json"];
    const result = await runInProcess(["produce", TABLE, ...options], dev.environment, input);
    assert.equal(result.code, 3, result.stderr);
    assert.match(result.stderr, /2 invalid records in .*; the first: line [23]/);
    assert.doesNotMatch(result.stderr, /trying again|connected again/);
    const { records, acknowledged, deadLettered, complete } = summaryOf(result.stdout);
    assert.deepEqual([records, acknowledged, deadLettered, complete], [4, 2, 2, false]);
    const kept: string[] = [];
    for await (const letter of readDeadLetters(letters)) {
      kept.push(Buffer.from(letter.record).toString());
    }
    assert.deepEqual(kept.sort(), ['{"id":"three"}', '{"id":}']);
  }
  const both = ["produce", TABLE, "--dead-letter", directory, "--skip-invalid"];
  assert.match((await runInProcess(both, dev.environment, input)).stderr, /exclude each other/);
  await stopDev(dev);
});

test("says in a dead letter the id that it gave the record", async (context) => {
  const { dev, directory } = await startWithTables(context);
  const letters = join(directory, "letters");
  const options = ["--dead-letter", letters, "--id-column", "rid", "--encoding", "json"];
  const input = '{"id":1}\n{"id":"two"}\n';
  const result = await runInProcess(["produce", TABLE, ...options], dev.environment, input);
  assert.equal(result.code, 3, result.stderr);
  for await (const { record, recordId } of readDeadLetters(letters)) {
    const { rid } = JSON.parse(Buffer.from(record).toString()) as { rid: string };
    assert.equal(rid.length, 36);
    assert.equal(recordId, rid);
  }
  await stopDev(dev);
});

test("ends at the first Ctrl-C while it waits for the first stream", async (context) => {
  const { dev } = await startWithTables(context);
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const options = ["--endpoint", `http://127.0.0.1:${port}`, "--json"];
  const running = startSluice(context, ["produce", TABLE, "-", ...options], dev.environment);
  const [socket] = (await once(silent, "connection")) as [Socket];
  running.child.kill("SIGINT");
  const { code, stdout } = await running.ended;
  assert.equal(code, 130);
  assert.equal(summaryOf(stdout).interrupted, true);
  socket.destroy();
  silent.close();
  await stopDev(dev);
});

test("keeps records in the spool while the server is away, and the next run sends them", async (context) => {
  const { dev, directory } = await startWithTables(context);
  const spool = join(directory, "spool");
  const options = ["produce", TABLE, "--json", "--spool", spool, "--format", "ndjson"];
  const input = lines([{ id: 1 }, { id: 2 }]);
  await stopDev(dev);
  const away = await runInProcess([...options, "--drain-timeout", "0"], dev.environment, input);
  assert.equal(away.code, 4, away.stderr);
  assert.equal(summaryOf(away.stdout).spooled, 2);
  const port = new URL(dev.ready.endpoint).port;
  const again = await startDev(context, dev.ready.dataDirectory, ["--port", port]);
  const back = await runInProcess(options, again.environment, lines([{ id: 3 }]));
  assert.equal(back.code, 0, back.stderr);
  assert.match(back.stderr, /2 records of an earlier run are in the spool/);
  assert.equal(summaryOf(back.stdout).acknowledged, 3);
  await stopDev(again);
  const ids = (await readRows(dev)).map(({ id }) => Number(id));
  assert.deepEqual(
    ids.sort((left, right) => left - right),
    [1, 2, 3],
  );
});

test("exits with 4 when acks do not come before the drain timeout", async (context) => {
  const directory = await temporaryDirectory(context);
  const options = ["--table", `${TABLE}=${COLUMNS}`, "--chaos", "ack-delay=60s"];
  const dev = await startDev(context, join(directory, "data"), options);
  const commandLine = ["produce", TABLE, "--json", "--drain-timeout", "1"];
  const result = await runInProcess(commandLine, dev.environment, lines([{ id: 1 }, { id: 2 }]));
  assert.equal(result.code, 4, result.stderr);
  assert.equal(summaryOf(result.stdout).unacknowledged, 2);

  const running = startSluice(context, ["produce", TABLE, "-", "--json"], dev.environment);
  running.child.stdin.write('{"id":3}\n');
  while ((await readRows(dev)).length < 3) await delay(5);
  running.child.kill("SIGINT");
  let told = "";
  for await (const text of running.child.stderr) {
    told += String(text);
    if (told.includes("once more gives them up")) break;
  }
  running.child.kill("SIGINT");
  const { code, stdout } = await running.ended;
  assert.equal(code, 130);
  assert.equal(summaryOf(stdout).unacknowledged, 1);
  dev.child.kill("SIGKILL");
});

test("follows a file from before it is there over rotation and truncation", async (context) => {
  const { dev, directory } = await startWithTables(context);
  const file = join(directory, "app.ndjson");
  const commandLine = ["produce", TABLE, file, "--follow", "--json"];
  const running = startSluice(context, commandLine, dev.environment);
  const reached = async (count: number): Promise<void> => {
    while ((await readRows(dev)).length < count) await delay(10);
  };
  await writeFile(file, lines([{ id: 1 }]));
  await reached(1);
  await appendFile(file, lines([{ id: 2 }]));
  await reached(2);
  await rename(file, `${file}.1`);
  await appendFile(`${file}.1`, lines([{ id: 3 }]));
  await writeFile(file, lines([{ id: 4 }, { id: 5 }]));
  await reached(5);
  await writeFile(file, lines([{ id: 6 }]));
  await reached(6);
  running.child.kill("SIGTERM");
  const { code, stdout, stderr } = await running.ended;
  assert.equal(code, 143, stderr);
  assert.match(stderr, /is another file now[^]*was truncated/);
  assert.equal(summaryOf(stdout).acknowledged, 6);
  await stopDev(dev);
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [["-", "--follow"], /--follow needs a file/],
    [[file, "--from", "end"], /goes with --follow only/],
    [[file, "--follow", "--format", "parquet"], /cannot be followed/],
  ];
  for (const [options, expected] of refused) {
    const result = await runInProcess(["produce", TABLE, ...options], dev.environment);
    assert.equal(result.code, 1);
    assert.match(result.stderr, expected);
  }
});

test("sends the rows of a Parquet file with their exact values", async (context) => {
  const { dev } = await startWithTables(context);
  const input =
    '{"id":9007199254740993,"at":-1700000000000001,"price":-1234567890123456.7891,"bin":"AAEC","m":{"a":-0.05}}\n{"id":-1}\n';
  const first = await runInProcess(["produce", TABLE], dev.environment, input);
  assert.equal(first.code, 0, first.stderr);
  const table = join(dev.ready.dataDirectory, "tables", ...TABLE.split("."));
  let names: string[] = [];
  while (names.length === 0) {
    names = (await readdir(table)).filter((name) => name.endsWith(".parquet"));
  }
  while ((await readRows(dev)).length < 2) await delay(5);
  const file = join(table, names[0] as string);
  for (const encoding of ["proto", "json"]) {
    const options = ["main.default.copy", file, "--encoding", encoding, "--batch-size", "1"];
    const copied = await runInProcess(["produce", ...options], dev.environment);
    assert.equal(copied.code, 0, copied.stderr);
  }
  const stdin = ["produce", TABLE, "--format", "parquet"];
  const piped = await runInProcess(stdin, dev.environment, "PAR1");
  assert.match(piped.stderr, /standard input cannot be read as Parquet/);
  await stopDev(dev);
  const rows = await readRows(dev);
  assert.equal(rows[0]?.["id"], 9_007_199_254_740_993n);
  assert.deepEqual(await readRows(dev, "main.default.copy"), [...rows, ...rows]);
});

test("says which option is wrong", async (context) => {
  const { dev } = await startWithTables(context);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--streams", "0"], /from 1 to 1024, or MIN\.\.MAX/],
    [["--streams", "5..2"], /from 1 to 1024, or MIN\.\.MAX/],
    [["--rate", "-1"], /must be a number from/],
    [["--ack", "never"], /Allowed choices are callback, blocking, flush/],
    [["--key", "nope"], /--key names the column nope, which table .* does not have/],
    [["--id-column", "id"], /must be of type STRING/],
    [["--id-column", "rid", "--id-from", "nope"], /--id-from names the column nope/],
    [["--spool-size", "many"], /such as 500MB/],
  ];
  for (const [options, expected] of cases) {
    const result = await runInProcess(["produce", TABLE, ...options], dev.environment, '{"id":1}');
    assert.equal(result.code, 1);
    assert.match(result.stderr, expected);
  }
  await stopDev(dev);
});

test("names the line of a record that the server refuses out of the spool, and sends the others", async (context) => {
  const { dev, directory } = await startWithTables(context);
  const options = ["produce", TABLE, "--json", "--spool", join(directory, "spool")];
  const input = '{"id":1}\n{"id":"two"}\n{"id":3}\n';
  const run = await runInProcess([...options, "--format", "ndjson"], dev.environment, input);
  assert.equal(run.code, 1);
  assert.match(run.stderr, /line 2: the server refused it/);
  assert.equal(summaryOf(run.stdout).spooled, 0);
  await stopDev(dev);
  assert.equal((await readRows(dev)).length, 2);
});
