// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createTable, type DeltaTable, openTable, parseColumnList } from "@sluice/delta";
import {
  runInProcess,
  type RunResult,
  runSluice,
  startDev,
  stopDev,
  temporaryDirectory,
} from "../support/run-sluice.ts";

/** A table of so many versions, each with a file of a row. */
async function tableOfFiles(context: TestContext, fileCount: number): Promise<DeltaTable> {
  const location = join(await temporaryDirectory(context), "table");
  const schema = parseColumnList("id BIGINT NOT NULL, day DATE");
  const created = await createTable({ location, schema, partitionBy: ["day"] });
  for (let id = 0; id < fileCount; id += 1) {
    await created.appendRows([{ id: BigInt(id), day: id % 2 === 0 ? "2024-01-31" : "2024-02-01" }]);
  }
  return created;
}

async function table(...commandLine: readonly string[]): Promise<RunResult> {
  return runInProcess(["table", ...commandLine]);
}

async function idsOf(location: string): Promise<number[]> {
  const ids: number[] = [];
  for await (const row of (await openTable(location)).scan()) ids.push(Number(row["id"]));
  return ids.sort((left, right) => left - right);
}

test("writes small files together, and only tells what it would do in a dry run", async (context) => {
  const { location } = await tableOfFiles(context, 6);
  const dry = await table("optimize", location, "--dry-run");
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /^would write 6 files \(.*\) of .* into about 2 files \(/);
  const chosen = await table("optimize", location, "--where", "day = '2024-01-31'", "--json");
  const { addedByteCount, removedByteCount, ...rest } = JSON.parse(chosen.stdout) as Record<
    string,
    number
  >;
  assert.ok((addedByteCount ?? 0) > 0 && (removedByteCount ?? 0) > 0);
  assert.deepEqual(rest, {
    name: location,
    removedFileCount: 3,
    addedFileCount: 1,
    conflictCount: 0,
    versions: [7],
    dryRun: false,
  });
  const others = await table("optimize", location);
  assert.match(others.stdout, /^wrote 3 files \(.*\) of .* into 1 file \(.*\), in version 8\n$/);
  const again = await table("optimize", location);
  assert.match(again.stdout, /has no files to write together\n$/);
  assert.deepEqual(await idsOf(location), [0, 1, 2, 3, 4, 5]);
  const wrong = await table("optimize", location, "--where", "id = 1");
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /"id"/);
});

test("deletes files that no version needs, unless the time is too short", async (context) => {
  const { location } = await tableOfFiles(context, 4);
  await table("optimize", location);
  const short = await table("vacuum", location, "--retain", "0h");
  assert.equal(short.code, 1);
  assert.match(
    short.stderr,
    /below the table's own.*\n.*--force-short-retention where nobody else/,
  );
  const nothing = await table("vacuum", location);
  assert.match(
    nothing.stdout,
    /has no files that no version of the last 7 days needs; looked at 6 files/,
  );
  const force = ["--retain", "0h", "--force-short-retention", "--verbose"];
  const dry = await table("vacuum", location, ...force, "--dry-run");
  const lines = dry.stdout.trimEnd().split("\n");
  assert.match(lines.at(-1) ?? "", /^would delete 4 files \(.*the newest version does not need/);
  const files = lines.slice(0, -1).map((path) => join(location, path));
  assert.equal(files.filter((file) => existsSync(file)).length, 4);
  const done = await table("vacuum", location, ...force, "--json");
  const { fileCount, paths } = JSON.parse(done.stdout) as { fileCount: number; paths: string[] };
  assert.equal(fileCount, 4);
  assert.deepEqual(paths.map((path) => join(location, path)).sort(), files.sort());
  assert.equal(files.filter((file) => existsSync(file)).length, 0);
  assert.deepEqual(await idsOf(location), [0, 1, 2, 3]);
  const restored = await table("restore", location, "--version", "2");
  assert.equal(restored.code, 1);
  assert.match(restored.stderr, /deleted \(by a vacuum\?\)/);
});

test("restores an earlier version or time, and takes that back", async (context) => {
  const opened = await tableOfFiles(context, 3);
  const { location } = opened;
  const back = await table("restore", location, "--version", "1", "--json");
  assert.deepEqual(JSON.parse(back.stdout), {
    name: location,
    kind: "restored",
    version: 4,
    restoredVersion: 1,
    restoredFileCount: 0,
    removedFileCount: 2,
  });
  assert.deepEqual(await idsOf(location), [0]);
  const forth = await table("restore", location, "--version", "3");
  assert.match(
    forth.stdout,
    /^restored version 3 of .* as version 5: 2 files back, 0 files out\n$/,
  );
  const same = await table("restore", location, "--at", new Date().toISOString());
  assert.match(same.stdout, /has that state already, in version 5/);
  assert.deepEqual(await idsOf(location), [0, 1, 2]);
  for (const options of [[], ["--version", "1", "--at", "2024-01-31"]]) {
    const { code, stderr } = await table("restore", location, ...options);
    assert.equal(code, 1);
    assert.match(stderr, /by --version or by --at\n.*sluice table history/);
  }
});

test("writes a checkpoint once for a version", async (context) => {
  const { location } = await tableOfFiles(context, 2);
  const first = await table("checkpoint", location, "--clean-up", "--json");
  assert.deepEqual(JSON.parse(first.stdout), {
    name: location,
    version: 2,
    created: true,
    deletedLogFiles: 0,
  });
  const second = await table("checkpoint", location);
  assert.match(second.stdout, /has a checkpoint of its newest version 2 already/);
  const { stdout } = await table("describe", location);
  assert.match(stdout, /checkpoint +version 2\n/);
});

test("tidies a table while a server appends to it, and loses no record", async (context) => {
  const data = await temporaryDirectory(context);
  const name = "main.default.events";
  const dev = await startDev(context, data, [
    "--table",
    `${name}=id BIGINT NOT NULL, s STRING`,
    "--commit-interval-ms",
    "20",
  ]);
  const records = (start: number, count: number): string =>
    Array.from({ length: count }, (_, index) => `{"id":${start + index},"s":"x"}\n`).join("");
  for (let start = 0; start < 600; start += 100) {
    const sent = await runInProcess(["produce", name], dev.environment, records(start, 100));
    assert.equal(sent.code, 0, sent.stderr);
  }
  const producing = { isDone: false };
  const produced = (async () => {
    for (let start = 600; start < 3000; start += 100) {
      const sent = await runInProcess(["produce", name], dev.environment, records(start, 100));
      assert.equal(sent.code, 0, sent.stderr);
    }
  })().finally(() => (producing.isDone = true));
  const location = join(data, "tables/main/default/events");
  let removedFileCount = 0;
  do {
    const optimized = await runSluice(context, [
      "table",
      "optimize",
      name,
      "--data",
      data,
      "--json",
    ]);
    assert.equal(optimized.code, 0, optimized.stderr);
    removedFileCount += (JSON.parse(optimized.stdout) as { removedFileCount: number })
      .removedFileCount;
    const altered = await table(
      "alter",
      "comment",
      name,
      `after ${removedFileCount}`,
      "--data",
      data,
    );
    assert.equal(altered.code, 0, altered.stderr);
    const checkpoint = await table("checkpoint", name, "--data", data);
    assert.equal(checkpoint.code, 0, checkpoint.stderr);
  } while (!producing.isDone);
  await produced;
  await stopDev(dev);
  assert.ok(removedFileCount > 0);
  const described = await table("describe", location, "--verbose", "--json");
  const { applications } = JSON.parse(described.stdout) as { applications: { appId: string }[] };
  assert.match(applications[0]?.appId ?? "", /^sluice-/);
  assert.match(
    (await table("describe", location, "--verbose")).stdout,
    /application +version.*\nsluice-/,
  );
  assert.deepEqual(
    await idsOf(location),
    Array.from({ length: 3000 }, (_, id) => id),
  );
});
