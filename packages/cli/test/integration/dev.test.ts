// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFile, readdir, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { FAULT_NAMES } from "@sluice/server";
import {
  runInProcess,
  runSluice,
  startDev,
  startSluice,
  stopDev,
  temporaryDirectory,
} from "../support/run-sluice.ts";

const TABLE = "main.default.events";
const EVENTS = `${TABLE}=id BIGINT NOT NULL, name STRING`;

test("prints one line when ready, and ends with 0 on SIGTERM", async (context) => {
  const data = await temporaryDirectory(context);
  const dev = await startDev(context, data, ["--table", EVENTS]);
  assert.equal(dev.ready.pid, dev.child.pid);
  assert.equal(dev.ready.dataDirectory, data);
  assert.deepEqual(dev.ready.tables, [TABLE]);
  assert.match(dev.ready.endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
  const { code, stdout, stderr } = await stopDev(dev);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.split("\n").length, 2);
  assert.match(stderr, /SIGTERM: draining/);
});

test("ends with 0 on SIGINT and shows the variables to set", async (context) => {
  const data = await temporaryDirectory(context);
  const { child, ended } = startSluice(context, ["dev", "--port", "0", "--data", data]);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("Ctrl-C drains")) break;
  }
  child.kill("SIGINT");
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^sluice is ready\n  endpoint +(http\S+)\n[^]*^export ZEROBUS_SERVER_ENDPOINT=\1$/m,
  );
  assert.match(stdout, /^ {2}client secret +(\S+)\n[^]*^export DATABRICKS_CLIENT_SECRET=\1$/m);
  assert.match(stdout, /^export DATABRICKS_WORKSPACE_URL=http/m);
  assert.match(stdout, /^export ZEROBUS_TABLE_NAME=/m);
  assert.match(stdout, /^export DATABRICKS_CLIENT_ID=/m);
});

test("keeps credentials and records over a restart", async (context) => {
  const data = await temporaryDirectory(context);
  const first = await startDev(context, data, [
    "--table",
    EVENTS,
    "--commit-interval-ms",
    "3600000",
  ]);
  const produced = await runSluice(
    context,
    ["produce", TABLE],
    first.environment,
    '{"id":1}\n{"id":2}\n',
  );
  assert.equal(produced.code, 0, produced.stderr);
  assert.equal((await stopDev(first)).code, 0);

  const second = await startDev(context, data, ["--table", EVENTS]);
  assert.equal(second.ready.clientId, first.ready.clientId);
  assert.equal(second.ready.clientSecret, first.ready.clientSecret);
  const { stdout } = await runInProcess(["table", "count", TABLE, "--data", data]);
  assert.equal(stdout, "2\n");
  await stopDev(second);
});

test("commits at the next start what was acknowledged before a kill", async (context) => {
  const data = await temporaryDirectory(context);
  const first = await startDev(context, data, [
    "--table",
    EVENTS,
    "--commit-interval-ms",
    "3600000",
  ]);
  const produced = await runInProcess(["produce", TABLE], first.environment, '{"id":1}\n');
  assert.equal(produced.code, 0, produced.stderr);
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await startDev(context, data);
  assert.equal((await stopDev(second)).code, 0);
  const { stdout } = await runInProcess(["table", "count", TABLE, "--data", data]);
  assert.equal(stdout, "1\n");
});

test("takes the credentials of the environment", async (context) => {
  const data = await temporaryDirectory(context);
  const credentials = { DATABRICKS_CLIENT_ID: "deployment", DATABRICKS_CLIENT_SECRET: "a:secret" };
  const dev = await startDev(context, data, ["--table", EVENTS], credentials);
  assert.equal(dev.ready.clientId, "deployment");
  const produced = await runInProcess(["produce", TABLE], dev.environment, '{"id":1}\n');
  assert.equal(produced.code, 0, produced.stderr);
  await stopDev(dev);
});

test("lets everybody write where authentication is off", async (context) => {
  const data = await temporaryDirectory(context);
  const dev = await startDev(context, data, ["--no-auth", "--table", EVENTS]);
  assert.equal(dev.ready.clientId, null);
  const produced = await runSluice(
    context,
    ["produce", TABLE, "--no-auth"],
    dev.environment,
    '{"id":1}\n',
  );
  assert.equal(produced.code, 0, produced.stderr);
  await stopDev(dev);
});

test("refuses to start, and says why", async (context) => {
  const data = await temporaryDirectory(context);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--table", "main.default.t=id BIGNUM"], /error: table main\.default\.t: .*BIGNUM/],
    [["--table", "main.default.t"], /error: --table "main\.default\.t" has no columns/],
    [
      ["--no-auth", "--host", "0.0.0.0"],
      /error: auth: false is allowed on a loopback address only/,
    ],
    [["--tls-cert", "cert.pem"], /error: TLS needs both a certificate and its key/],
    [["--port", "70000"], /whole number from 0 to 65535/],
  ];
  for (const [options, expected] of cases) {
    const result = await runInProcess(["dev", "--port", "0", "--data", data, ...options]);
    assert.equal(result.code, 1);
    assert.match(result.stderr, expected);
    assert.equal(result.stdout, "");
  }
});

test("refuses a table that exists with other columns", async (context) => {
  const data = await temporaryDirectory(context);
  await stopDev(await startDev(context, data, ["--table", EVENTS]));
  const options = ["--table", `${TABLE}=id STRING`];
  const result = await runSluice(context, ["dev", "--port", "0", "--data", data, ...options]);
  assert.equal(result.code, 1);
  assert.match(
    result.stderr,
    /exists already with other columns\n.*wanted: id STRING\n.*exists: id BIGINT NOT NULL, name STRING/,
  );
});

test("names the port that is taken", async (context) => {
  const data = await temporaryDirectory(context);
  const port = await takePort(context);
  const result = await runSluice(context, ["dev", "--port", String(port), "--data", data]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, new RegExp(`error: .*:${port}.*choose another port`));
});

test("refuses a data directory that another server uses", async (context) => {
  const data = await temporaryDirectory(context);
  const dev = await startDev(context, data);
  const result = await runSluice(context, ["dev", "--port", "0", "--data", data]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, new RegExp(`error: .*${dev.ready.pid}`));
  assert.equal((await stopDev(dev)).code, 0);
});

test("refuses a log that is damaged, and names the file", async (context) => {
  const data = await temporaryDirectory(context);
  const dev = await startDev(context, data, ["--table", EVENTS]);
  await runInProcess(["produce", TABLE], dev.environment, '{"id":1}\n');
  dev.child.kill("SIGKILL");
  await dev.ended;
  const segment = (await readdir(join(data, "log"))).find((name) => name.endsWith(".log")) ?? "";
  await writeFile(join(data, "log", segment), Buffer.alloc(100, 7));
  await appendFile(join(data, "log", segment), Buffer.alloc(100, 9));
  const result = await runSluice(context, ["dev", "--port", "0", "--data", data]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, new RegExp(`^error: .*${segment}`, "m"));
});

/** A port that somebody listens on until the test ends. */
async function takePort(context: TestContext): Promise<number> {
  const holder = createServer();
  holder.listen(0, "127.0.0.1");
  await once(holder, "listening");
  context.after(() => holder.close());
  return (holder.address() as AddressInfo).port;
}

test("makes clients meet with faults, one line each, and names every fault in its help", async (context) => {
  const help = await runSluice(context, ["dev", "--help"]);
  for (const name of FAULT_NAMES) assert.ok(help.stdout.includes(`  ${name}=`), name);
  const data = await temporaryDirectory(context);
  const dev = await startDev(context, data, ["--chaos", "drop=every 50ms; seed=7"]);
  await new Promise<void>((resolve) => {
    let text = "";
    dev.child.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      if (text.includes("chaos: drop: ")) resolve();
    });
  });
  const { code, stderr } = await stopDev(dev);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /chaos: clients are made to fail on purpose seed=7/);
});

test("refuses a plan of faults it cannot read, with the place", async (context) => {
  const data = await temporaryDirectory(context);
  const { code, stderr } = await runSluice(context, [
    "dev",
    "--data",
    data,
    "--chaos",
    "drp=at 1s",
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /character 1, "drp": not a fault; known are drop, /);
});
