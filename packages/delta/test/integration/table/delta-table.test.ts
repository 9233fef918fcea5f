// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, readdirSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DeltaError, type DeltaErrorCode } from "../../../src/delta-error.ts";
import { commitPath } from "../../../src/log/log-files.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import type { Row } from "../../../src/table/scan.ts";
import { addOf, commitBytes, metadataOf } from "../../support/log-actions.ts";
import { syntheticFile, temporaryDirectory, writeDataFile } from "../../support/table-files.ts";

const SCHEMA = parseColumnList(
  "id BIGINT NOT NULL, name STRING, at TIMESTAMP, day DATE, score DOUBLE, ok BOOLEAN, n INT, f FLOAT, raw BINARY",
);

async function rejectsWith(promise: Promise<unknown>, code: DeltaErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof DeltaError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

function actionsAt(location: string, version: number): Record<string, Record<string, unknown>>[] {
  return readFileSync(join(location, commitPath(version)), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
}

async function allRows(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

describe("table creation", () => {
  test("writes version 0 with commitInfo, protocol and metaData", async (context) => {
    const location = join(await temporaryDirectory(context), "a", "table");
    const uuids = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
    const table = await createTable({
      location,
      schema: SCHEMA,
      name: "flights",
      description: "all of them",
      properties: { "delta.appendOnly": "true", mine: "x" },
      clock: () => 1234,
      randomUuid: () => uuids.shift() ?? "",
    });
    assert.equal(table.snapshot().version, 0);
    assert.equal(await table.countRows(), 0);
    assert.deepEqual(await allRows(table.scan()), []);
    const [info, protocol, metadata] = actionsAt(location, 0);
    assert.equal(info?.["commitInfo"]?.["operation"], "CREATE TABLE");
    assert.deepEqual(protocol, { protocol: { minReaderVersion: 1, minWriterVersion: 2 } });
    assert.deepEqual(metadata?.["metaData"], {
      id: "11111111-1111-4111-8111-111111111111",
      name: "flights",
      description: "all of them",
      format: { provider: "parquet", options: {} },
      schemaString: JSON.stringify(SCHEMA),
      partitionColumns: [],
      configuration: { "delta.appendOnly": "true", mine: "x" },
      createdTime: 1234,
    });
    const reopened = await openTable(location);
    assert.deepEqual(reopened.snapshot().metadata, table.snapshot().metadata);
    assert.deepEqual(reopened.snapshot().schema, SCHEMA);
  });

  test("asks for table features only where types need them", async (context) => {
    const location = await temporaryDirectory(context);
    await createTable({ location, schema: parseColumnList("a ARRAY<TIMESTAMP_NTZ>, v VARIANT") });
    assert.deepEqual(actionsAt(location, 0)[1], {
      protocol: {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ["timestampNtz", "variantType"],
        writerFeatures: ["appendOnly", "invariants", "timestampNtz", "variantType"],
      },
    });
  });

  test("makes one table when many try", async (context) => {
    const location = await temporaryDirectory(context);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, async () => createTable({ location, schema: SCHEMA })),
    );
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    for (const result of results) {
      if (result.status === "rejected") assert.equal((result.reason as DeltaError).code, "already_exists");
    }
    await rejectsWith(createTable({ location, schema: SCHEMA }), "already_exists", /a Delta table in .* already/);
  });

  test("refuses schemas and properties that it cannot honour", async (context) => {
    const location = await temporaryDirectory(context);
    await rejectsWith(createTable({ location, schema: { type: "struct", fields: [] } }), "invalid_argument", /at least one column/);
    await rejectsWith(
      createTable({ location, schema: SCHEMA, properties: { "delta.columnMapping.mode": "name" } }),
      "invalid_argument",
      /"delta\.columnMapping\.mode" cannot be set/,
    );
    assert.deepEqual(readdirSync(location), []);
  });

  test("finds no table where there is none", async (context) => {
    const location = await temporaryDirectory(context);
    await rejectsWith(openTable(location), "not_found", /no Delta table in/);
    await rejectsWith(openTable(join(location, "nowhere")), "not_found", /no Delta table in/);
  });
});

describe("append and read", () => {
  test("gives back every value, before and after it is opened again", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const first = await writeDataFile(location, SCHEMA, [
      [[1n, 2n], ["é", null], [1_700_000_000_123_456n, null], [19_000, -1], [0.5, -0], [true, null], [7, -7], [1.5, null], [Uint8Array.of(0, 255), null]],
      [[2n ** 63n - 1n], ["\uFEFFx"], [-1n], [0], [null], [false], [null], [null], [new Uint8Array()]],
    ]);
    const second = await writeDataFile(location, SCHEMA, [
      [[-(2n ** 63n)], [""], [null], [null], [1e300], [null], [0], [0], [null]],
    ]);
    assert.deepEqual(await table.append({ files: [first] }), { kind: "committed", version: 1 });
    assert.deepEqual(await table.append({ files: [second] }), { kind: "committed", version: 2 });
    const expected = [
      { id: 1n, name: "é", at: 1_700_000_000_123_456n, day: "2022-01-08", score: 0.5, ok: true, n: 7, f: 1.5, raw: Uint8Array.of(0, 255) },
      { id: 2n, name: null, at: null, day: "1969-12-31", score: -0, ok: null, n: -7, f: null, raw: null },
      { id: 2n ** 63n - 1n, name: "\uFEFFx", at: -1n, day: "1970-01-01", score: null, ok: false, n: null, f: null, raw: new Uint8Array() },
      { id: -(2n ** 63n), name: "", at: null, day: null, score: 1e300, ok: null, n: 0, f: 0, raw: null },
    ];
    for (const opened of [table, await openTable(location)]) {
      assert.deepEqual(await allRows(opened.scan()), expected);
      assert.equal(await opened.countRows(), 4);
      assert.deepEqual(await allRows(opened.scan({ columns: ["n", "id"], limit: 3 })), [
        { n: 7, id: 1n },
        { n: -7, id: 2n },
        { n: null, id: 2n ** 63n - 1n },
      ]);
      assert.deepEqual(await allRows(opened.scan({ limit: 0 })), []);
    }
    await rejectsWith(allRows(table.scan({ columns: ["nope"] })), "invalid_argument", /no column "nope"; it has "id"/);
  });

  test("records the append as other writers do", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA, clock: () => 99 });
    await table.append({
      files: [{ path: "part 1%.parquet", sizeBytes: 10, modificationTimeMs: 5, rowCount: 3, stats: '{"numRecords":3,"maxValues":{"id":9223372036854775807}}' }],
      txn: { appId: "log-a", version: 41 },
      engineInfo: "test/1",
      userMetadata: "note",
    });
    const [info, txn, add] = actionsAt(location, 1);
    assert.deepEqual(txn, { txn: { appId: "log-a", version: 41, lastUpdated: 99 } });
    assert.deepEqual(add, {
      add: {
        path: "part%201%25.parquet",
        partitionValues: {},
        size: 10,
        modificationTime: 5,
        dataChange: true,
        stats: '{"numRecords":3,"maxValues":{"id":9223372036854775807}}',
      },
    });
    const { txnId, ...rest } = info?.["commitInfo"] ?? {};
    assert.match(String(txnId), /^[0-9a-f-]{36}$/);
    assert.deepEqual(rest, {
      timestamp: 99,
      operation: "STREAMING UPDATE",
      operationParameters: { outputMode: "Append", queryId: "log-a", epochId: "41" },
      readVersion: 0,
      isolationLevel: "WriteSerializable",
      isBlindAppend: true,
      operationMetrics: { numFiles: "1", numOutputRows: "3", numOutputBytes: "10" },
      userMetadata: "note",
      engineInfo: "test/1",
    });
  });

  test("commits each txn version once, also after it is opened again", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const append = { files: [syntheticFile("a", 5)], txn: { appId: "log", version: 10 } };
    assert.deepEqual(await table.append(append), { kind: "committed", version: 1 });
    assert.deepEqual(await table.append(append), { kind: "alreadyCommitted", version: 1 });
    const other = await openTable(location);
    assert.deepEqual(await other.append({ ...append, files: [syntheticFile("b")] }), { kind: "alreadyCommitted", version: 1 });
    assert.deepEqual(await other.append({ files: [], txn: { appId: "log", version: 12 } }), { kind: "committed", version: 2 });
    assert.deepEqual(await table.append({ ...append, txn: { appId: "log", version: 11 } }), { kind: "alreadyCommitted", version: 2 });
    assert.deepEqual(await table.append({ ...append, files: [syntheticFile("c")], txn: { appId: "else", version: 1 } }), { kind: "committed", version: 3 });
    assert.equal((await other.refresh()).version, 3);
    assert.equal(await other.countRows(), 6);
    assert.deepEqual(other.snapshot().txns.get("log"), { version: 12, committedVersion: 2 });
  });

  test("goes on behind other writers and keeps the order of its own appends", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const other = await openTable(location);
    for (let index = 0; index < 3; index += 1) await other.append({ files: [syntheticFile(`other-${index}`)] });
    const results = await Promise.all(
      [0, 1, 2].map(async (version) => table.append({ files: [syntheticFile(`own-${version}`)], txn: { appId: "log", version } })),
    );
    assert.deepEqual(results, [4, 5, 6].map((version) => ({ kind: "committed", version })));
    assert.equal((await other.refresh()).files.fileCount, 6);
  });

  test("tells a conflict when another writer uses the same application id", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const other = await openTable(location);
    await other.append({ files: [syntheticFile("a")], txn: { appId: "log", version: 1 } });
    const result = await table.append({ files: [syntheticFile("b")], txn: { appId: "log", version: 2 } });
    assert.deepEqual(result, { kind: "conflict", reason: "txnChanged", version: 1 });
    assert.equal((await openTable(location)).snapshot().version, 1);
  });

  test("tells a conflict when schema, metadata or protocol change", async (context) => {
    const cases = [
      { reason: "schemaChanged", action: { metaData: metadataOf(parseColumnList("id BIGINT NOT NULL, more INT")) } },
      { reason: "metadataChanged", action: { metaData: metadataOf(SCHEMA, { a: "b" }) } },
      { reason: "protocolChanged", action: { protocol: { minReaderVersion: 1, minWriterVersion: 3 } } },
    ] as const;
    for (const { reason, action } of cases) {
      const location = await temporaryDirectory(context);
      const table = await createTable({ location, schema: SCHEMA });
      const writtenFor = table.snapshot();
      writeFileSync(join(location, commitPath(1)), commitBytes([action]));
      const append = { files: [syntheticFile("a")] };
      const conflict = { kind: "conflict", reason, version: 1 };
      assert.deepEqual(await table.append(append), conflict);
      assert.deepEqual(await table.append({ ...append, writtenFor }), conflict);
      assert.equal(table.snapshot().version, 1);
      assert.deepEqual(await table.append(append), { kind: "committed", version: 2 });
    }
  });

  test("refuses to append to what the table has become", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const protocol = { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["rowTracking"] };
    writeFileSync(join(location, commitPath(1)), commitBytes([{ protocol }]));
    await table.refresh();
    await rejectsWith(table.append({ files: [syntheticFile("a")] }), "unsupported", /rowTracking/);
  });

  test("refuses malformed requests", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const file = syntheticFile("a");
    const refused = async (files: object[], message: RegExp, txn?: { appId: string; version: number }): Promise<void> =>
      rejectsWith(table.append({ files: files as [], ...(txn === undefined ? {} : { txn }) }), "invalid_argument", message);
    await refused([], /needs at least one file/);
    await refused([file, file], /is given twice/);
    await refused([{ ...file, path: "../x.parquet" }], /has "\.\." in it/);
    await refused([{ ...file, path: "_hidden/x.parquet" }], /take for hidden/);
    await refused([{ ...file, sizeBytes: -1 }], /the size of .* is -1/);
    await refused([{ ...file, stats: "{" }], /statistics of/);
    await refused([{ ...file, stats: '{"numRecords":2}' }], /numRecords 1/);
    await refused([file], /appId is empty/, { appId: "", version: 1 });
    await refused([file], /version is 0\.5/, { appId: "a", version: 0.5 });
    assert.deepEqual(await table.append({ files: [file] }), { kind: "committed", version: 1 });
  });

  test("fails when the table has been removed, without making a new one", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    unlinkSync(join(location, commitPath(0)));
    const fs = await import("node:fs/promises");
    await fs.rm(join(location, "_delta_log"), { recursive: true });
    await rejectsWith(table.append({ files: [syntheticFile("a")] }), "not_found", /does not exist/);
    await rejectsWith(table.refresh(), "not_found", /no Delta table/);
  });
});

describe("reading what others left", () => {
  test("passes over files under way, checksums and other strangers in the log", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const log = join(location, "_delta_log");
    writeFileSync(join(log, ".00000000000000000001.json.0-0.tmp"), '{"add":{"pa');
    writeFileSync(join(log, "00000000000000000000.crc"), "{}");
    writeFileSync(join(log, "_commits"), "");
    assert.equal((await table.refresh()).version, 0);
    assert.equal((await openTable(location)).snapshot().version, 0);
    assert.deepEqual(await table.append({ files: [syntheticFile("a")] }), { kind: "committed", version: 1 });
  });

  test("names the file and the line of a damaged commit, and a missing version", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    await table.append({ files: [syntheticFile("a"), syntheticFile("b")] });
    await table.append({ files: [syntheticFile("c")] });
    const path = join(location, commitPath(1));
    const whole = readFileSync(path);
    truncateSync(path, whole.length - 10);
    await rejectsWith(openTable(location), "data_loss", /00000000000000000001\.json, line 3/);
    unlinkSync(path);
    await rejectsWith(openTable(location), "data_loss", /lacks version 1/);
  });

  test("counts rows by the footers where the log does not say", async (context) => {
    const location = await temporaryDirectory(context);
    await createTable({ location, schema: SCHEMA });
    const schema = parseColumnList("id BIGINT NOT NULL");
    const file = await writeDataFile(location, schema, [[[1n, 2n, 3n]]]);
    const add = (extra: object) => addOf(file.path, 0, { size: file.sizeBytes, stats: undefined, ...extra });
    writeFileSync(join(location, commitPath(1)), commitBytes([add({})]));
    const table = await openTable(location);
    assert.equal(await table.countRows(), 3);
    assert.deepEqual(await allRows(table.scan({ columns: ["name", "id"], limit: 2 })), [
      { name: null, id: 1n },
      { name: null, id: 2n },
    ]);
    assert.deepEqual(await allRows(table.scan({ columns: ["name"] })), [{ name: null }, { name: null }, { name: null }]);
    const deletionVector = { storageType: "u", pathOrInlineDv: "x", sizeInBytes: 1, cardinality: 2 };
    writeFileSync(join(location, commitPath(2)), commitBytes([{ remove: { path: file.path, dataChange: true } }, add({ deletionVector })]));
    await table.refresh();
    assert.equal(await table.countRows(), 1);
    await rejectsWith(allRows(table.scan()), "unsupported", /deletion vector/);
  });

  test("names the data file that is missing, short or damaged", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT NOT NULL") });
    const { schema } = table.snapshot();
    const file = await writeDataFile(location, schema, [[[1n, 2n, 3n]]]);
    await table.append({ files: [file] });
    const target = join(location, file.path);
    const whole = readFileSync(target);
    truncateSync(target, 20);
    await rejectsWith(allRows(table.scan()), "data_loss", /part-00000-.* ends before/);
    writeFileSync(target, Buffer.alloc(whole.length, 1));
    await rejectsWith(allRows(table.scan()), "data_loss", /cannot be decoded as Parquet/);
    unlinkSync(target);
    await rejectsWith(allRows(table.scan()), "data_loss", /is missing, though the log names it/);
  });

  test("refuses paths in the log that leave the table", async (context) => {
    const location = await temporaryDirectory(context);
    await createTable({ location, schema: SCHEMA });
    writeFileSync(join(location, commitPath(1)), commitBytes([addOf("%2e%2e/secret.parquet", 1)]));
    const table = await openTable(location);
    await rejectsWith(allRows(table.scan()), "data_loss", /does not lie in the table/);
  });
});
