// SPDX-License-Identifier: Apache-2.0
import { runJob } from "../lib/child.ts";
import { formatNumber } from "../lib/format-table.ts";
import { READINGS, type RecordShape } from "../lib/record-set.ts";
import type { BenchResult, ResultSet } from "../lib/results.ts";
import { withServer } from "../lib/server-run.ts";
import type { RawProducerAnswer, RawProducerJob } from "../load/raw-producer.ts";
import type { BenchCase } from "./bench-case.ts";

/** What grows, and the sizes it is measured at. */
interface Sweep {
  readonly name: string;
  readonly title: string;
  readonly points: readonly number[];
  readonly load: (point: number) => SweepLoad;
}

interface SweepLoad {
  readonly shape: RecordShape;
  readonly streamCount: number;
  readonly tableCount: number;
}

const MB = 1e6;
const MEASURES = ["rate", "bytes", "cpu", "cpuPerGb", "rss"] as const;
const STREAMS_PER_CONNECTION = 10;
/** Writes and unacknowledged writes of a stream, where there are so many that each must be small. */
const MANY_STREAMS = 64;
const MANY_CHUNK_BYTES = 4 * 1024;
const MANY_UNACKED_CHUNKS = 1;

const SWEEPS: readonly Sweep[] = [
  {
    name: "recordBytes",
    title: "bytes a record",
    points: [100, 200, 1000, 10_000, 100_000, 1_000_000],
    load: (recordBytes) => ({
      shape: { kind: "sized", recordBytes },
      streamCount: 1,
      tableCount: 1,
    }),
  },
  {
    name: "columns",
    title: "columns",
    points: [1, 8, 50, 200, 500],
    load: (columnCount) => ({
      shape: { kind: "wide", columnCount },
      streamCount: 1,
      tableCount: 1,
    }),
  },
  {
    name: "streams",
    title: "streams to one table",
    points: [1, 8, 64, 500, 5000],
    load: (streamCount) => ({ shape: READINGS, streamCount, tableCount: 1 }),
  },
  {
    name: "tables",
    title: "tables, one stream each",
    points: [1, 8, 50, 200],
    load: (tableCount) => ({ shape: READINGS, streamCount: tableCount, tableCount }),
  },
];

const FULL_DURATION_MS = 5000;
const MIN_DURATION_MS = 1000;

/** Every point of every sweep, for the same time each. */
export function sweepCases(scale: number): BenchCase[] {
  const durationMs = Math.max(MIN_DURATION_MS, FULL_DURATION_MS * scale);
  return SWEEPS.flatMap(({ name, points, load }) =>
    points.map((point) => ({
      name: `scaling.${name}.${point}`,
      run: (results: ResultSet) =>
        benchPoint(results, `scaling.${name}.${point}`, load(point), durationMs),
    })),
  );
}

/** A table for each sweep. */
export function scalingRows(results: readonly BenchResult[]): string[][][] {
  const medians = new Map(results.map(({ name, median }) => [name, median]));
  const tables = SWEEPS.map(({ name, title, points }) => [
    [title, "records/s", "MB/s", "CPU s/million", "CPU s/GB", "RSS MB"],
    ...points
      .filter((point) => medians.has(`scaling.${name}.${point}.rate`))
      .map((point) => [
        point.toLocaleString("en-US"),
        ...MEASURES.map((measure) =>
          formatNumber(medians.get(`scaling.${name}.${point}.${measure}`) ?? Number.NaN),
        ),
      ]),
  ]);
  return tables.filter((rows) => rows.length > 1);
}

async function benchPoint(
  results: ResultSet,
  name: string,
  load: SweepLoad,
  durationMs: number,
): Promise<void> {
  const { shape, streamCount, tableCount } = load;
  const tables = Array.from({ length: tableCount }, (_, index) => `bench.scaling.table_${index}`);
  await withServer({ tables, shape }, async (server) => {
    const isMany = streamCount >= MANY_STREAMS;
    const job: RawProducerJob = {
      endpoint: server.endpoint,
      tables,
      streamCount,
      connectionCount: Math.ceil(streamCount / STREAMS_PER_CONNECTION),
      shape,
      format: "proto",
      batchSize: 1,
      durationMs,
      chunkBytes: isMany ? MANY_CHUNK_BYTES : undefined,
      maxUnackedChunks: isMany ? MANY_UNACKED_CHUNKS : undefined,
    };
    const before = await server.usage();
    const run = await runJob<RawProducerAnswer>("load/raw-producer.js", job);
    const visibleAtMs = await server.expectRows(run.recordCountByTable);
    const after = await server.usage();
    const seconds = (visibleAtMs - run.startedAtMs) / 1000;
    const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
    const byteCount = run.recordCount * run.recordBytes;
    results.add(`${name}.rate`, "records/s", run.recordCount / seconds);
    results.add(`${name}.bytes`, "MB/s", byteCount / MB / seconds);
    results.add(`${name}.cpu`, "s/million", cpuSeconds / (run.recordCount / 1e6));
    results.add(`${name}.cpuPerGb`, "s/GB", cpuSeconds / (byteCount / 1e9));
    results.add(`${name}.rss`, "MB", after.peakRssBytes / MB);
  });
}
