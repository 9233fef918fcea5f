// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DeltaError, type DeltaErrorCode } from "../../../src/delta-error.ts";
import { LocalDataFile } from "../../../src/store/local-data-file.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function rejectsWith(promise: Promise<unknown>, code: DeltaErrorCode): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof DeltaError && error.code === code);
}

describe("LocalStore", () => {
  test("gives back what was put, whole and in ranges", async (context) => {
    const store = new LocalStore(await temporaryDirectory(context));
    await store.put("a", bytes("0123456789"));
    assert.deepEqual(Buffer.from((await store.get("a")) ?? []).toString(), "0123456789");
    assert.deepEqual(Buffer.from((await store.getRange("a", 3, 6)) ?? []).toString(), "345");
    assert.deepEqual(Buffer.from((await store.getRange("a", 8, 20)) ?? []).toString(), "89");
    assert.equal((await store.head("a"))?.sizeBytes, 10);
    await store.put("a", bytes("x"));
    assert.equal((await store.head("a"))?.sizeBytes, 1);
    await store.delete("a");
    await store.delete("a");
    assert.equal(await store.get("a"), undefined);
    assert.equal(await store.getRange("a", 0, 1), undefined);
    assert.equal(await store.head("a"), undefined);
    assert.equal(await store.get("no/such/directory"), undefined);
  });

  test("lets exactly one of many writers make an object and keeps its bytes", async (context) => {
    const root = await temporaryDirectory(context);
    const store = new LocalStore(root);
    const results = await Promise.all(
      Array.from({ length: 32 }, async (_, index) =>
        store.putIfAbsent("commit", bytes(`writer ${index}`)),
      ),
    );
    const winners = results.flatMap(({ kind }, index) => (kind === "created" ? [index] : []));
    assert.equal(winners.length, 1);
    assert.equal(Buffer.from((await store.get("commit")) ?? []).toString(), `writer ${winners[0]}`);
    assert.deepEqual(readdirSync(root), ["commit"]);
  });

  test("lists names in order, from a name on, without files under way", async (context) => {
    const root = await temporaryDirectory(context);
    const store = new LocalStore(root);
    assert.deepEqual(await store.list("log"), []);
    await store.prepareDirectory("log");
    for (const name of ["c", "a", "b"]) await store.put(`log/${name}`, bytes(name));
    writeFileSync(join(root, "log", ".c.0-0.tmp"), "torn");
    assert.deepEqual(await store.list("log"), ["a", "b", "c"]);
    assert.deepEqual(await store.list("log", { startAfter: "a" }), ["b", "c"]);
  });

  test("makes directories below each other only when asked", async (context) => {
    const root = await temporaryDirectory(context);
    const store = new LocalStore(join(root, "new", "table"));
    await rejectsWith(store.putIfAbsent("_delta_log/x", bytes("x")), "not_found");
    await store.prepareDirectory("_delta_log");
    await store.prepareDirectory("_delta_log");
    assert.deepEqual(await store.putIfAbsent("_delta_log/x", bytes("x")), { kind: "created" });
  });

  test("refuses paths outside its root and reports what the system refuses", async (context) => {
    const root = await temporaryDirectory(context);
    const store = new LocalStore(join(root, "table"));
    for (const path of ["../x", "/x", "a/../../x", "a\0", ""]) {
      await rejectsWith(store.get(path), "invalid_argument");
      await rejectsWith(store.put(path, bytes("x")), "invalid_argument");
      await rejectsWith(store.putIfAbsent(path, bytes("x")), "invalid_argument");
      await rejectsWith(store.delete(path), "invalid_argument");
    }
    await store.prepareDirectory("");
    await rejectsWith(store.put("n".repeat(300), bytes("x")), "invalid_argument");
    if (process.getuid?.() !== 0) {
      chmodSync(join(root, "table"), 0o500);
      await rejectsWith(store.put("x", bytes("x")), "permission_denied");
      chmodSync(join(root, "table"), 0o700);
    }
  });
});

describe("LocalDataFile", () => {
  test("writes a new file and never replaces one", async (context) => {
    const root = await temporaryDirectory(context);
    const file = new LocalDataFile(root, "deep/er/part.parquet");
    file.write(bytes("hello "));
    file.write(bytes("world"));
    const { sizeBytes, modificationTimeMs } = await file.finish();
    assert.equal(sizeBytes, 11);
    assert.ok(Number.isSafeInteger(modificationTimeMs) && modificationTimeMs > 0);
    file.abort();
    const store = new LocalStore(root);
    assert.equal(
      Buffer.from((await store.get("deep/er/part.parquet")) ?? []).toString(),
      "hello world",
    );
    assert.throws(
      () => new LocalDataFile(root, "deep/er/part.parquet"),
      (error) => error instanceof DeltaError && error.code === "already_exists",
    );
  });

  test("appends any number of parts in order", async (context) => {
    const root = await temporaryDirectory(context);
    const file = new LocalDataFile(root, "part.parquet");
    const parts = Array.from({ length: 1500 }, (_, index) => bytes(`${index},`.slice(index % 7)));
    file.writeParts(parts);
    file.writeParts([]);
    const { sizeBytes } = await file.finish();
    const expected = Buffer.concat(parts);
    assert.equal(sizeBytes, expected.length);
    const read = await new LocalStore(root).get("part.parquet");
    assert.deepEqual(Buffer.from(read ?? []), expected);
  });

  test("leaves nothing after abort", async (context) => {
    const root = await temporaryDirectory(context);
    const file = new LocalDataFile(root, "part.parquet");
    file.write(bytes("x"));
    file.abort();
    file.abort();
    assert.deepEqual(readdirSync(root), []);
  });

  test("refuses paths outside the table", () => {
    assert.throws(
      () => new LocalDataFile("table", "../part.parquet"),
      (error) => error instanceof DeltaError && error.code === "invalid_argument",
    );
  });
});
