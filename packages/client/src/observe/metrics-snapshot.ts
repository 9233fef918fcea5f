// SPDX-License-Identifier: Apache-2.0
import type { ErrorCategory } from "../producer/error-category.ts";
import type { LaneStateName } from "../producer/lane-state.ts";
import type { ProducerHealth } from "../producer/producer-health.ts";
import type { SpoolDepth } from "../producer/spool.ts";
import type { HistogramSnapshot } from "./latency-histogram.ts";

/** What a producer has now, as against what happened in it. */
export interface GaugesSnapshot {
  readonly status: ProducerHealth["status"];
  /** Taken and not settled: what `maxInflightRecords` and `maxInflightBytes` bound. */
  readonly inflightRecords: number;
  readonly inflightBytes: number;
  /** Of those, not sent; `undefined` when the source does not tell. */
  readonly queuedRecords: number | undefined;
  readonly waitingCalls: number;
  /** Lanes that the service seems to hold to a rate, and what they get through together. */
  readonly throttledLanes: number;
  readonly throttledRecordsPerSecond: number;
  readonly oldestUnacknowledgedSeconds: number;
  /** `undefined` without a spool. */
  readonly spool: SpoolDepth | undefined;
  /** How many lanes are in which state. */
  readonly lanes: Readonly<Record<LaneStateName, number>>;
}

/** Everything {@link ProducerMetrics} knows, as plain data. Counts are records unless said otherwise. */
export interface MetricsSnapshot {
  readonly table: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly submittedRecords: number;
  readonly submittedBytes: number;
  readonly sentRecords: number;
  readonly sentBytes: number;
  readonly acknowledgedRecords: number;
  readonly acknowledgedBytes: number;
  readonly resentRecords: number;
  readonly invalidRecords: number;
  readonly deadLetteredRecords: number;
  readonly tokenRefreshes: number;
  /** Times that silent throttling was noticed. */
  readonly throttlings: number;
  /** Callbacks of the application, and dead letter writes, that failed. */
  readonly callbackFailures: number;
  readonly reconnects: Readonly<Record<ErrorCategory, number>>;
  readonly ackLatency: HistogramSnapshot;
  /** `undefined` while no producer is watched. */
  readonly gauges: GaugesSnapshot | undefined;
}
