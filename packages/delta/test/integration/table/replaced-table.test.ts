// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { LOG_DIRECTORY } from "../../../src/log/log-files.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import { SCHEMA } from "../../support/table-checks.ts";
import { syntheticFile, temporaryDirectory } from "../../support/table-files.ts";

async function appendEach(table: DeltaTable, prefix: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const result = await table.append({ files: [syntheticFile(`${prefix}-${index}`)] });
    assert.equal(result.kind, "committed");
  }
}

async function recreate(location: string): Promise<DeltaTable> {
  await rm(location, { recursive: true });
  return createTable({ location, schema: SCHEMA });
}

describe("a table that is removed and made again under a writer", () => {
  for (const newVersion of [0, 1, 3, 4, 5]) {
    test(`is not appended to, with the writer at version 3 and the new table at ${newVersion}`, async (context) => {
      const location = join(await temporaryDirectory(context), "table");
      const table = await createTable({ location, schema: SCHEMA });
      await appendEach(table, "old", 3);
      const writtenFor = table.snapshot();
      const replacement = await recreate(location);
      await appendEach(replacement, "new", newVersion);
      const request = { files: [syntheticFile("late")], writtenFor };
      const conflict = { kind: "conflict", reason: "tableReplaced", version: 0 };
      assert.deepEqual(await table.append(request), conflict);
      assert.deepEqual(await table.append(request), conflict);
      const names = await readdir(join(location, LOG_DIRECTORY));
      assert.equal(names.filter((name) => name.endsWith(".json")).length, newVersion + 1);
      const reopened = await openTable(location);
      assert.equal(reopened.snapshot().version, newVersion);
      assert.equal(table.snapshot().metadata.id, reopened.snapshot().metadata.id);
      assert.deepEqual(await table.append({ files: [syntheticFile("next")] }), {
        kind: "committed",
        version: newVersion + 1,
      });
    });
  }

  test("is seen by a refresh, also at the same or a lower version", async (context) => {
    for (const newVersion of [0, 2, 3]) {
      const location = join(await temporaryDirectory(context), "table");
      const table = await createTable({ location, schema: SCHEMA });
      await appendEach(table, "old", 2);
      await appendEach(await recreate(location), "new", newVersion);
      const snapshot = await table.refresh();
      assert.equal(snapshot.version, newVersion);
      assert.deepEqual(snapshot.metadata, (await openTable(location)).snapshot().metadata);
      assert.equal(snapshot.files.fileCount, newVersion);
    }
  });
});

describe("a table that is set back to an older state under a writer", () => {
  test("is appended to behind that state", async (context) => {
    const location = join(await temporaryDirectory(context), "table");
    const table = await createTable({ location, schema: SCHEMA });
    await appendEach(table, "kept", 1);
    const backup = `${location}-backup`;
    await cp(location, backup, { recursive: true });
    await appendEach(table, "lost", 2);
    await rm(location, { recursive: true });
    await cp(backup, location, { recursive: true });
    const result = await table.append({ files: [syntheticFile("next")] });
    assert.deepEqual(result, { kind: "committed", version: 2 });
    assert.equal((await openTable(location)).snapshot().files.fileCount, 2);
  });
});

describe("a copy of the log with other file times", () => {
  test("is the same table", async (context) => {
    const location = join(await temporaryDirectory(context), "table");
    const table = await createTable({ location, schema: SCHEMA });
    await appendEach(table, "a", 2);
    const copy = `${location}-copy`;
    await cp(location, copy, { recursive: true });
    await rm(location, { recursive: true });
    await cp(copy, location, { recursive: true });
    const result = await table.append({ files: [syntheticFile("b")] });
    assert.deepEqual(result, { kind: "committed", version: 3 });
  });
});

describe("the cost of an append", () => {
  test("is one look at the newest commit, its own and its checksum", async (context) => {
    const location = await temporaryDirectory(context);
    await createTable({ location, schema: SCHEMA });
    const calls: string[] = [];
    const store = new Proxy(new LocalStore(location), {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...parameters: unknown[]): unknown => {
          calls.push(String(name));
          return Reflect.apply(member, target, parameters);
        };
      },
    });
    const table = await openTable(location, { store });
    calls.length = 0;
    await appendEach(table, "a", 2);
    const once = ["get", "putIfAbsent", "putIfAbsent"];
    assert.deepEqual(calls, [...once, ...once]);
  });
});
