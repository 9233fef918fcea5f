// SPDX-License-Identifier: Apache-2.0
import type { ResultSet } from "../lib/results.ts";
import { hasOfficialClient } from "../lib/stream-clients.ts";
import type { ClientProducerJob, ClientUse } from "../load/client-producer.ts";
import type { BenchCase } from "./bench-case.ts";
import { benchClient, benchProducer } from "./clients.ts";
import {
  benchDiskFloor,
  benchHttp2Floor,
  benchParquetFloor,
  benchRoundTripFloor,
  benchTcpFloor,
} from "./floors.ts";
import { benchIngest, type IngestShape } from "./ingest.ts";
import { benchAcks, benchVisible } from "./latency.ts";
import { benchIdleStreams, benchManyStreams } from "./streams.ts";

const ONE_STREAM = { format: "proto", batchSize: 1, streamCount: 1, tableCount: 1 } as const;
const SUSTAINED_MS = 60_000;

/**
 * All that the suite measures. Cases stand so that what is compared runs close together.
 * @param scale 1 for the full sizes; smaller ones show that it works and little more.
 */
export function allCases(scale: number): BenchCase[] {
  const count = (full: number): number => Math.max(1000, Math.round((full * scale) / 1000) * 1000);
  const time = (fullMs: number): number => Math.max(800, fullMs * scale);
  const ingest = (name: string, shape: IngestShape, once = false): BenchCase => ({
    name,
    once,
    also: name === "ingest.single" ? ["ack.load", "rss.load", "loop"] : [],
    run: (results) => benchIngest(results, name, shape),
  });
  const cases: BenchCase[] = [
    ...floorCases(count, time),
    ingest("ingest.single", { ...ONE_STREAM, recordsPerStream: count(4_000_000) }),
    ingest("ingest.batch500", {
      ...ONE_STREAM,
      batchSize: 500,
      recordsPerStream: count(4_000_000),
    }),
    ingest("ingest.json", { ...ONE_STREAM, format: "json", recordsPerStream: count(2_000_000) }),
    ingest("ingest.streams8", {
      ...ONE_STREAM,
      streamCount: 8,
      recordsPerStream: count(500_000),
    }),
    ingest("ingest.tables8", {
      ...ONE_STREAM,
      streamCount: 8,
      tableCount: 8,
      recordsPerStream: count(500_000),
    }),
    {
      name: "ingest.producer",
      run: (results) =>
        benchProducer(results, {
          client: "ours",
          use: "await",
          streamCount: 1,
          recordsPerStream: count(2_000_000),
        }),
    },
    {
      name: "acks",
      also: ["ack.idle", "disk.sync", "blocking"],
      run: (results) => benchAcks(results, time(4000)),
    },
    { name: "visible", run: (results) => benchVisible(results, time(6000)) },
    { name: "rss.idle2000", run: (results) => benchIdleStreams(results) },
    {
      name: "streams.5000",
      run: (results) => benchManyStreams(results, Math.max(2000, time(8000))),
    },
    ...clientCases(count, scale >= 1),
  ];
  if (scale >= 1) {
    cases.push(ingest("ingest.sustained", { ...ONE_STREAM, durationMs: SUSTAINED_MS }, true));
  }
  return cases;
}

/** What the parts cost alone. */
export function floorCases(
  count: (full: number) => number,
  time: (fullMs: number) => number,
): BenchCase[] {
  return [
    { name: "floor.tcp", run: (results) => benchTcpFloor(results, count(5_000_000)) },
    { name: "floor.http2", run: (results) => benchHttp2Floor(results, count(5_000_000)) },
    { name: "floor.roundtrip", run: (results) => benchRoundTripFloor(results, time(2000)) },
    { name: "floor.disk", run: (results) => benchDiskFloor(results, time(2000)) },
    { name: "floor.parquet", run: (results) => benchParquetFloor(results, time(3000)) },
  ];
}

/** Which results are shown in relation to which. */
export function askForRatios(results: ResultSet): void {
  for (const name of ["ingest.single", "ingest.batch500", "ingest.json", "ingest.producer"]) {
    for (const floor of ["floor.tcp", "floor.http2", "floor.parquet"]) results.compare(name, floor);
  }
  for (const name of ["batch500", "json", "streams8", "tables8", "sustained"]) {
    results.compare(`ingest.${name}`, "ingest.single");
  }
  results.compare("ingest.single.bytes", "floor.disk");
  results.compare("ack.idle.p50", "disk.sync.p50");
  results.compare("ack.idle.p99", "disk.sync.p99");
  results.compare("blocking.1", "disk.sync.rate");
  results.compare("blocking.1", "floor.roundtrip");
  results.compare("blocking.64", "blocking.1");
  results.compare("streams.5000", "ingest.single");
  for (const { name } of CLIENT_USES) {
    for (const suffix of ["", ".cpu", ".rss", ".ack.p50", ".ack.p99"]) {
      results.compare(`client.${name}.ours${suffix}`, `client.${name}.official${suffix}`);
    }
  }
}

interface ClientCase {
  readonly name: string;
  /** Left out of quick runs, for their time. */
  readonly fullOnly?: boolean;
  readonly use: ClientUse;
  readonly streamCount: number;
  readonly recordsPerStream: Readonly<Record<ClientProducerJob["client"], number>>;
}

/** The official client gets fewer records where it is slow, so that both run for seconds. */
const CLIENT_USES: readonly ClientCase[] = [
  {
    name: "await",
    use: "await",
    streamCount: 1,
    recordsPerStream: { ours: 1_500_000, official: 80_000 },
  },
  {
    name: "offset",
    use: "offset",
    streamCount: 1,
    recordsPerStream: { ours: 1_500_000, official: 300_000 },
  },
  {
    name: "batch500",
    use: "batch",
    streamCount: 1,
    recordsPerStream: { ours: 2_000_000, official: 2_000_000 },
  },
  {
    name: "blocking",
    use: "blocking",
    streamCount: 1,
    recordsPerStream: { ours: 8_000, official: 4_000 },
  },
  {
    name: "paced",
    use: "paced",
    streamCount: 1,
    recordsPerStream: { ours: 2_000, official: 2_000 },
  },
  {
    name: "streams8",
    fullOnly: true,
    use: "await",
    streamCount: 8,
    recordsPerStream: { ours: 200_000, official: 20_000 },
  },
];

function clientCases(count: (full: number) => number, isFull: boolean): BenchCase[] {
  const clients = hasOfficialClient() ? (["ours", "official"] as const) : (["ours"] as const);
  const uses = CLIENT_USES.filter(({ fullOnly = false }) => isFull || !fullOnly);
  return uses.flatMap(({ name, use, streamCount, recordsPerStream }) =>
    clients.map((client) => ({
      name: `client.${name}.${client}`,
      run: (results: ResultSet) =>
        benchClient(results, `client.${name}.${client}`, {
          client,
          use,
          streamCount,
          recordsPerStream: count(recordsPerStream[client]),
        }),
    })),
  );
}
