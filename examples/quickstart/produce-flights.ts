// SPDX-License-Identifier: Apache-2.0
import { formatCount, startProgress, styleFor } from "@sluice/cli";
import { RecordType, ZerobusSdk } from "@sluice/client";
import type { Flight } from "./flights.ts";
import type { Relay } from "./relay.ts";

export interface ProduceTarget {
  readonly endpoint: string;
  readonly workspaceUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tableName: string;
}

/** What the producer saw. */
export interface ProduceResult {
  readonly sentCount: number;
  readonly acknowledgedCount: number;
  readonly resentCount: number;
  readonly reconnectCount: number;
  /** From the first record to the last ack. */
  readonly seconds: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
}

const BATCH_RECORDS = 250;
/** Bounds how many records a lost connection can leave unsure. */
const MAX_INFLIGHT_BATCHES = 40;
const FLUSH_TIMEOUT_MS = 60_000;

/** Sends all flights in batches, cuts the connection once half of them are sent, and waits for every ack. */
export async function produceFlights(
  flights: readonly Flight[],
  target: ProduceTarget,
  relay: Relay,
): Promise<ProduceResult> {
  const submittedAtMs: number[] = [];
  const latenciesMs: number[] = [];
  const sdk = new ZerobusSdk(target.endpoint, target.workspaceUrl, {
    applicationName: "sluice-quickstart",
  });
  const stream = await sdk.createStream(
    { tableName: target.tableName },
    target.clientId,
    target.clientSecret,
    {
      recordType: RecordType.Json,
      maxInflightRequests: MAX_INFLIGHT_BATCHES,
      flushTimeoutMs: FLUSH_TIMEOUT_MS,
      onAck: (offset) => {
        latenciesMs.push(performance.now() - (submittedAtMs[Number(offset)] as number));
      },
    },
  );
  const style = styleFor(process.stderr, process.env);
  const progress = startProgress({
    output: process.stderr,
    style,
    read: () => {
      const doneCount = stream.statistics.acknowledgedRecords;
      return { doneCount, fraction: doneCount / flights.length };
    },
  });
  const startedAtMs = performance.now();
  let isDropped = false;
  try {
    for (let start = 0; start < flights.length; start += BATCH_RECORDS) {
      submittedAtMs.push(performance.now());
      await stream.ingestRecordsOffset(flights.slice(start, start + BATCH_RECORDS));
      if (!isDropped && start >= flights.length / 2) {
        isDropped = true;
        relay.dropConnections();
        progress.print(
          style.yellow(
            `connection cut on purpose after ${formatCount(start + BATCH_RECORDS)} records`,
          ),
        );
      }
    }
    await stream.flush();
    const seconds = (performance.now() - startedAtMs) / 1000;
    const { acknowledgedRecords, resentRecords, reconnects } = stream.statistics;
    await stream.close();
    latenciesMs.sort((left, right) => left - right);
    return {
      sentCount: flights.length,
      acknowledgedCount: acknowledgedRecords,
      resentCount: resentRecords,
      reconnectCount: reconnects,
      seconds,
      ackP50Ms: quantile(latenciesMs, 0.5),
      ackP99Ms: quantile(latenciesMs, 0.99),
    };
  } finally {
    progress.stop();
    sdk.close();
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
