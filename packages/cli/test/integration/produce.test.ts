// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Catalog } from "@sluice/server";
import type { ProduceSummary } from "../../src/produce/summary.ts";
import {
  type RunningDev,
  runInProcess,
  runSluice,
  startDev,
  startSluice,
  stopDev,
  temporaryDirectory,
} from "../support/run-sluice.ts";

const TABLE = "main.default.events";

async function startWithTable(
  context: TestContext,
): Promise<{ dev: RunningDev; directory: string }> {
  const directory = await temporaryDirectory(context);
  const columns = "id BIGINT NOT NULL, name STRING, at TIMESTAMP";
  const options = ["--table", `${TABLE}=${columns}`, "--commit-interval-ms", "10"];
  return { dev: await startDev(context, join(directory, "data"), options), directory };
}

async function readIds(data: string): Promise<bigint[]> {
  const table = await new Catalog(data).openTable(TABLE);
  const ids: bigint[] = [];
  for await (const row of table.scan({ columns: ["id"] })) ids.push(row["id"] as bigint);
  return ids.sort((left, right) => Number(left - right));
}

test("sends files and standard input in each format", async (context) => {
  const { dev, directory } = await startWithTable(context);
  const inputs: readonly (readonly [string, string, string])[] = [
    ["a.json", "json", '[{"id":1},\n{"id":2,"name":"two"}]'],
    ["b.ndjson", "ndjson", '{"id":3}\n\n{"id":4}'],
    ["c.csv", "csv", "id,at\n5,2024-01-31T10:20:30Z\n6,\n"],
  ];
  for (const [name, format, text] of inputs) {
    const file = join(directory, name);
    await writeFile(file, text);
    const fromFile = await runSluice(context, ["produce", TABLE, file, "--json"], dev.environment);
    assert.equal(fromFile.code, 0, fromFile.stderr);
    const summary = JSON.parse(fromFile.stdout) as ProduceSummary;
    assert.equal(summary.complete, true);
    assert.equal(summary.records, 2);
    assert.equal(summary.acknowledged, 2);
    assert.equal(summary.bytes, Buffer.byteLength(text));
    assert.ok((summary.ackP50Ms ?? 0) > 0);

    const environment = { ...dev.environment, ZEROBUS_TABLE_NAME: TABLE };
    const fromStdin = await runSluice(
      context,
      ["produce", "-", "--format", format],
      environment,
      text,
    );
    assert.equal(fromStdin.code, 0, fromStdin.stderr);
    assert.match(fromStdin.stdout, /^2 records in main\.default\.events\n/);
  }
  assert.equal((await stopDev(dev)).code, 0);
  assert.deepEqual(await readIds(dev.ready.dataDirectory), [
    1n,
    1n,
    2n,
    2n,
    3n,
    3n,
    4n,
    4n,
    5n,
    5n,
    6n,
    6n,
  ]);
});

test("sends real data sets in many batches, each record once", async (context) => {
  const data = await temporaryDirectory(context);
  const options = [
    [
      "main.default.flights",
      "date STRING, delay BIGINT, distance INT, origin STRING, destination STRING",
    ],
    [
      "main.default.airports",
      "iata STRING NOT NULL, name STRING, city STRING, state STRING, country STRING, latitude DOUBLE, longitude DOUBLE",
    ],
  ].flatMap(([name, columns]) => ["--table", `${name}=${columns}`]);
  const dev = await startDev(context, data, options);
  for (const [name, file, count] of [
    ["main.default.flights", "flights-20k.json", 20_000],
    ["main.default.airports", "airports.csv", 3_376],
  ] as const) {
    const path = fileURLToPath(new URL(`../data/${file}`, import.meta.resolve("vega-datasets")));
    const command = ["produce", name, path, "--json", "--batch-size", "7"];
    const { code, stdout, stderr } = await runInProcess(command, dev.environment);
    assert.equal(code, 0, stderr);
    assert.equal((JSON.parse(stdout) as ProduceSummary).acknowledged, count);
  }
  await stopDev(dev);
  const catalog = new Catalog(data);
  assert.equal(await (await catalog.openTable("main.default.flights")).countRows(), 20_000);
  assert.equal(await (await catalog.openTable("main.default.airports")).countRows(), 3_376);
});

test("ends at an invalid record with its line, after sending what comes before", async (context) => {
  const { dev } = await startWithTable(context);
  const input = '{"id":1}\n{"id":2}\n{"id":}\n{"id":4}\n';
  const result = await runInProcess(["produce", TABLE, "--json"], dev.environment, input);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /error: standard input, line 3: not valid JSON/);
  const summary = JSON.parse(result.stdout) as ProduceSummary;
  assert.equal(summary.complete, false);
  assert.equal(summary.acknowledged, 2);
  await stopDev(dev);
  assert.deepEqual(await readIds(dev.ready.dataDirectory), [1n, 2n]);
});

test("passes over invalid records where that is asked for", async (context) => {
  const { dev } = await startWithTable(context);
  const input = '{"id":1}\n{"id":}\n[]\n{"id":4}\n';
  const options = ["produce", TABLE, "--json", "--skip-invalid"];
  const result = await runInProcess(options, dev.environment, input);
  assert.equal(result.code, 3, result.stderr);
  assert.match(result.stderr, /skipped 2 invalid records; the first: line 2: not valid JSON/);
  assert.equal((JSON.parse(result.stdout) as ProduceSummary).skipped, 2);
  await stopDev(dev);
  assert.deepEqual(await readIds(dev.ready.dataDirectory), [1n, 4n]);
});

test("names the line of the record that the server refuses, and sends those around it", async (context) => {
  const { dev } = await startWithTable(context);
  const input = '{"id":1}\n{"id":2}\n{"id":"three"}\n{"id":4}\n';
  const options = ["produce", TABLE, "--format", "ndjson", "--encoding", "json"];
  const result = await runInProcess(options, dev.environment, input);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /standard input, line 3: the server refused it: .*field "id"/);
  await stopDev(dev);
  assert.deepEqual(await readIds(dev.ready.dataDirectory), [1n, 2n, 4n]);
});

test("waits for the acks of what was read on Ctrl-C, and ends with 130", async (context) => {
  const { dev } = await startWithTable(context);
  const running = startSluice(context, ["produce", TABLE, "-", "--json"], dev.environment);
  running.child.stdin.write('{"id":1}\n{"id":2}\n{"id":3}\n');
  // The rows in the table say that the process has read them; its input stays open.
  while ((await readIds(dev.ready.dataDirectory)).length < 3) await delay(5);
  running.child.kill("SIGINT");
  const { code, stdout, stderr } = await running.ended;
  assert.equal(code, 130, stderr);
  const summary = JSON.parse(stdout) as ProduceSummary;
  assert.equal(summary.interrupted, true);
  assert.equal(summary.acknowledged, 3);
  assert.match(stderr, /SIGINT: no more is read/);
  await stopDev(dev);
});

test("goes on when the server is restarted, and says so", async (context) => {
  const { dev } = await startWithTable(context);
  const port = new URL(dev.ready.endpoint).port;
  const running = startSluice(context, ["produce", TABLE, "-", "--json"], dev.environment);
  running.child.stdin.write('{"id":1}\n');
  while ((await readIds(dev.ready.dataDirectory)).length < 1) await delay(5);
  dev.child.kill("SIGKILL");
  await dev.ended;
  running.child.stdin.end('{"id":2}\n');
  const again = await startDev(context, dev.ready.dataDirectory, ["--port", port]);
  const { code, stdout, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /connection to .*; trying again\n[^]*connected again/);
  assert.equal((JSON.parse(stdout) as ProduceSummary).acknowledged, 2);
  await stopDev(again);
  assert.deepEqual([...new Set(await readIds(dev.ready.dataDirectory))], [1n, 2n]);
});

test("finds out before the first record what is wrong", async (context) => {
  const { dev, directory } = await startWithTable(context);
  const missing = join(directory, "missing.json");
  const free = await freePort();
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [
      [TABLE, "--client-secret", "wrong"],
      /gave no token for client .*check the client id and secret/,
    ],
    [["main.default.other"], /Table main\.default\.other was not found/],
    [["other"], /must have three non-empty parts/],
    [[TABLE, missing], /cannot read .*missing\.json: there is no such file/],
    [[TABLE, directory], /is a directory/],
    [
      [TABLE, "--workspace-url", `http://127.0.0.1:${free}`],
      /cannot reach http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/,
    ],
    [[TABLE, "--batch-size", "0"], /whole number from 1/],
    [[TABLE, "--format", "xml"], /Allowed choices are json, ndjson, csv, parquet/],
  ];
  for (const [commandLine, expected] of cases) {
    const result = await runSluice(
      context,
      ["produce", ...commandLine],
      dev.environment,
      '{"id":1}',
    );
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stderr, expected);
    assert.equal(result.stdout, "");
  }
  const unknown = await runInProcess(["produce", TABLE], dev.environment, "id,name\n1,x\n");
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /cannot tell the format of standard input; say --format/);
  await stopDev(dev);
});

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
