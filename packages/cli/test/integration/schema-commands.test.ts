// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import protobuf from "protobufjs";
import { runInProcess, startDev, stopDev, temporaryDirectory } from "../support/run-sluice.ts";

const TABLE = "main.default.events";

test("prints the .proto file and the TypeScript type of a table of a running server", async (context) => {
  const directory = await temporaryDirectory(context);
  const columns =
    "id BIGINT NOT NULL, name STRING COMMENT 'as given', at TIMESTAMP, price DECIMAL(9,2), tags ARRAY<STRING>, place STRUCT<x: DOUBLE NOT NULL>, doc VARIANT";
  const running = await startDev(context, join(directory, "data"), [
    "--table",
    `${TABLE}=${columns}`,
  ]);
  const run = (...commandLine: string[]): ReturnType<typeof runInProcess> =>
    runInProcess(commandLine, { ...running.environment, ZEROBUS_TABLE_NAME: TABLE });

  const proto = await run("proto", "--package", "acme.events");
  assert.equal(proto.code, 0, proto.stderr);
  const type = protobuf.parse(proto.stdout).root.lookupType("acme.events.table_events");
  assert.deepEqual(
    type.fieldsArray.map(({ name, id, type: fieldType }) => [name, id, fieldType]),
    [
      ["id", 1, "int64"],
      ["name", 2, "string"],
      ["at", 3, "int64"],
      ["price", 4, "string"],
      ["tags", 5, "string"],
      ["place", 6, "Place"],
      ["doc", 7, "string"],
    ],
  );
  assert.match(proto.stdout, /\/\/ as given\n/);

  const file = join(directory, "events.ts");
  const types = await run("types", TABLE, "--name", "Event", "--out", file);
  assert.equal(types.code, 0, types.stderr);
  assert.equal(types.stdout, "");
  assert.equal(types.stderr, `wrote ${file}\n`);
  const text = await readFile(file, "utf8");
  assert.match(text, /^export interface Event \{$/m);
  assert.match(text, /^ {2}id: number \| bigint \| string;$/m);
  assert.match(text, /^ {2}at\?: Date \| number \| bigint \| string \| null;$/m);

  const json = JSON.parse((await run("types", "--json")).stdout) as { columns: unknown[] };
  assert.deepEqual(json.columns[0], { name: "id", type: { kind: "long" }, nullable: false });
  assert.equal(json.columns.length, 7);

  const absent = await run("proto", "main.default.absent");
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /^error: Table main\.default\.absent was not found at 127\.0\.0\.1/);

  const nowhere = await run("types", "--out", join(directory, "no", "such.ts"));
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /^error: cannot write /);
  await stopDev(running);
});

test("says what is missing", async () => {
  const unnamed = await runInProcess(["proto"]);
  assert.match(unnamed.stderr, /no table given/);
  const nowhere = await runInProcess(["types", TABLE]);
  assert.match(nowhere.stderr, /no endpoint given/);
});
