// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { commitPath } from "../../../src/log/log-files.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { commitBytes, metadataOf } from "../../support/log-actions.ts";
import { actionsAt, allRows, rejectsWith, SCHEMA } from "../../support/table-checks.ts";
import { syntheticFile, temporaryDirectory, writeDataFile } from "../../support/table-files.ts";

describe("append and read", () => {
  test("gives back every value, before and after it is opened again", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const first = await writeDataFile(location, SCHEMA, [
      [
        [1n, 2n],
        ["é", null],
        [1_700_000_000_123_456n, null],
        [19_000, -1],
        [0.5, -0],
        [true, null],
        [7, -7],
        [1.5, null],
        [Uint8Array.of(0, 255), null],
      ],
      [
        [2n ** 63n - 1n],
        ["\uFEFFx"],
        [-1n],
        [0],
        [null],
        [false],
        [null],
        [null],
        [new Uint8Array()],
      ],
    ]);
    const second = await writeDataFile(location, SCHEMA, [
      [[-(2n ** 63n)], [""], [null], [null], [1e300], [null], [0], [0], [null]],
    ]);
    assert.deepEqual(await table.append({ files: [first] }), { kind: "committed", version: 1 });
    assert.deepEqual(await table.append({ files: [second] }), { kind: "committed", version: 2 });
    const expected = [
      {
        id: 1n,
        name: "é",
        at: 1_700_000_000_123_456n,
        day: "2022-01-08",
        score: 0.5,
        ok: true,
        n: 7,
        f: 1.5,
        raw: Uint8Array.of(0, 255),
      },
      {
        id: 2n,
        name: null,
        at: null,
        day: "1969-12-31",
        score: -0,
        ok: null,
        n: -7,
        f: null,
        raw: null,
      },
      {
        id: 2n ** 63n - 1n,
        name: "\uFEFFx",
        at: -1n,
        day: "1970-01-01",
        score: null,
        ok: false,
        n: null,
        f: null,
        raw: new Uint8Array(),
      },
      {
        id: -(2n ** 63n),
        name: "",
        at: null,
        day: null,
        score: 1e300,
        ok: null,
        n: 0,
        f: 0,
        raw: null,
      },
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
    await rejectsWith(
      allRows(table.scan({ columns: ["nope"] })),
      "invalid_argument",
      /no column "nope"; it has "id"/,
    );
  });

  test("records the append as other writers do", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA, clock: () => 99 });
    await table.append({
      files: [
        {
          path: "part 1%.parquet",
          sizeBytes: 10,
          modificationTimeMs: 5,
          rowCount: 3,
          stats: '{"numRecords":3,"maxValues":{"id":9223372036854775807}}',
        },
      ],
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
    assert.deepEqual(await other.append({ ...append, files: [syntheticFile("b")] }), {
      kind: "alreadyCommitted",
      version: 1,
    });
    assert.deepEqual(await other.append({ files: [], txn: { appId: "log", version: 12 } }), {
      kind: "committed",
      version: 2,
    });
    assert.deepEqual(await table.append({ ...append, txn: { appId: "log", version: 11 } }), {
      kind: "alreadyCommitted",
      version: 2,
    });
    assert.deepEqual(
      await table.append({
        ...append,
        files: [syntheticFile("c")],
        txn: { appId: "else", version: 1 },
      }),
      { kind: "committed", version: 3 },
    );
    assert.equal((await other.refresh()).version, 3);
    assert.equal(await other.countRows(), 6);
    const { version, committedVersion } = other.snapshot().txns.get("log") ?? {};
    assert.deepEqual([version, committedVersion], [12, 2]);
  });

  test("goes on behind other writers and keeps the order of its own appends", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const other = await openTable(location);
    for (let index = 0; index < 3; index += 1)
      await other.append({ files: [syntheticFile(`other-${index}`)] });
    const results = await Promise.all(
      [0, 1, 2].map(async (version) =>
        table.append({ files: [syntheticFile(`own-${version}`)], txn: { appId: "log", version } }),
      ),
    );
    assert.deepEqual(
      results,
      [4, 5, 6].map((version) => ({ kind: "committed", version })),
    );
    assert.equal((await other.refresh()).files.fileCount, 6);
  });

  test("tells a conflict when another writer uses the same application id", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const other = await openTable(location);
    await other.append({ files: [syntheticFile("a")], txn: { appId: "log", version: 1 } });
    const result = await table.append({
      files: [syntheticFile("b")],
      txn: { appId: "log", version: 2 },
    });
    assert.deepEqual(result, { kind: "conflict", reason: "txnChanged", version: 1 });
    assert.equal((await openTable(location)).snapshot().version, 1);
  });

  test("tells a conflict when schema, metadata or protocol change", async (context) => {
    const cases = [
      {
        reason: "schemaChanged",
        changed: { metaData: metadataOf(parseColumnList("id BIGINT NOT NULL, more INT")) },
      },
      { reason: "metadataChanged", changed: { metaData: metadataOf(SCHEMA, { a: "b" }) } },
      {
        reason: "protocolChanged",
        changed: { protocol: { minReaderVersion: 1, minWriterVersion: 3 } },
      },
    ] as const;
    for (const { reason, changed } of cases) {
      const location = await temporaryDirectory(context);
      const table = await createTable({ location, schema: SCHEMA });
      const writtenFor = table.snapshot();
      const { id } = writtenFor.metadata;
      const action =
        "metaData" in changed ? { metaData: { ...changed.metaData, id } } : { ...changed };
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
    const protocol = {
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ["icebergCompatV2"],
    };
    writeFileSync(join(location, commitPath(1)), commitBytes([{ protocol }]));
    await table.refresh();
    const append = table.append({ files: [syntheticFile("a")] });
    await rejectsWith(append, "unsupported", /icebergCompatV2/);
  });

  test("refuses malformed requests", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const file = syntheticFile("a");
    const refused = async (
      files: object[],
      message: RegExp,
      txn?: { appId: string; version: number },
    ): Promise<void> =>
      rejectsWith(
        table.append({ files: files as [], ...(txn === undefined ? {} : { txn }) }),
        "invalid_argument",
        message,
      );
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
    await rm(join(location, "_delta_log"), { recursive: true });
    await rejectsWith(table.append({ files: [syntheticFile("a")] }), "not_found", /no Delta table/);
    await rejectsWith(table.refresh(), "not_found", /no Delta table/);
  });
});
