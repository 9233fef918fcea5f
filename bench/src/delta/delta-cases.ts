// SPDX-License-Identifier: Apache-2.0
// What is measured of `packages/delta`, each beside delta-rs on the same data. Both sides of a case are measured one after
// the other in each run.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { createTable, DEFAULT_ZSTD_LEVEL, openTable, type StoreOptions } from "@sluice/delta";
import type { ResultSet } from "../lib/results.ts";
import type { DeltalakeProcess } from "./deltalake-process.ts";
import { makeEmptyTable, makeManyCommits } from "./fixtures.ts";
import { ROW_SCHEMA, rowOf } from "./rows.ts";

export interface DeltaBench {
  readonly results: ResultSet;
  readonly deltalake: DeltalakeProcess;
  /** A directory of its own. */
  readonly directory: string;
  /** Part of the full sizes. */
  readonly scale: number;
  /** The S3-compatible server, if there is one. */
  readonly s3: S3Target | undefined;
}

export interface S3Target {
  readonly bucket: string;
  readonly storeOptions: StoreOptions;
  readonly deltaRsOptions: Readonly<Record<string, string>>;
}

export interface DeltaCase {
  readonly name: string;
  /** Makes what all runs read. */
  readonly prepare?: (bench: DeltaBench) => Promise<void>;
  readonly run: (bench: DeltaBench) => Promise<void>;
}

interface Timed {
  readonly seconds: number;
  readonly result: number;
}

const COMMITS = 200;
const LOADED_COMMITS = 10_000;
const LOADED_FILES = 1_000_000;
const ROWS = 1_000_000;

function sized(count: number, scale: number): number {
  return Math.max(10, Math.round(count * scale));
}

async function timed(action: () => Promise<number>): Promise<Timed> {
  const startedAt = performance.now();
  const result = await action();
  return { seconds: (performance.now() - startedAt) / 1000, result };
}

/** Rates of both, and the ratio of their times. */
function report(
  { results }: DeltaBench,
  name: string,
  unit: string,
  count: number,
  ours: number,
  theirs: number,
): void {
  results.add(`${name}.ours`, unit, count / ours);
  results.add(`${name}.deltaRs`, unit, count / theirs);
  results.add(`${name}.timeRatio`, "ours/delta-rs", ours / theirs);
}

function assertSame(name: string, ours: number, theirs: number): void {
  if (ours !== theirs) throw new Error(`${name}: we have ${ours}, delta-rs has ${theirs}`);
}

/** Commits of one row each, one after the other by one writer. */
async function commits(
  bench: DeltaBench,
  name: string,
  locate: () => string,
  storeOptions: StoreOptions,
  deltaRsOptions?: Readonly<Record<string, string>>,
): Promise<void> {
  const count = sized(COMMITS, bench.scale);
  const [own, other] = [locate(), locate()];
  const table = await createTable({ location: own, schema: ROW_SCHEMA, storeOptions });
  await createTable({ location: other, schema: ROW_SCHEMA, storeOptions });
  const { seconds } = await timed(async () => {
    for (let k = 0; k < count; k += 1) await table.appendRows([rowOf(0)]);
    return count;
  });
  const theirs = await bench.deltalake.ask<number>("commits", {
    location: other,
    count,
    level: DEFAULT_ZSTD_LEVEL,
    ...(deltaRsOptions === undefined ? {} : { storage_options: deltaRsOptions }),
  });
  report(bench, name, "commits/s", count, seconds, theirs);
}

async function load(
  bench: DeltaBench,
  name: string,
  location: string,
  listsFiles: boolean,
): Promise<void> {
  const ours = await timed(async () => {
    const snapshot = (await openTable(location)).snapshot();
    if (!listsFiles) return snapshot.version;
    let fileCount = 0;
    for (const { path } of snapshot.files) fileCount += path === "" ? 0 : 1;
    return fileCount;
  });
  const values = { location, lists_files: listsFiles };
  const theirs = await bench.deltalake.ask<Timed>("load", values);
  assertSame(name, ours.result, theirs.result);
  bench.results.add(`${name}.ours`, "ms", ours.seconds * 1000);
  bench.results.add(`${name}.deltaRs`, "ms", theirs.seconds * 1000);
  bench.results.add(`${name}.timeRatio`, "ours/delta-rs", ours.seconds / theirs.seconds);
}

async function append(bench: DeltaBench, kind: "objects" | "columns"): Promise<void> {
  const count = sized(ROWS, bench.scale);
  const rows = Array.from({ length: count }, (_, k) => rowOf(k));
  const [own, other] = [newTable(bench), newTable(bench)];
  const table = await createTable({ location: own, schema: ROW_SCHEMA });
  await createTable({ location: other, schema: ROW_SCHEMA });
  const ours = await timed(async () => {
    await table.appendRows(rows);
    return count;
  });
  await bench.deltalake.ask<number>("prepare_rows", { count, kind });
  const values = { location: other, kind, level: DEFAULT_ZSTD_LEVEL };
  const theirs = await bench.deltalake.ask<number>("append", values);
  await bench.deltalake.ask<number>("drop_rows");
  assertSame("append", await table.countRows(), await (await openTable(other)).countRows());
  report(bench, `append.${kind}`, "rows/s", count, ours.seconds, theirs);
}

async function scan(bench: DeltaBench, kind: "objects" | "columns"): Promise<void> {
  const location = join(bench.directory, "scanned");
  const ours = await timed(async () => (kind === "objects" ? sumOfIds : countOfBatches)(location));
  const theirs = await bench.deltalake.ask<Timed>("scan", { location, kind });
  assertSame("scan", ours.result, theirs.result);
  report(bench, `scan.${kind}`, "rows/s", sized(ROWS, bench.scale), ours.seconds, theirs.seconds);
}

async function sumOfIds(location: string): Promise<number> {
  let sum = 0n;
  for await (const { id } of (await openTable(location)).scan()) sum += id as bigint;
  return Number(sum);
}

async function countOfBatches(location: string): Promise<number> {
  let count = 0;
  for await (const { rowCount } of (await openTable(location)).scanColumns()) count += rowCount;
  return count;
}

function newTable({ directory }: DeltaBench): string {
  return join(directory, randomUUID());
}

export const DELTA_CASES: readonly DeltaCase[] = [
  {
    name: "commits.local",
    run: async (bench) => commits(bench, "commits.local", () => newTable(bench), {}),
  },
  {
    name: "commits.s3",
    run: async (bench) => {
      if (bench.s3 === undefined) return;
      const { bucket, storeOptions, deltaRsOptions } = bench.s3;
      const locate = (): string => `s3://${bucket}/${randomUUID()}`;
      await commits(bench, "commits.s3", locate, storeOptions, deltaRsOptions);
    },
  },
  {
    name: "load.commits10000",
    prepare: async ({ directory, scale }) =>
      makeManyCommits(join(directory, "commits"), sized(LOADED_COMMITS, scale)),
    run: async (bench) => {
      const location = join(bench.directory, "commits");
      await load(bench, "load.commits10000", location, false);
      await load(bench, "load.commits10000.files", location, true);
    },
  },
  {
    name: "load.files1000000",
    prepare: async ({ directory, scale, deltalake }) => {
      const location = join(directory, "files");
      await makeEmptyTable(location);
      const count = sized(LOADED_FILES, scale);
      await deltalake.ask<number>("make_checkpoint", { location, version: 0, count });
    },
    run: async (bench) => {
      const location = join(bench.directory, "files");
      await load(bench, "load.files1000000", location, false);
      await load(bench, "load.files1000000.files", location, true);
    },
  },
  { name: "append.objects", run: async (bench) => append(bench, "objects") },
  { name: "append.columns", run: async (bench) => append(bench, "columns") },
  {
    name: "scan.objects",
    prepare: async ({ directory, scale }) => {
      const location = join(directory, "scanned");
      const table = await createTable({ location, schema: ROW_SCHEMA });
      const count = sized(ROWS, scale);
      await table.appendRows(Array.from({ length: count }, (_, k) => rowOf(k)));
    },
    run: async (bench) => scan(bench, "objects"),
  },
  { name: "scan.columns", run: async (bench) => scan(bench, "columns") },
];

/** The most that our time may be, in times of delta-rs's. */
export const DELTA_BARS: Readonly<Record<string, number>> = {
  "append.objects.timeRatio": 1.5,
  "append.columns.timeRatio": 1.5,
  "load.commits10000.timeRatio": 2,
  "load.commits10000.files.timeRatio": 2,
  "load.files1000000.timeRatio": 2,
  "load.files1000000.files.timeRatio": 2,
};
