// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { ProtocolAction } from "../../../src/log/actions.ts";
import { encodeCommit } from "../../../src/log/commit-codec.ts";
import { verifySnapshot, writeChecksum } from "../../../src/log/checksum.ts";
import { loadSnapshot } from "../../../src/log/load-snapshot.ts";
import { commitName, commitPath, LOG_DIRECTORY } from "../../../src/log/log-files.ts";
import type { CheckpointOptions } from "../../../src/log/write-checkpoint.ts";
import { writeCheckpoint } from "../../../src/log/write-checkpoint.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { type DeltaTable, openTable } from "../../../src/table/delta-table.ts";
import { metadataOf, PROTOCOL, removeOf } from "../../support/log-actions.ts";
import { runPython, runSpark, skipWithoutPython, skipWithoutSpark } from "../../support/python.ts";
import { temporaryDirectory, writeDataFile } from "../../support/table-files.ts";

const SCHEMA = parseColumnList("id BIGINT, name STRING, at TIMESTAMP, day DATE");
const V2: ProtocolAction = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: ["v2Checkpoint"],
  writerFeatures: ["v2Checkpoint", "appendOnly", "invariants"],
};

/** A kind of checkpoint of ours, and the table that it is of. */
interface Kind {
  readonly protocol: ProtocolAction;
  readonly configuration?: Record<string, string>;
  readonly options: CheckpointOptions;
}

const STRUCT_STATS = {
  "delta.checkpoint.writeStatsAsStruct": "true",
  "delta.checkpoint.writeStatsAsJson": "false",
};

const KINDS: Readonly<Record<string, Kind>> = {
  classic: { protocol: PROTOCOL, options: {} },
  "classic with statistics in columns": {
    protocol: PROTOCOL,
    configuration: STRUCT_STATS,
    options: {},
  },
  v2: { protocol: V2, options: { form: "v2" } },
  "v2 with sidecars": { protocol: V2, options: { form: "v2", actionsPerSidecar: 1 } },
  "v2 with a classic name": {
    protocol: V2,
    configuration: { "delta.checkpoint.writeStatsAsStruct": "true" },
    options: { form: "v2-classic-name", actionsPerSidecar: 2 },
  },
};

/** Makes a table of five versions, with a checkpoint of the last one and without the commits before it. */
async function tableBehindCheckpoint(location: string, kind: Kind): Promise<DeltaTable> {
  const store = new LocalStore(location);
  await store.prepareDirectory(LOG_DIRECTORY);
  const metaData = metadataOf(SCHEMA, kind.configuration);
  await store.putIfAbsent(
    commitPath(0),
    encodeCommit([{ commitInfo: { timestamp: 1 } }, { protocol: kind.protocol }, { metaData }]),
  );
  const table = await openTable(location);
  const paths: string[] = [];
  for (const first of [1, 10, 100]) {
    const ids = [first, first + 1, first + 2];
    const file = await writeDataFile(location, SCHEMA, [
      [
        ids.map(BigInt),
        ids.map((id) => (id % 10 === 1 ? null : `row ${id} é`)),
        ids.map((id) => 1_700_000_000_123_456n + BigInt(id)),
        ids.map((id) => 19_000 + id),
      ],
    ]);
    paths.push(file.path);
    await table.append({ files: [file], txn: { appId: "log", version: first } });
  }
  const tombstone = removeOf(paths[1] ?? "", {
    deletionTimestamp: Date.now(),
    extendedFileMetadata: true,
    partitionValues: {},
    size: 100,
  });
  await store.putIfAbsent(
    commitPath(4),
    encodeCommit([{ commitInfo: { timestamp: 5 } }, tombstone]),
  );
  const snapshot = await table.refresh();
  await writeCheckpoint(store, snapshot, kind.options);
  await writeChecksum(store, snapshot);
  for (let version = 0; version < 4; version += 1) {
    unlinkSync(join(location, LOG_DIRECTORY, commitName(version)));
  }
  return openTable(location);
}

/** Rows in the form that `read_table.py` prints, in an order of their own. */
async function ownRows(table: DeltaTable): Promise<string[]> {
  const { fields } = table.snapshot().schema;
  const rows: string[] = [];
  for await (const row of table.scan()) {
    const values = fields.map(({ name, type }) => {
      const value = row[name];
      return typeof value === "bigint" ? `${value}${type === "timestamp" ? "us" : ""}` : value;
    });
    rows.push(JSON.stringify(values));
  }
  return rows.toSorted();
}

function sorted(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

interface Reading {
  readonly version: number;
  readonly adds: readonly Record<string, unknown>[];
  readonly rows: Readonly<Record<"deltalake" | "polars" | "duckdb", readonly unknown[][]>>;
}

describe("delta-rs, Polars and DuckDB", { skip: skipWithoutPython }, () => {
  for (const [name, kind] of Object.entries(KINDS)) {
    test(`read a table whose commits are gone behind our checkpoint: ${name}`, async (context) => {
      const location = await temporaryDirectory(context);
      const table = await tableBehindCheckpoint(location, kind);
      const own = await ownRows(table);
      assert.equal(own.length, 6);
      // Rows of a table with this feature are refused by delta-rs's bridge to Python; its log is read all the same.
      const engines =
        kind.protocol === V2 ? (["duckdb"] as const) : (["deltalake", "polars", "duckdb"] as const);
      const text = runPython("delta/read_table.py", location, ...engines);
      const reading = JSON.parse(text) as Reading;
      assert.equal(reading.version, 4);
      for (const engine of engines) {
        assert.deepEqual(sorted(reading.rows[engine]), own, engine);
      }
      assert.deepEqual(
        sorted(
          reading.adds.map((add) => [add["num_records"], add["min.id"], add["null_count.name"]]),
        ),
        sorted([
          ["3", "1", "1"],
          ["3", "100", "1"],
        ]),
      );
    });
  }
});

interface SparkReading {
  readonly rows: readonly unknown[][];
  readonly filtered: number;
  readonly files: readonly string[];
}

function runSteps(steps: readonly string[]): SparkReading[] {
  return runSpark("delta/spark_checkpoints.py", ...steps)
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as SparkReading);
}

const SPARK_KINDS = {
  classic: "classic",
  multi_part: "multiPart",
  v2_json: "uuid",
  v2_parquet: "uuid",
  struct_stats: "classic",
  deleted: "classic",
} as const;

describe("Spark", { skip: skipWithoutSpark }, () => {
  test("reads tables whose commits are gone behind our checkpoints of every kind", async (context) => {
    const own: string[][] = [];
    const steps: string[] = [];
    for (const kind of Object.values(KINDS)) {
      const location = await temporaryDirectory(context);
      own.push(await ownRows(await tableBehindCheckpoint(location, kind)));
      steps.push(`read=${location}`);
    }
    const readings = runSteps(steps);
    for (const [index, name] of Object.keys(KINDS).entries()) {
      assert.deepEqual(sorted(readings[index]?.rows ?? []), own[index], name);
      assert.equal(readings[index]?.filtered, 3, name);
    }
  });

  test("leaves checkpoints of every kind that we start from", async (context) => {
    const kinds = Object.entries(SPARK_KINDS);
    const locations = await Promise.all(kinds.map(async () => temporaryDirectory(context)));
    const readings = runSteps(kinds.map(([kind], index) => `${kind}=${locations[index] ?? ""}`));
    for (const [index, [kind, form]] of kinds.entries()) {
      const location = locations[index] ?? "";
      const log = join(location, LOG_DIRECTORY);
      const before = await loadSnapshot(new LocalStore(location));
      for (const name of readdirSync(log))
        if (/^0{19}[0-3]\.json$/.test(name)) unlinkSync(join(log, name));
      const table = await openTable(location);
      const snapshot = table.snapshot();
      assert.equal(snapshot.tombstones.checkpoint?.form, form, kind);
      assert.equal(snapshot.version, 4);
      assert.deepEqual(await ownRows(table), sorted(readings[index]?.rows ?? []), kind);
      assert.deepEqual(
        [...snapshot.files].map(({ path }) => path.split("/").at(-1) ?? "").toSorted(),
        readings[index]?.files,
      );
      assert.deepEqual(snapshot.metadata, before.metadata);
      assert.deepEqual(
        [...snapshot.files].map(({ rowCount }) => rowCount),
        [...snapshot.files].map(({ path }) => before.files.get(path)?.rowCount),
      );
      // Spark's own checksum agrees with what we made of its checkpoint.
      assert.deepEqual(await verifySnapshot(new LocalStore(location), snapshot), {
        kind: "matches",
      });
    }
  });
});
