// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openTable } from "@sluice/delta";
import type { TableFacts } from "../../src/commands/table/table-facts.ts";
import { runInProcess, runSluice, temporaryDirectory } from "../support/run-sluice.ts";

const NAME = "main.default.orders";

async function describeJson(table: string, ...more: readonly string[]): Promise<TableFacts> {
  const { stdout, stderr, code } = await runInProcess([
    "table",
    "describe",
    table,
    "--json",
    ...more,
  ]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as TableFacts;
}

test("creates a table with all that it may have, by name and by path, and describes it", async (context) => {
  const data = join(await temporaryDirectory(context), "data");
  const path = join(await temporaryDirectory(context), "orders");
  const definition = [
    "id BIGINT NOT NULL, day DATE, price DECIMAL(10,2) COMMENT 'in euros', place STRUCT<city: STRING, zip: INT>",
    "--partition-by",
    "day",
    "--constraint",
    "positive=price > 0",
    "--default",
    "price=1.00",
    "--property",
    "delta.checkpointInterval=5",
    "--property",
    "team=shop",
    "--column-mapping",
    "name",
    "--feature",
    "deletionVectors",
    "--comment",
    "what was sold",
  ];
  const tables = [
    { given: [NAME, ...definition, "--data", data], read: [NAME, "--data", data], name: NAME },
    { given: [path, ...definition], read: [path], name: path },
  ];
  for (const { given, read, name } of tables) {
    const created = await runInProcess(["table", "create", ...given, "--json"]);
    assert.equal(created.code, 0, created.stderr);
    const { location } = JSON.parse(created.stdout) as { location: string };
    const [table = "", ...options] = read;
    const facts = await describeJson(table, ...options);
    assert.match(facts.id, /^[0-9a-f-]{36}$/);
    assert.match(facts.createdAt ?? "", /^\d{4}-\d\d-\d\dT/);
    assert.equal(facts.changedAt, facts.createdAt);
    const { "delta.columnMapping.maxColumnId": maxColumnId, ...properties } = facts.properties;
    assert.equal(maxColumnId, "6");
    assert.deepEqual(
      { ...facts, id: "", createdAt: "", changedAt: "", properties },
      {
        name,
        location,
        id: "",
        version: 0,
        changedAt: "",
        createdAt: "",
        comment: "what was sold",
        rows: 0,
        files: 0,
        bytes: 0,
        filesWithDeletedRows: 0,
        checkpointVersion: null,
        minReaderVersion: 3,
        minWriterVersion: 7,
        features: [
          "allowColumnDefaults",
          "appendOnly",
          "checkConstraints",
          "columnMapping",
          "deletionVectors",
          "invariants",
        ],
        partitionColumns: ["day"],
        clusterColumns: [],
        constraints: { positive: "price > 0" },
        properties: {
          "delta.checkpointInterval": "5",
          "delta.columnMapping.mode": "name",
          team: "shop",
        },
        columns: [
          { name: "id", type: "BIGINT", nullable: false, default: null, comment: null },
          { name: "day", type: "DATE", nullable: true, default: null, comment: null },
          {
            name: "price",
            type: "DECIMAL(10,2)",
            nullable: true,
            default: "1.00",
            comment: "in euros",
          },
          {
            name: "place",
            type: "STRUCT<city: STRING, zip: INT>",
            nullable: true,
            default: null,
            comment: null,
          },
        ],
      },
    );
    const { stdout } = await runInProcess(["table", "describe", ...read, "--verbose"]);
    assert.match(stdout, /partitioned by +day\n/);
    assert.match(stdout, /constraints\n +positive +price > 0\n/);
    assert.match(stdout, /place +STRUCT\n {2}city +STRING\n {2}zip +INT\n/);
    assert.match(stdout, /no application has recorded/);
  }
});

test("changes a table's definition, each time in one version", async (context) => {
  const path = join(await temporaryDirectory(context), "orders");
  const columns = "id BIGINT NOT NULL, note STRING, place STRUCT<city: STRING>";
  const options = ["--column-mapping", "name"];
  const created = await runInProcess(["table", "create", path, columns, ...options]);
  assert.equal(created.code, 0, created.stderr);
  const table = await openTable(path);
  await table.appendRows([
    { id: 1n, place: { city: "x" } },
    { id: 2n, note: "n" },
  ]);
  const changes: readonly (readonly string[])[] = [
    ["add-column", path, "weight DOUBLE, unit STRING COMMENT 'SI'"],
    ["add-column", path, "`zip code` INT", "place"],
    ["rename-column", path, "place.city", "town"],
    ["drop-column", path, "note,unit"],
    ["drop-not-null", path, "id"],
    ["set-not-null", path, "id"],
    ["comment", path, "in kilograms", "weight"],
    ["comment", path, "all orders"],
    ["set-property", path, "a=1", "b=x=y", "delta.appendOnly=true"],
    ["unset-property", path, "a", "delta.appendOnly"],
    ["add-constraint", path, "counted", "id > 0"],
    ["add-constraint", path, "light", "weight < 1000 OR weight IS NULL"],
    ["drop-constraint", path, "light"],
    ["enable-feature", path, "allowColumnDefaults", "deletionVectors"],
    ["set-default", path, "weight", "0.5"],
    ["cluster-by", path, "id,place.`zip code`"],
    ["set-property", path, "delta.enableTypeWidening=true"],
    ["change-type", path, "place.`zip code`", "decimal(12,2)"],
  ];
  const unmapped = await runInProcess(["table", "create", `${path}2`, "`a b` INT"]);
  assert.match(unmapped.stderr, /Delta forbids .* without column mapping/);
  for (const [index, change] of changes.entries()) {
    const result = await runInProcess(["table", "alter", ...change, "--json"]);
    assert.equal(result.code, 0, `${change.join(" ")}: ${result.stderr}`);
    const { version } = JSON.parse(result.stdout) as { version: number };
    assert.equal(version, index + 2, change.join(" "));
  }
  const facts = await describeJson(path);
  assert.deepEqual(
    facts.columns.map(({ name, type, nullable, default: value, comment }) => [
      name,
      type,
      nullable,
      value,
      comment,
    ]),
    [
      ["id", "BIGINT", false, null, null],
      ["place", "STRUCT<town: STRING, `zip code`: DECIMAL(12,2)>", true, null, null],
      ["weight", "DOUBLE", true, "0.5", "in kilograms"],
    ],
  );
  assert.equal(facts.comment, "all orders");
  assert.equal(facts.properties["b"], "x=y");
  assert.equal(facts.properties["a"], undefined);
  assert.deepEqual(facts.constraints, { counted: "id > 0" });
  assert.deepEqual(facts.clusterColumns, ["id", "place.`zip code`"]);
  assert.ok(facts.features.includes("deletionVectors"));
  assert.equal(facts.rows, 2);

  const history = await runInProcess(["table", "history", path, "--limit", "2"]);
  assert.match(history.stdout, /^version +time \(UTC\) +operation +parameters +metrics +engine\n/);
  assert.match(
    history.stdout,
    /\n +18 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +SET TBLPROPERTIES|CHANGE COLUMN/,
  );
  assert.match(history.stderr, /has earlier versions; --limit shows more/);
  const { stdout } = await runInProcess(["table", "history", path, "--json", "--limit", "100"]);
  const entries = JSON.parse(stdout) as { version: number; operation: string }[];
  assert.equal(entries.length, 20);
  assert.deepEqual(entries.at(-1)?.operation, "CREATE TABLE");
});

test("refuses changes that cannot be, and says what to do", async (context) => {
  const directory = await temporaryDirectory(context);
  const path = join(directory, "orders");
  await runInProcess(["table", "create", path, "id BIGINT, note STRING"]);
  const table = await openTable(path);
  await table.appendRows([{ id: -1n, note: null }]);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["alter", "drop-column", path, "note"], /column/],
    [["alter", "set-not-null", path, "note"], /note.*NULL in row 0/],
    [["alter", "add-constraint", path, "positive", "id > 0"], /positive.*not true in row 0/],
    [["alter", "add-column", path, "x FOO"], /FOO.*\n.*Columns are written as in CREATE TABLE/],
    [["alter", "drop-column", path, "a,"], /invalid for argument 'columns'.*ends with a comma/],
    [["alter", "set-property", path, "nothing"], /of the form KEY=VALUE/],
    [["alter", "enable-feature", path, "magic"], /"magic" cannot be enabled; these can: /],
    [
      ["alter", "change-type", path, "id", "DECIMAL(20,0)"],
      /set the property delta\.enableTypeWidening/,
    ],
    [["alter", "change-type", path, "id", "FOO"], /FOO.*\n.*Types are written as in CREATE TABLE/],
    [["alter", "rename-column", path], /missing required argument 'column'/],
    [["alter", "comment", join(directory, "none"), "x"], /no Delta table.*\n.*_delta_log/],
    [["create", path, "id BIGINT"], /there is a Delta table in .*orders already/],
    [["create", `${path}2`, "id BIGINT", "--partition-by", "day"], /"day"/],
    [["create", `${path}2`, "id BIGINT", "--constraint", "c=nope > 1"], /nope/],
    [["create", `${path}2`, "id BIGINT", "--column-mapping", "some"], /Allowed choices are/],
    [["describe", "orders", "--data", directory], /three parts.*\n.*path or URL/],
    [["describe", "gs://"], /gs:\/\//],
  ];
  for (const [commandLine, expected] of cases) {
    const { code, stdout, stderr } = await runInProcess(["table", ...commandLine]);
    assert.equal(code, 1, commandLine.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, expected);
  }
  assert.equal(table.snapshot().version, (await table.refresh()).version);
});

test("explains each command with an example", async (context) => {
  const commands = [
    "create",
    "list",
    "show",
    "describe",
    "history",
    "head",
    "count",
    "export",
    "optimize",
    "vacuum",
    "checkpoint",
    "restore",
    "alter",
    "alter add-column",
    "alter set-property",
  ];
  for (const command of commands) {
    const { code, stdout } = await runInProcess(["table", ...command.split(" "), "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`Examples?:\n {2}\\$ sluice table ${command}`));
  }
  const { code, stdout } = await runSluice(context, ["table", "--help"]);
  assert.equal(code, 0);
  for (const [command] of commands.map((text) => text.split(" "))) {
    assert.match(stdout, new RegExp(`^ {2}${command} `, "m"));
  }
});
