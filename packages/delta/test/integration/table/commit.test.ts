// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Action } from "../../../src/log/actions.ts";
import type { ActiveFile } from "../../../src/log/file-set.ts";
import { commitPath, LOG_DIRECTORY } from "../../../src/log/log-files.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import type { TableComponents } from "../../../src/table/components.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import { addOf, commitBytes, metadataOf, SCHEMA } from "../../support/log-actions.ts";
import { actionsAt, rejectsWith } from "../../support/table-checks.ts";
import { syntheticFile, temporaryDirectory } from "../../support/table-files.ts";

/** A table as another writer has made it. */
async function madeTable(
  location: string,
  actions: readonly Action[],
  components: TableComponents = {},
): Promise<DeltaTable> {
  await new LocalStore(location).prepareDirectory(LOG_DIRECTORY);
  writeFileSync(join(location, commitPath(0)), commitBytes(actions));
  return openTable(location, components);
}

function definition(
  writerFeatures: readonly string[],
  configuration: Record<string, string> = {},
): Action[] {
  return [
    { commitInfo: { timestamp: 1, operation: "CREATE TABLE" } },
    { protocol: { minReaderVersion: 1, minWriterVersion: 7, writerFeatures } },
    { metaData: metadataOf(SCHEMA, configuration) },
  ];
}

function fileOf(table: DeltaTable, path: string): ActiveFile {
  const file = table.snapshot().files.get(path);
  assert.ok(file !== undefined);
  return file;
}

describe("commit", () => {
  test("replaces files by others, naming those it removes as their writer has", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await madeTable(
      location,
      [...definition([]), addOf("p=a+b%2520c", 3), addOf("x", 2)],
      { clock: () => 77 },
    );
    const result = await table.commit({
      readSnapshot: table.snapshot(),
      operation: "OPTIMIZE",
      operationParameters: { predicate: "[]" },
      operationMetrics: { numAddedFiles: "1" },
      adds: [{ ...syntheticFile("both", 5), partitionValues: {} }],
      removes: [fileOf(table, "p=a+b%20c"), fileOf(table, "x")],
      dataChange: false,
    });
    assert.deepEqual(result, { kind: "committed", version: 1 });
    const [info, first, second, add] = actionsAt(location, 1);
    assert.equal(info?.["commitInfo"]?.["operation"], "OPTIMIZE");
    assert.equal(info?.["commitInfo"]?.["isolationLevel"], "SnapshotIsolation");
    assert.equal(info?.["commitInfo"]?.["isBlindAppend"], false);
    assert.deepEqual(first?.["remove"], {
      path: "p=a+b%2520c",
      deletionTimestamp: 77,
      dataChange: false,
      extendedFileMetadata: true,
      partitionValues: {},
      size: 100,
      stats: '{"numRecords":3}',
    });
    assert.equal(second?.["remove"]?.["path"], "x");
    assert.equal(add?.["add"]?.["dataChange"], false);
    assert.deepEqual(
      [...table.snapshot().files].map(({ path }) => path),
      ["part-both.parquet"],
    );
    assert.deepEqual((await openTable(location)).snapshot().files.fileCount, 1);
  });

  test("is a conflict, with nothing written, when another writer removed the same file", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await madeTable(location, [...definition([]), addOf("x", 2)]);
    const other = await openTable(location);
    const removal = {
      readSnapshot: table.snapshot(),
      operation: "DELETE",
      removes: [fileOf(table, "x")],
    };
    assert.deepEqual(await other.commit(removal), { kind: "committed", version: 1 });
    assert.deepEqual(await table.commit(removal), {
      kind: "conflict",
      reason: "concurrentDelete",
      version: 1,
    });
    assert.equal((await openTable(location)).snapshot().version, 1);
  });

  test("keeps the rows of an append-only table, and lets them be rearranged", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await madeTable(location, [
      ...definition(["appendOnly"], { "delta.appendOnly": "true" }),
      addOf("x", 2),
    ]);
    const removal = {
      readSnapshot: table.snapshot(),
      operation: "DELETE",
      removes: [fileOf(table, "x")],
    };
    await rejectsWith(table.commit(removal), "invalid_argument", /append-only/);
    assert.deepEqual(await table.commit({ ...removal, dataChange: false }), {
      kind: "committed",
      version: 1,
    });
  });

  test("gives row ids anew when another writer was first", async (context) => {
    const location = await temporaryDirectory(context);
    const features = ["rowTracking", "domainMetadata"];
    const table = await madeTable(location, definition(features));
    const other = await openTable(location);
    await other.append({ files: [syntheticFile("a", 5), syntheticFile("b", 2)] });
    await table.append({ files: [syntheticFile("c", 3)] });
    const [, , a, b] = actionsAt(location, 1);
    assert.deepEqual(idsOf(a), { baseRowId: 0, defaultRowCommitVersion: 1 });
    assert.deepEqual(idsOf(b), { baseRowId: 5, defaultRowCommitVersion: 1 });
    const [, domain, c] = actionsAt(location, 2);
    assert.deepEqual(idsOf(c), { baseRowId: 7, defaultRowCommitVersion: 2 });
    assert.deepEqual(domain?.["domainMetadata"], {
      domain: "delta.rowTracking",
      configuration: '{"rowIdHighWaterMark":9}',
      removed: false,
    });
    const again = fileOf(table, "part-c.parquet");
    const rewritten = { ...again, tags: { note: "x" } };
    await table.commit({
      readSnapshot: table.snapshot(),
      operation: "TEST",
      adds: [rewritten],
      removes: [again],
      dataChange: false,
    });
    assert.equal(fileOf(table, "part-c.parquet").baseRowId, 7);
    assert.equal(
      table.snapshot().domains.get("delta.rowTracking")?.configuration,
      '{"rowIdHighWaterMark":9}',
    );
  });

  test("puts its own time after that of the commit it follows", async (context) => {
    const location = await temporaryDirectory(context);
    const enabled = { "delta.enableInCommitTimestamps": "true" };
    const [info, ...rest] = definition(["inCommitTimestamp"], enabled);
    assert.ok(info !== undefined && "commitInfo" in info);
    const first = { commitInfo: { inCommitTimestamp: 1000, ...info.commitInfo } };
    let nowMs = 5;
    const table = await madeTable(location, [first, ...rest], { clock: () => nowMs });
    const other = await openTable(location, { clock: () => 2000 });
    await table.append({ files: [syntheticFile("a")] });
    await other.append({ files: [syntheticFile("b")] });
    nowMs = 1500;
    await table.append({ files: [syntheticFile("c")] });
    const times = [1, 2, 3].map((version) => {
      const [action] = actionsAt(location, version);
      return action?.["commitInfo"]?.["inCommitTimestamp"];
    });
    assert.deepEqual(times, [1001, 2000, 2001]);
  });

  test("says since when it carries times where a commit enables them", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await madeTable(location, definition([]), { clock: () => 50 });
    const { metadata } = table.snapshot();
    await table.commit({
      readSnapshot: table.snapshot(),
      reads: "nothing",
      operation: "SET TBLPROPERTIES",
      metadata: { ...metadata, configuration: { "delta.enableInCommitTimestamps": "true" } },
      protocol: {
        minReaderVersion: 1,
        minWriterVersion: 7,
        writerFeatures: ["inCommitTimestamp"],
      },
    });
    assert.deepEqual(table.snapshot().metadata.configuration, {
      "delta.enableInCommitTimestamps": "true",
      "delta.inCommitTimestampEnablementVersion": "1",
      "delta.inCommitTimestampEnablementTimestamp": "50",
    });
    await table.append({ files: [syntheticFile("a")] });
    assert.equal(actionsAt(location, 2)[0]?.["commitInfo"]?.["inCommitTimestamp"], 51);
  });

  test("refuses what this library could not read or write afterwards", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await madeTable(location, definition([]));
    const protocol = { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["nova"] };
    const change = { readSnapshot: table.snapshot(), operation: "TEST", protocol };
    await rejectsWith(table.commit(change), "unsupported", /nova/);
    const nothing = { readSnapshot: table.snapshot(), operation: "TEST" };
    await rejectsWith(table.commit(nothing), "invalid_argument", /changes nothing/);
    assert.equal((await openTable(location)).snapshot().version, 0);
  });
});

function idsOf(action: Record<string, Record<string, unknown>> | undefined): object {
  const { baseRowId, defaultRowCommitVersion } = action?.["add"] ?? {};
  return { baseRowId, defaultRowCommitVersion };
}
