// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../core/zerobus-error.ts";
import type { ErrorCategory } from "../producer/error-category.ts";
import type { LaneStateName } from "../producer/lane-state.ts";
import type { ProducerEvent } from "../producer/producer-event.ts";
import type { ProducerHealth } from "../producer/producer-health.ts";
import type { ProducerObserver } from "../producer/producer-observer.ts";
import { ACK_LATENCY_BOUNDS_SECONDS, LatencyHistogram } from "./latency-histogram.ts";
import type { GaugesSnapshot, MetricsSnapshot } from "./metrics-snapshot.ts";
import { prometheusText } from "./prometheus-text.ts";

export interface ProducerMetricsOptions {
  /** The producer's table: a label of every series. */
  readonly table: string;
  /**
   * Labels of every series beside `table`, such as an instance's name. Names as Prometheus has them, and none that a
   * series has already. Values must not come from records: each new one is a new series. @default none
   */
  readonly labels?: Readonly<Record<string, string>>;
  /** Upper bounds of the buckets for ack latency, in seconds, ascending, at most 100. @default 0.0005 to 300 */
  readonly ackLatencyBoundsSeconds?: readonly number[];
}

/** Where gauges are read from when metrics are collected. A `Producer` is one. */
export interface GaugeSource {
  health(): ProducerHealth;
  /** Records taken and not sent yet. */
  readonly queuedRecords?: number | undefined;
}

const COUNTERS = [
  "submittedRecords",
  "submittedBytes",
  "sentRecords",
  "sentBytes",
  "acknowledgedRecords",
  "acknowledgedBytes",
  "resentRecords",
  "invalidRecords",
  "deadLetteredRecords",
  "tokenRefreshes",
  "throttlings",
  "callbackFailures",
] as const;
type CounterName = (typeof COUNTERS)[number];
const INDEX = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Readonly<
  Record<CounterName, number>
>;

/** Label names that series of the catalog have. */
const RESERVED_LABELS: ReadonlySet<string> = new Set(["table", "cause", "state", "status", "le"]);

/** Counts what happens in one producer. What it holds is bounded, whatever happens; counting allocates nothing. */
export class ProducerMetrics implements ProducerObserver {
  readonly #table: string;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #counts = new Float64Array(COUNTERS.length);
  readonly #reconnects: Record<ErrorCategory, number> = {
    connection: 0,
    throttling: 0,
    auth: 0,
    data: 0,
    configuration: 0,
    bug: 0,
    closed: 0,
  };
  readonly #ackLatency: LatencyHistogram;
  #source: GaugeSource | undefined;

  /** @throws ZerobusError `invalid_argument` for a label or bound that cannot be exposed */
  constructor(options: ProducerMetricsOptions) {
    checkLabels(options.labels ?? {});
    this.#table = options.table;
    this.#labels = Object.freeze({ ...options.labels });
    this.#ackLatency = new LatencyHistogram(
      options.ackLatencyBoundsSeconds ?? ACK_LATENCY_BOUNDS_SECONDS,
    );
  }

  /** Reads gauges from `source` from now on; `undefined` ends that. */
  watch(source: GaugeSource | undefined): void {
    this.#source = source;
  }

  submitted(recordCount: number, byteCount: number): void {
    this.#add(INDEX.submittedRecords, recordCount);
    this.#add(INDEX.submittedBytes, byteCount);
  }

  sent(recordCount: number, byteCount: number): void {
    this.#add(INDEX.sentRecords, recordCount);
    this.#add(INDEX.sentBytes, byteCount);
  }

  acknowledged(recordCount: number, byteCount: number, latencyMs: number): void {
    this.#add(INDEX.acknowledgedRecords, recordCount);
    this.#add(INDEX.acknowledgedBytes, byteCount);
    this.#ackLatency.record(latencyMs);
  }

  resent(recordCount: number): void {
    this.#add(INDEX.resentRecords, recordCount);
  }

  invalid(recordCount: number): void {
    this.#add(INDEX.invalidRecords, recordCount);
  }

  deadLettered(recordCount: number): void {
    this.#add(INDEX.deadLetteredRecords, recordCount);
  }

  reconnected(cause: ErrorCategory): void {
    this.#reconnects[cause]++;
  }

  tokenRefreshed(): void {
    this.#add(INDEX.tokenRefreshes, 1);
  }

  event(event: ProducerEvent): void {
    if (event.kind === "throttled") this.#add(INDEX.throttlings, 1);
    if (event.kind === "callbackFailed") this.#add(INDEX.callbackFailures, 1);
  }

  /** Everything as it is now. */
  snapshot(): MetricsSnapshot {
    const counters = Object.fromEntries(
      COUNTERS.map((name, index) => [name, this.#counts[index] as number]),
    ) as Readonly<Record<CounterName, number>>;
    return {
      table: this.#table,
      labels: this.#labels,
      ...counters,
      reconnects: { ...this.#reconnects },
      ackLatency: this.#ackLatency.snapshot(),
      gauges: this.#source === undefined ? undefined : gaugesOf(this.#source),
    };
  }

  /**
   * The Prometheus text format, version 0.0.4, for `text/plain; version=0.0.4`. Several producers of a process go on
   * one page by {@link prometheusText}.
   */
  toPrometheusText(): string {
    return prometheusText([this.snapshot()]);
  }

  #add(index: number, count: number): void {
    this.#counts[index] = (this.#counts[index] as number) + count;
  }
}

function gaugesOf(source: GaugeSource): GaugesSnapshot {
  const health = source.health();
  const lanes: Record<LaneStateName, number> = {
    idle: 0,
    opening: 0,
    running: 0,
    reconnecting: 0,
    isolating: 0,
    settingAside: 0,
    backingOff: 0,
    draining: 0,
    closed: 0,
    failed: 0,
  };
  const ceilings: number[] = [];
  for (const lane of health.lanes) {
    lanes[lane.state]++;
    if (lane.throttled !== undefined) ceilings.push(lane.throttled.recordsPerSecond);
  }
  return {
    status: health.status,
    inflightRecords: health.unacknowledgedRecords,
    inflightBytes: health.unacknowledgedBytes,
    queuedRecords: source.queuedRecords,
    waitingCalls: health.waitingCalls,
    throttledLanes: ceilings.length,
    throttledRecordsPerSecond: ceilings.reduce((sum, ceiling) => sum + ceiling, 0),
    oldestUnacknowledgedSeconds: health.oldestUnacknowledgedMs / 1_000,
    spool: health.spool,
    lanes,
  };
}

function checkLabels(labels: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(labels)) {
    const legal = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !name.startsWith("__");
    if (legal && !RESERVED_LABELS.has(name) && typeof value === "string") continue;
    throw new ZerobusError(
      "invalid_argument",
      `Metric label ${JSON.stringify(name)} cannot be used: names are letters, digits and _, do not begin with __ and are none of ${[...RESERVED_LABELS].join(", ")}; values are texts`,
    );
  }
}
