// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { chmodSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import { LocalDataFile } from "../../../src/store/local-data-file.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";
import { bytesOf, testStoreContract } from "./contract.ts";

testStoreContract({
  name: "the local file system",
  open: async (context) => new LocalStore(await temporaryDirectory(context)),
});

describe("LocalStore", () => {
  test("lists names without files under way, and everything with them", async (context) => {
    const root = await temporaryDirectory(context);
    const store = new LocalStore(root);
    await store.prepareDirectory("log");
    await store.put("log/a", bytesOf("a"));
    writeFileSync(join(root, "log", ".a.0-0.tmp"), "torn");
    assert.deepEqual(await store.list("log"), ["a"]);
    const paths: string[] = [];
    for await (const { path } of store.listAll("")) paths.push(path);
    assert.deepEqual(paths.toSorted(), ["log/.a.0-0.tmp", "log/a"]);
  });

  test("leaves no file beside the one that was written", async (context) => {
    const root = await temporaryDirectory(context);
    const store = new LocalStore(root);
    await store.putIfAbsent("a", bytesOf("1"));
    await store.putIfAbsent("a", bytesOf("2"));
    await store.put("a", bytesOf("3"));
    const writer = store.createWriter("b");
    await writer.finish();
    assert.deepEqual(readdirSync(root).toSorted(), ["a", "b"]);
    await assert.rejects(store.createWriter("a/b").write(bytesOf("x")), DeltaError);
  });

  test("does not follow links to directories, which may lead back", async (context) => {
    const root = await temporaryDirectory(context);
    const store = new LocalStore(root);
    await store.prepareDirectory("d");
    await store.put("d/a", bytesOf("a"));
    symlinkSync(root, join(root, "d", "loop"));
    symlinkSync(join(root, "d", "a"), join(root, "link"));
    const paths: string[] = [];
    for await (const { path } of store.listAll("")) paths.push(path);
    assert.deepEqual(paths.toSorted(), ["d/a", "link"]);
  });

  test("makes directories below each other only when asked", async (context) => {
    const root = await temporaryDirectory(context);
    const store = new LocalStore(join(root, "new", "table"));
    await rejectsWith(store.putIfAbsent("_delta_log/x", bytesOf("x")), "not_found", /_delta_log/);
    await store.prepareDirectory("_delta_log");
    await store.prepareDirectory("_delta_log");
    assert.deepEqual(await store.putIfAbsent("_delta_log/x", bytesOf("x")), { kind: "created" });
  });

  test("reports what the system refuses", async (context) => {
    const root = await temporaryDirectory(context);
    const store = new LocalStore(join(root, "table"));
    await store.prepareDirectory("");
    const longName = "n".repeat(300);
    await rejectsWith(store.put(longName, bytesOf("x")), "invalid_argument", /ENAMETOOLONG/);
    if (process.getuid?.() !== 0) {
      chmodSync(join(root, "table"), 0o500);
      await rejectsWith(store.put("x", bytesOf("x")), "permission_denied", /EACCES/);
      chmodSync(join(root, "table"), 0o700);
    }
  });
});

describe("LocalDataFile", () => {
  test("writes a new file and never replaces one", async (context) => {
    const root = await temporaryDirectory(context);
    const file = new LocalDataFile(root, "deep/er/part.parquet");
    file.write(bytesOf("hello "));
    file.write(bytesOf("world"));
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
    const parts = Array.from({ length: 1500 }, (_, index) => bytesOf(`${index},`.slice(index % 7)));
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
    file.write(bytesOf("x"));
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
