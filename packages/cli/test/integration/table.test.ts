// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { runInProcess, startDev, stopDev, temporaryDirectory } from "../support/run-sluice.ts";

const TABLE = "main.default.events";

test("creates, lists, shows and counts tables without a server", async (context) => {
  const data = join(await temporaryDirectory(context), "data");
  const run = (...commandLine: string[]): ReturnType<typeof runInProcess> =>
    runInProcess(["table", ...commandLine, "--data", data], { ZEROBUS_TABLE_NAME: TABLE });

  const columns = "id BIGINT NOT NULL, name STRING COMMENT 'as given', at TIMESTAMP";
  const created = await run("create", TABLE, columns);
  assert.equal(created.code, 0, created.stderr);
  const location = join(data, "tables/main/default/events");
  assert.equal(created.stdout, `created ${TABLE} at ${location}\n`);

  const again = await run("create", TABLE, columns);
  assert.equal(again.code, 1);
  assert.equal(again.stderr, `error: table ${TABLE} exists already\n`);

  assert.deepEqual(JSON.parse((await run("list", "--json")).stdout), [
    { name: TABLE, version: 0, columns: 3, location },
  ]);
  assert.match(
    (await run("list")).stdout,
    /^table +version +columns +location\nmain\.default\.events +0 +3 +\//,
  );

  const { stdout: shown } = await run("show");
  assert.match(shown, /rows +0\n/);
  assert.match(
    shown,
    /column +type +comment\nid +BIGINT +NOT NULL\nname +STRING +as given\nat +TIMESTAMP\n/,
  );
  const json = JSON.parse((await run("show", TABLE, "--json")).stdout) as { columns: unknown };
  assert.deepEqual(json.columns, [
    { name: "id", type: "BIGINT", nullable: false },
    { name: "name", type: "STRING", nullable: true },
    { name: "at", type: "TIMESTAMP", nullable: true },
  ]);
  assert.deepEqual(JSON.parse((await run("count", "--json")).stdout), {
    name: TABLE,
    version: 0,
    rows: 0,
  });
  const head = await run("head");
  assert.equal(head.stdout, "id  name  at\n");
  assert.match(head.stderr, /has no rows/);
});

test("says what to do where there is no table, name or data directory", async (context) => {
  const directory = await temporaryDirectory(context);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [
      ["count", TABLE, "--data", directory],
      /table main\.default\.events does not exist; create it/,
    ],
    [["count", "events", "--data", directory], /must have three parts, catalog\.schema\.table/],
    [["count", "--data", directory], /no table given; .* set ZEROBUS_TABLE_NAME/],
    [
      ["list", "--data", join(directory, "none")],
      /there is no data directory .*none; name it with --data/,
    ],
    [["create", TABLE, "id BIGNUM", "--data", directory], /BIGNUM/],
    [["head", TABLE, "-n", "x", "--data", directory], /whole number from 0/],
  ];
  for (const [commandLine, expected] of cases) {
    const { code, stderr } = await runInProcess(["table", ...commandLine]);
    assert.equal(code, 1);
    assert.match(stderr, expected);
  }
});

test("prints rows that produce reads again", async (context) => {
  const data = await temporaryDirectory(context);
  const types =
    "id BIGINT NOT NULL, s STRING, b BOOLEAN, i INT, f FLOAT, d DOUBLE, x BINARY, day DATE, at TIMESTAMP";
  const dev = await startDev(context, data, [
    "--table",
    `a.b.one=${types}`,
    "--table",
    `a.b.two=${types}`,
  ]);
  const rows =
    '{"id":9223372036854775807,"s":"ž\\n\\"","b":true,"i":-1,"f":0.5,"d":1e-300,"x":"AQI=","day":19782,"at":1706696430123456}\n' +
    '{"id":2,"s":null,"b":null,"i":null,"f":null,"d":null,"x":null,"day":null,"at":null}\n';
  const first = await runInProcess(["produce", "a.b.one"], dev.environment, rows);
  assert.equal(first.code, 0, first.stderr);
  await stopDev(dev);
  const { stdout: printed } = await runInProcess([
    "table",
    "head",
    "a.b.one",
    "--json",
    "--data",
    data,
  ]);
  assert.equal(printed, rows);

  const restarted = await startDev(context, data);
  const second = await runInProcess(["produce", "a.b.two"], restarted.environment, printed);
  assert.equal(second.code, 0, second.stderr);
  await stopDev(restarted);
  const head = ["table", "head", "a.b.two", "--data", data];
  assert.equal((await runInProcess([...head, "--json"])).stdout, rows);
  assert.match(
    (await runInProcess([...head, "-n", "1"])).stdout,
    /0x0102 +2024-02-29 +2024-01-31 10:20:30\.123456Z\n$/,
  );
});
