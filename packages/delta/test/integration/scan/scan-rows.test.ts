// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import type { AddAction, DeletionVectorDescriptor } from "../../../src/log/actions.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { MadeTable } from "../../support/made-table.ts";
import { deletionVectorBytes, deletionVectorFile } from "../../support/roaring-encoder.ts";
import { allRows, rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";
import type { Value } from "../parquet/support/blocks.ts";

const NUMBERS = parseColumnList("id BIGINT, name STRING");

function numbers(first: number, count: number): Value[][] {
  const ids = Array.from({ length: count }, (_, index) => first + index);
  return [ids.map(BigInt), ids.map((id) => `name ${id}`)];
}

describe("a condition", () => {
  const schema = parseColumnList("part STRING, n INT, x DOUBLE, t STRING, day DATE");
  const stored = parseColumnList("n INT, x DOUBLE, t STRING, day DATE");
  const conditions = [
    "n > 3",
    "n = 2 OR part = 'b'",
    "part IS NULL",
    "part <=> 'a' AND x < 0.5",
    "NOT (t = 'é')",
    "t LIKE 'a%'",
    "n IN (1, 4, NULL)",
    "x IS NOT NULL AND day >= DATE'2024-01-02'",
    "coalesce(n, 0) = 0",
    "t > 'b' OR n IS NULL",
    "day IS NULL",
    "NOT (x <= 1.0)",
  ];
  const row = fc.tuple(
    fc.option(fc.integer({ min: -1, max: 5 })),
    fc.option(fc.constantFrom(-0, 0, 0.5, 1, 1.5, NaN, Infinity)),
    fc.option(fc.constantFrom("", "a", "ab", "b", "é", "x".repeat(40))),
    fc.option(fc.integer({ min: 19_722, max: 19_726 })),
  );
  const group = fc.array(row, { minLength: 1, maxLength: 6 });
  const file = fc.record({
    groups: fc.array(group, { minLength: 1, maxLength: 3 }),
    part: fc.constantFrom("a", "b", null),
    hasStats: fc.boolean(),
  });

  test("gives the rows that a filter over all rows keeps, whatever is left out", async (context) => {
    const root = await temporaryDirectory(context);
    let tableNumber = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 4 }), async (files) => {
        tableNumber += 1;
        const made = new MadeTable(join(root, String(tableNumber)), schema, {
          partitionColumns: ["part"],
        });
        const adds: { add: AddAction }[] = [];
        for (const { groups, part, hasStats } of files) {
          const columns = groups.map((rows) =>
            stored.fields.map((_, index) => rows.map((values) => values[index] ?? null)),
          );
          const { add } = await made.file(columns, { partitionValues: { part } }, stored);
          const { stats, ...bare } = add;
          adds.push({ add: hasStats && stats !== undefined ? { ...bare, stats } : bare });
        }
        made.commit(adds);
        const table = await openTable(made.location);
        for (const where of conditions) {
          const pruned = await allRows(table.scan({ where }));
          // Every row is known by its place: this scan reads all files, for nothing can be told of its condition.
          const all = await allRows(
            table.scan({ where: `(${where}) AND length(coalesce(t, '')) + 1 > 0` }),
          );
          assert.deepEqual(pruned, all, where);
          const ids = await allRows(table.scan({ where, columns: ["part"] }));
          assert.equal(ids.length, pruned.length);
        }
        assert.equal((await allRows(table.scan())).length, await table.countRows());
      }),
      { numRuns: 25 },
    );
  });

  test("reads neither files nor row groups that cannot match", async (context) => {
    const made = new MadeTable(await temporaryDirectory(context), NUMBERS);
    made.commit([
      await made.file([numbers(0, 10)]),
      await made.file([numbers(100, 4000), numbers(10_000, 4000), numbers(20_000, 4000)]),
    ]);
    const store = new CountingStore(made.location);
    const table = await openTable(made.location, { store });
    store.reset();
    assert.deepEqual(await allRows(table.scan({ where: "id = 12000", columns: ["id"] })), [
      { id: 12_000n },
    ]);
    assert.equal(store.paths.size, 1);
    assert.deepEqual(await allRows(table.scan({ where: "id = 50" })), []);
    assert.equal(store.paths.size, 1);
  });
});

class CountingStore extends LocalStore {
  readonly paths = new Set<string>();

  reset(): void {
    this.paths.clear();
  }

  override async getRange(
    path: string,
    start: number,
    end: number,
  ): Promise<Uint8Array | undefined> {
    this.paths.add(path);
    return super.getRange(path, start, end);
  }
}

describe("deletion vectors", () => {
  const vector = deletionVectorBytes([0, 3, 7]);

  async function tableWith(
    location: string,
    descriptor: DeletionVectorDescriptor,
  ): Promise<Awaited<ReturnType<typeof openTable>>> {
    const made = new MadeTable(location, NUMBERS);
    made.commit([await made.file([numbers(0, 4), numbers(4, 6)], { deletionVector: descriptor })]);
    return openTable(location);
  }

  const stored = {
    storageType: "u",
    // "ab" and the UUID d2c639aa-8816-431a-aaf6-d3fe2512ff61.
    pathOrInlineDv: "ab^-aqEH.-t@S}K{vb[*k^",
    offset: 1,
    sizeInBytes: vector.length,
    cardinality: 3,
  };
  const name = "deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";

  test("hide rows, wherever they are kept", async (context) => {
    const expected = [1n, 2n, 4n, 5n, 6n, 8n, 9n];
    const location = await temporaryDirectory(context);
    const table = await tableWith(location, stored);
    await new LocalStore(location).prepareDirectory("ab");
    writeFileSync(join(location, "ab", name), deletionVectorFile(vector, crc32(vector)));
    const ids = (await allRows(table.scan({ columns: ["id"] }))).map(({ id }) => id);
    assert.deepEqual(ids, expected);
    assert.equal(await table.countRows(), 7);

    const absolute = await temporaryDirectory(context);
    writeFileSync(join(absolute, "own.bin"), deletionVectorFile(vector, crc32(vector)));
    const own = { ...stored, storageType: "p", pathOrInlineDv: `file://${absolute}/own.bin` };
    const inside = await tableWith(absolute, own);
    assert.deepEqual(
      (await allRows(inside.scan({ columns: ["id"] }))).map(({ id }) => id),
      expected,
    );

    const other = await temporaryDirectory(context);
    const outside = await tableWith(other, own);
    await rejectsWith(allRows(outside.scan()), "unsupported", /own\.bin.*outside the table/);
    const opened = outside.scan({ columns: ["id"], externalDirectories: [absolute] });
    assert.deepEqual(
      (await allRows(opened)).map(({ id }) => id),
      expected,
    );
  });

  test("are refused by the name of their file where they are damaged", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await tableWith(location, stored);
    await new LocalStore(location).prepareDirectory("ab");
    const target = join(location, "ab", name);
    await rejectsWith(allRows(table.scan()), "data_loss", /d2c639aa.*file is missing/);
    const whole = deletionVectorFile(vector, crc32(vector));
    const damages: [Buffer, RegExp][] = [
      [whole.subarray(0, -1), /ends early/],
      [deletionVectorFile(vector, (crc32(vector) ^ 1) >>> 0), /checksum/],
      [Buffer.concat([Buffer.of(2), whole.subarray(1)]), /file of version 2/],
      [deletionVectorFile(Buffer.concat([vector, Buffer.of(0)]), 0), /bytes, where the log says/],
    ];
    for (const [bytes, message] of damages) {
      writeFileSync(target, bytes);
      await rejectsWith(allRows(table.scan()), "data_loss", message);
    }
    const fewer = deletionVectorBytes([0, 3]);
    const short = await tableWith(await temporaryDirectory(context), {
      ...stored,
      storageType: "p",
      pathOrInlineDv: "short.bin",
      sizeInBytes: fewer.length,
    });
    writeFileSync(join(short.location, "short.bin"), deletionVectorFile(fewer, crc32(fewer)));
    await rejectsWith(allRows(short.scan()), "data_loss", /2 rows, where the log says 3/);
    const unknown = await tableWith(await temporaryDirectory(context), {
      ...stored,
      storageType: "x",
    });
    await rejectsWith(allRows(unknown.scan()), "unsupported", /storage type "x"/);
  });
});

describe("files outside of the table", () => {
  test("are read from directories that may be read, and refused by name from others", async (context) => {
    const source = new MadeTable(
      join(await temporaryDirectory(context), "with %20 space"),
      NUMBERS,
    );
    const { add } = await source.file([numbers(0, 3)]);
    const path = `file://${encodeURI(join(source.location, add.path))}`;
    const clone = new MadeTable(await temporaryDirectory(context), NUMBERS);
    clone.commit([{ add: { ...add, path } }, await clone.file([numbers(3, 1)])]);
    const table = await openTable(clone.location);
    await rejectsWith(allRows(table.scan()), "unsupported", /outside the table/);
    const near = [`${source.location}-other`, join(source.location, "below")];
    const refused = table.scan({ externalDirectories: near });
    await rejectsWith(allRows(refused), "unsupported", /outside the table/);
    const ids = [];
    for await (const { id } of table.scan({ externalDirectories: [source.location] })) ids.push(id);
    assert.deepEqual(ids, [0n, 1n, 2n, 3n]);
    const relative = table.scan({ externalDirectories: ["source"] });
    await rejectsWith(allRows(relative), "invalid_argument", /absolute paths/);
  });
});

describe("a scan", () => {
  test("ends when its consumer stops, and when its signal says so", async (context) => {
    const made = new MadeTable(await temporaryDirectory(context), NUMBERS);
    const files = [];
    for (let file = 0; file < 12; file += 1) files.push(await made.file([numbers(file * 10, 10)]));
    made.commit(files);
    const store = new CountingStore(made.location);
    const table = await openTable(made.location, { store });
    store.reset();
    for await (const row of table.scan()) {
      assert.equal(row["id"], 0n);
      break;
    }
    assert.ok(store.paths.size < 12, `${store.paths.size} files were read`);
    const controller = new AbortController();
    const reason = new Error("enough");
    const seen: unknown[] = [];
    await assert.rejects(async () => {
      for await (const row of table.scan({ signal: controller.signal })) {
        seen.push(row["id"]);
        if (seen.length === 10) controller.abort(reason);
      }
    }, reason);
    assert.equal(seen.length, 10);
    await assert.rejects(allRows(table.scan({ signal: AbortSignal.abort(reason) })), reason);
  });

  test("reads the table as it was", async (context) => {
    const made = new MadeTable(await temporaryDirectory(context), NUMBERS);
    const first = await made.file([numbers(0, 2)]);
    made.commit([{ commitInfo: { timestamp: 5 } }, first]);
    made.commit([
      { remove: { path: first.add.path, dataChange: true } },
      await made.file([numbers(10, 1)]),
    ]);
    const table = await openTable(made.location);
    const idsAt = async (version: number): Promise<unknown[]> =>
      (await allRows(table.scan({ version, columns: ["id"] }))).map(({ id }) => id);
    assert.deepEqual(await idsAt(0), []);
    assert.deepEqual(await idsAt(1), [0n, 1n]);
    assert.deepEqual(await idsAt(2), [10n]);
    await rejectsWith(allRows(table.scan({ version: 3 })), "not_found", /3/);
    const both = table.scan({ version: 1, timestampMs: 1 });
    await rejectsWith(allRows(both), "invalid_argument", /not both/);
  });

  test("names the file whose bytes are not what the log or its footer say", async (context) => {
    const made = new MadeTable(await temporaryDirectory(context), NUMBERS);
    const { add } = await made.file([numbers(0, 100)]);
    made.commit([{ add }]);
    const table = await openTable(made.location);
    const target = join(made.location, add.path);
    const whole = readFileSync(target);
    const changed = Buffer.from(whole);
    // In the first page, whose checksum the writer has taken.
    changed[40] = (changed[40] as number) ^ 0xff;
    writeFileSync(target, changed);
    await rejectsWith(allRows(table.scan()), "data_loss", new RegExp(`${add.path}.*checksum`));
    writeFileSync(target, whole);
    const wrongCount = new MadeTable(await temporaryDirectory(context), NUMBERS);
    copyFileSync(target, join(wrongCount.location, add.path));
    wrongCount.commit([{ add: { ...add, stats: '{"numRecords":99}' } }]);
    const lying = await openTable(wrongCount.location);
    await rejectsWith(
      allRows(lying.scan()),
      "data_loss",
      /has 100 rows, though the log says it has 99/,
    );
  });

  test("never throws anything but data_loss for a file with changed bytes", async (context) => {
    const made = new MadeTable(await temporaryDirectory(context), NUMBERS);
    const { add } = await made.file([numbers(0, 20)]);
    made.commit([{ add }]);
    const table = await openTable(made.location);
    const target = join(made.location, add.path);
    const whole = readFileSync(target);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, mask) => {
          const changed = Buffer.from(whole);
          changed[at] = (changed[at] as number) ^ mask;
          writeFileSync(target, changed);
          try {
            await allRows(table.scan());
          } catch (error) {
            const { code } = error as { readonly code?: unknown };
            assert.ok(code === "data_loss" || code === "unsupported", String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("changes", () => {
  test("are what each version added and removed, and rows of appends", async (context) => {
    const made = new MadeTable(await temporaryDirectory(context), NUMBERS);
    const first = await made.file([numbers(0, 2)]);
    made.commit([{ commitInfo: { timestamp: 7, operation: "WRITE" } }, first]);
    const { add } = await made.file([numbers(0, 2)]);
    made.commit([
      { remove: { path: first.add.path, dataChange: false } },
      { add: { ...add, dataChange: false } },
    ]);
    made.commit([await made.file([numbers(5, 1)])]);
    made.commit([
      { commitInfo: { timestamp: 9, operation: "DELETE" } },
      { remove: { path: add.path, dataChange: true, size: add.size } },
    ]);
    const table = await openTable(made.location);
    const changes = [];
    for await (const change of table.changes({ fromVersion: 1 })) changes.push(change);
    assert.deepEqual(
      changes.map(({ version, added, removed, isAppend }) => [
        version,
        added.length,
        removed.map(({ sizeBytes }) => sizeBytes),
        isAppend,
      ]),
      [
        [1, 1, [], true],
        [2, 0, [], true],
        [3, 1, [], true],
        [4, 0, [add.size], false],
      ],
    );
    assert.equal(changes[0]?.timestampMs, 7);
    assert.equal(changes[3]?.operation, "DELETE");
    const rows = [];
    const appended = table.scanAppended({ fromVersion: 1, toVersion: 3, columns: ["id"] });
    for await (const { version, row } of appended) rows.push([version, row["id"]]);
    assert.deepEqual(rows, [
      [1, 0n],
      [1, 1n],
      [3, 5n],
    ]);
    const refused = table.scanAppended({ fromVersion: 3 });
    await rejectsWith(drained(refused), "unsupported", /version 4 \(DELETE\)/);
    const skipping = table.scanAppended({ fromVersion: 3, nonAppends: "skip" });
    assert.equal(await drained(skipping), 1);
    assert.equal(await drained(table.changes({ fromVersion: 5 })), 0);
    await rejectsWith(
      drained(table.changes({ fromVersion: 6 })),
      "invalid_argument",
      /newest .* 4/,
    );
  });

  async function drained(items: AsyncIterable<unknown>): Promise<number> {
    let count = 0;
    for await (const _ of items) count += 1;
    return count;
  }

  test("name the earliest version that is left where the log has been cleaned up", async (context) => {
    const made = new MadeTable(await temporaryDirectory(context), NUMBERS);
    made.commit([await made.file([numbers(0, 1)])]);
    made.commit([await made.file([numbers(1, 1)])]);
    const table = await openTable(made.location);
    const store = new LocalStore(made.location);
    for (const version of [0, 1]) {
      await store.delete(`_delta_log/${String(version).padStart(20, "0")}.json`);
    }
    await rejectsWith(drained(table.changes({ fromVersion: 0 })), "not_found", /earliest .* is 2/);
    assert.equal(await drained(table.changes({ fromVersion: 2 })), 1);
  });
});
