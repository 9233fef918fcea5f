// SPDX-License-Identifier: Apache-2.0
// What every store must do, run over each of them.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test, type TestContext } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import type { ObjectEntry, ObjectStore } from "../../../src/store/object-store.ts";
import { rejectsWith } from "../../support/table-checks.ts";

export interface StoreContract {
  readonly name: string;
  /** Why the store cannot be tested here. */
  readonly skip?: string | false;
  /** A store whose root is empty. */
  readonly open: (context: TestContext) => Promise<ObjectStore>;
  /** Objects in the listing that has to come in pages. */
  readonly listedCount?: number;
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString();

/** Names that an URL, an XML listing or a signature could change on the way. */
const AWKWARD_NAMES = [
  "with space",
  " leading and trailing ",
  "plus+plus",
  "percent%41%",
  "date=2026-01-01",
  "ünïcödé-漢字-🦆",
  "a&b<c>'d'",
  "hash#question?",
  "~!@$(),;[]{}^`|*",
  "e\u0301 decomposed",
];

export function testStoreContract(contract: StoreContract): void {
  const options = { skip: contract.skip ?? false };
  describe(`the store contract on ${contract.name}`, options, () => {
    testObjects(contract);
    testNames(contract);
    testListings(contract);
    testConditionalPuts(contract);
    testWriters(contract);
  });
}

function testObjects({ open }: StoreContract): void {
  test("gives back what was put, whole and in ranges, with size and time", async (context) => {
    const store = await open(context);
    const before = Date.now();
    await store.put("a", bytesOf("0123456789"));
    assert.equal(textOf(await store.get("a")), "0123456789");
    assert.equal(textOf(await store.getRange("a", 3, 6)), "345");
    assert.equal(textOf(await store.getRange("a", 8, 20)), "89");
    assert.equal(textOf(await store.getRange("a", 10, 20)), "");
    assert.equal(textOf(await store.getRange("a", 4, 4)), "");
    const entry = await store.head("a");
    assert.equal(entry?.path, "a");
    assert.equal(entry.sizeBytes, 10);
    // Stores tell times in whole seconds, by clocks of their own.
    assert.ok(Math.abs(entry.modifiedAtMs - before) < 120_000);
    assert.ok(Number.isSafeInteger(entry.modifiedAtMs));
  });

  test("replaces and deletes", async (context) => {
    const store = await open(context);
    await store.put("a", bytesOf("first"));
    await store.put("a", bytesOf("x"));
    assert.equal(textOf(await store.get("a")), "x");
    await store.put("empty", new Uint8Array());
    assert.equal((await store.get("empty"))?.length, 0);
    assert.equal((await store.getRange("empty", 0, 10))?.length, 0);
    await store.delete("a");
    await store.delete("a");
    assert.equal(await store.get("a"), undefined);
  });

  test("tells what is not there from what is empty", async (context) => {
    const store = await open(context);
    await store.prepareDirectory("d");
    await store.put("d/x", bytesOf("x"));
    for (const path of ["no", "no/such/directory", "d", "d/x/y"]) {
      assert.equal(await store.get(path), undefined, path);
      assert.equal(await store.getRange(path, 0, 1), undefined, path);
      assert.equal(await store.head(path), undefined, path);
    }
    assert.equal(await store.getRange("no", 1, 1), undefined);
    assert.deepEqual(await store.list("no"), []);
    assert.deepEqual(await entriesOf(store, "no"), []);
  });

  test("refuses paths outside its root", async (context) => {
    const store = await open(context);
    for (const path of ["../x", "/x", "a/../../x", "a//b", "a/", "./a", "a\0", "a\\b", ""]) {
      const refuses = async (call: Promise<unknown>): Promise<void> =>
        rejectsWith(call, "invalid_argument", /path/);
      await refuses(store.get(path));
      await refuses(store.getRange(path, 0, 1));
      await refuses(store.head(path));
      await refuses(store.put(path, bytesOf("x")));
      await refuses(store.putIfAbsent(path, bytesOf("x")));
      await refuses(store.delete(path));
      assert.throws(() => store.createWriter(path), DeltaError);
      if (path === "") continue;
      await refuses(store.list(path));
      await refuses(entriesOf(store, path));
      await refuses(store.prepareDirectory(path));
    }
  });
}

function testNames({ open }: StoreContract): void {
  test("keeps names as they are", async (context) => {
    const store = await open(context);
    await store.prepareDirectory("names");
    for (const name of AWKWARD_NAMES) {
      const path = `names/${name}`;
      assert.deepEqual(await store.putIfAbsent(path, bytesOf(name)), { kind: "created" }, name);
      assert.deepEqual(await store.putIfAbsent(path, bytesOf("other")), { kind: "exists" }, name);
      assert.equal(textOf(await store.get(path)), name);
      assert.equal((await store.head(path))?.path, path);
    }
    assert.deepEqual(await store.list("names"), AWKWARD_NAMES.toSorted());
    assert.deepEqual(
      (await entriesOf(store, "")).map(({ path }) => path),
      AWKWARD_NAMES.map((name) => `names/${name}`).toSorted(),
    );
    for (const name of AWKWARD_NAMES) await store.delete(`names/${name}`);
    assert.deepEqual(await entriesOf(store, ""), []);
  });

  test("takes directories with awkward names", async (context) => {
    const store = await open(context);
    for (const name of ["d=1 +%/e ü", "x.y/~"]) {
      await store.prepareDirectory(name);
      await store.put(`${name}/f`, bytesOf(name));
      assert.deepEqual(await store.list(name), ["f"]);
      assert.deepEqual(
        (await entriesOf(store, name)).map(({ path }) => path),
        [`${name}/f`],
      );
    }
  });
}

function testListings({ open, listedCount = 100 }: StoreContract): void {
  test("lists the names in a directory in order, from a name on", async (context) => {
    const store = await open(context);
    for (const directory of ["log", "log/sub", "logs"]) await store.prepareDirectory(directory);
    for (const path of ["log/c", "log/a", "log/b", "log/sub/x", "logs/y"]) {
      await store.put(path, bytesOf(path));
    }
    assert.deepEqual(await store.list("log"), ["a", "b", "c", "sub"]);
    assert.deepEqual(await store.list("log", { startAfter: "a" }), ["b", "c", "sub"]);
    assert.deepEqual(await store.list("log", { startAfter: "aa" }), ["b", "c", "sub"]);
    assert.deepEqual(await store.list("log", { startAfter: "sub" }), []);
    assert.deepEqual(await store.list(""), ["log", "logs"]);
  });

  test("lists everything below a directory with sizes and times", async (context) => {
    const store = await open(context);
    for (const directory of ["d", "d/e/f", "d2"]) await store.prepareDirectory(directory);
    for (const path of ["top", "d/one", "d/e/f/three", "d2/other"]) {
      await store.put(path, bytesOf(path));
    }
    const sizes = (entries: readonly ObjectEntry[]): unknown[] =>
      entries.map(({ path, sizeBytes }) => [path, sizeBytes]);
    assert.deepEqual(sizes(await entriesOf(store, "d")), [
      ["d/e/f/three", 11],
      ["d/one", 5],
    ]);
    const all = await entriesOf(store, "");
    assert.deepEqual(
      all.map(({ path }) => path),
      ["d/e/f/three", "d/one", "d2/other", "top"],
    );
    for (const entry of all) assert.deepEqual(await store.head(entry.path), entry);
  });

  test("lists more than one page", async (context) => {
    const store = await open(context);
    await store.prepareDirectory("many");
    const names = Array.from({ length: listedCount }, (_, index) =>
      String(index).padStart(20, "0"),
    );
    for (let start = 0; start < names.length; start += 50) {
      await Promise.all(
        names.slice(start, start + 50).map(async (name) => store.put(`many/${name}`, bytesOf("x"))),
      );
    }
    assert.deepEqual(await store.list("many"), names);
    assert.deepEqual(await store.list("many", { startAfter: names[4] ?? "" }), names.slice(5));
    assert.equal((await entriesOf(store, "many")).length, names.length);
  });
}

function testConditionalPuts({ open }: StoreContract): void {
  test("makes an object only where there is none", async (context) => {
    const store = await open(context);
    assert.deepEqual(await store.putIfAbsent("a", bytesOf("first")), { kind: "created" });
    assert.deepEqual(await store.putIfAbsent("a", bytesOf("second")), { kind: "exists" });
    // The same bytes by another caller are another write all the same.
    assert.deepEqual(await store.putIfAbsent("a", bytesOf("first")), { kind: "exists" });
    assert.equal(textOf(await store.get("a")), "first");
    await store.delete("a");
    assert.deepEqual(await store.putIfAbsent("a", bytesOf("third")), { kind: "created" });
  });

  test("lets exactly one of many writers make an object and keeps its bytes", async (context) => {
    const store = await open(context);
    for (let round = 0; round < 5; round += 1) {
      const path = `commit-${round}`;
      const results = await Promise.all(
        Array.from({ length: 16 }, async (_, index) =>
          store.putIfAbsent(path, bytesOf(`writer ${index}`)),
        ),
      );
      const winners = results.flatMap(({ kind }, index) => (kind === "created" ? [index] : []));
      assert.equal(winners.length, 1);
      assert.equal(textOf(await store.get(path)), `writer ${winners[0]}`);
    }
  });
}

function testWriters({ open }: StoreContract): void {
  for (const sizeBytes of [0, 10, 8 * 1024 * 1024, 20 * 1024 * 1024 + 7]) {
    test(`writes an object of ${sizeBytes} bytes that is seen whole or not at all`, async (context) => {
      const store = await open(context);
      const expected = randomBytes(sizeBytes);
      const writer = store.createWriter("deep/er/part ü=1.parquet");
      const scratch = new Uint8Array(3_000_000);
      for (let start = 0; start < sizeBytes; start += scratch.length) {
        const length = Math.min(scratch.length, sizeBytes - start);
        scratch.set(expected.subarray(start, start + length));
        await writer.write(scratch.subarray(0, length));
        // The writer must not look at the bytes any more.
        scratch.fill(0);
      }
      assert.equal(await store.head(writer.path), undefined);
      assert.equal(writer.sizeBytes, sizeBytes);
      const finished = await writer.finish();
      assert.equal(finished.sizeBytes, sizeBytes);
      const entry = await store.head(writer.path);
      assert.equal(entry?.sizeBytes, sizeBytes);
      assert.ok(Number.isSafeInteger(finished.modificationTimeMs));
      assert.ok(Math.abs(finished.modificationTimeMs - entry.modifiedAtMs) < 120_000);
      assert.ok(Buffer.from((await store.get(writer.path)) ?? []).equals(expected));
      await writer.abort();
      assert.equal((await store.head(writer.path))?.sizeBytes, sizeBytes);
    });
  }

  test("never replaces an object by a writer's", async (context) => {
    const store = await open(context);
    for (const sizeBytes of [5, 9 * 1024 * 1024]) {
      const path = `part-${sizeBytes}`;
      const late = store.createWriter(path);
      await late.write(new Uint8Array(sizeBytes));
      await store.put(path, bytesOf("first"));
      await rejectsWith(late.finish(), "already_exists", /part-/);
      await late.abort();
      assert.equal(textOf(await store.get(path)), "first");
    }
  });

  test("leaves nothing of an aborted writer", async (context) => {
    const store = await open(context);
    for (const sizeBytes of [0, 5, 17 * 1024 * 1024]) {
      const writer = store.createWriter("part");
      await writer.write(new Uint8Array(sizeBytes));
      await writer.abort();
      await writer.abort();
      await assert.rejects(writer.write(bytesOf("x")), DeltaError);
      await assert.rejects(writer.finish(), DeltaError);
      await writer.abort();
    }
    assert.deepEqual(await entriesOf(store, ""), []);
    await store.createWriter("unused").abort();
  });
}

async function entriesOf(store: ObjectStore, directory: string): Promise<ObjectEntry[]> {
  const entries: ObjectEntry[] = [];
  for await (const entry of store.listAll(directory)) entries.push(entry);
  return entries.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}
