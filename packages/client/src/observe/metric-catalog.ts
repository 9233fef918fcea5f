// SPDX-License-Identifier: Apache-2.0
import type { GaugesSnapshot, MetricsSnapshot } from "./metrics-snapshot.ts";

/** One number of a metric, and the value of the metric's own label if it has one. */
export interface MetricSample {
  readonly label?: string;
  readonly value: number;
}

/** A metric whose samples are read from a snapshot. */
export interface MetricDefinition {
  /** Without prefix, unit of time and `_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  /** In the words of UCUM, which OpenTelemetry uses. */
  readonly unit: "{record}" | "By" | "s" | "{call}" | "{lane}" | "{record}/s" | "{event}" | "1";
  readonly help: string;
  /** The label it has beside `table` and the owner's. All its values are known beforehand. */
  readonly label?: "cause" | "state" | "status";
  /** Empty when there is nothing to read from. */
  readonly read: (snapshot: MetricsSnapshot) => readonly MetricSample[];
}

/** The one histogram, which no snapshot function can read sample by sample. */
export const ACK_LATENCY = {
  name: "ack_latency",
  type: "histogram",
  unit: "s",
  help: "From submission to acknowledgement of the oldest record of each acknowledgement.",
} as const;

/** Every other metric of a producer: the source of the Prometheus text, of the OpenTelemetry instruments and of the docs. */
export const METRIC_CATALOG: readonly MetricDefinition[] = [
  counter(
    "submitted_records",
    "{record}",
    "Records taken from the application.",
    (s) => s.submittedRecords,
  ),
  counter(
    "submitted_bytes",
    "By",
    "Bytes taken from the application, encoded.",
    (s) => s.submittedBytes,
  ),
  counter(
    "sent_records",
    "{record}",
    "Records given to a connection, each time they were.",
    (s) => s.sentRecords,
  ),
  counter(
    "sent_bytes",
    "By",
    "Bytes of records given to a connection, each time they were.",
    (s) => s.sentBytes,
  ),
  counter(
    "acknowledged_records",
    "{record}",
    "Records the server made durable.",
    (s) => s.acknowledgedRecords,
  ),
  counter(
    "acknowledged_bytes",
    "By",
    "Bytes of records the server made durable.",
    (s) => s.acknowledgedBytes,
  ),
  counter(
    "resent_records",
    "{record}",
    "Records sent again after a stream was lost.",
    (s) => s.resentRecords,
  ),
  counter(
    "invalid_records",
    "{record}",
    "Records the server refused, set aside.",
    (s) => s.invalidRecords,
  ),
  counter(
    "dead_lettered_records",
    "{record}",
    "Refused records written to the dead letters.",
    (s) => s.deadLetteredRecords,
  ),
  counter(
    "token_refreshes",
    "{event}",
    "Tokens requested because the one before was refused.",
    (s) => s.tokenRefreshes,
  ),
  counter(
    "throttlings",
    "{event}",
    "Times the service was noticed to hold a stream back silently.",
    (s) => s.throttlings,
  ),
  counter(
    "callback_failures",
    "{event}",
    "Callbacks of the application and dead letter writes that failed.",
    (s) => s.callbackFailures,
  ),
  {
    name: "reconnects",
    type: "counter",
    unit: "{event}",
    help: "Lost streams that were replaced, by the kind of error that ended them.",
    label: "cause",
    read: (snapshot) => samplesOf(snapshot.reconnects),
  },
  gauge(
    "inflight_records",
    "{record}",
    "Records taken and not settled, as `maxInflightRecords` bounds them.",
    (g) => g.inflightRecords,
  ),
  gauge(
    "inflight_bytes",
    "By",
    "Bytes taken and not settled, as `maxInflightBytes` bounds them.",
    (g) => g.inflightBytes,
  ),
  gauge("queued_records", "{record}", "Records taken and not sent.", (g) => g.queuedRecords),
  gauge("waiting_calls", "{call}", "Calls of `submit` that wait for room.", (g) => g.waitingCalls),
  gauge(
    "throttled_lanes",
    "{lane}",
    "Lanes that the service seems to hold to a rate silently.",
    (g) => g.throttledLanes,
  ),
  gauge(
    "throttled_records_per_second",
    "{record}/s",
    "What throttled lanes get through together.",
    (g) => g.throttledRecordsPerSecond,
  ),
  gauge("spool_records", "{record}", "Records in the spool.", (g) => g.spool?.records),
  gauge("spool_bytes", "By", "Bytes in the spool.", (g) => g.spool?.bytes),
  gauge(
    "oldest_unacknowledged",
    "s",
    "Age of the oldest unacknowledged record; 0 when there is none.",
    (g) => g.oldestUnacknowledgedSeconds,
  ),
  {
    name: "lanes",
    type: "gauge",
    unit: "{lane}",
    help: "Lanes, by state.",
    label: "state",
    read: ({ gauges }) => (gauges === undefined ? [] : samplesOf(gauges.lanes)),
  },
  {
    name: "health_status",
    type: "gauge",
    unit: "1",
    help: "1 for the status the producer has, 0 for the others.",
    label: "status",
    read: ({ gauges }) =>
      gauges === undefined
        ? []
        : (["healthy", "degraded", "down"] as const).map((status) => ({
            label: status,
            value: gauges.status === status ? 1 : 0,
          })),
  },
];

/** The name in the Prometheus text. */
export function prometheusName(
  metric: Pick<MetricDefinition, "name" | "unit"> & { readonly type: string },
): string {
  const seconds = metric.unit === "s" ? "_seconds" : "";
  const total = metric.type === "counter" ? "_total" : "";
  return `sluice_producer_${metric.name}${seconds}${total}`;
}

/** The name of the OpenTelemetry instrument; exporters to Prometheus make {@link prometheusName} of it. */
export function openTelemetryName(metric: { readonly name: string }): string {
  return `sluice.producer.${metric.name}`;
}

function counter(
  name: string,
  unit: MetricDefinition["unit"],
  help: string,
  read: (snapshot: MetricsSnapshot) => number,
): MetricDefinition {
  return { name, type: "counter", unit, help, read: (snapshot) => [{ value: read(snapshot) }] };
}

function gauge(
  name: string,
  unit: MetricDefinition["unit"],
  help: string,
  read: (gauges: GaugesSnapshot) => number | undefined,
): MetricDefinition {
  return {
    name,
    type: "gauge",
    unit,
    help,
    read: ({ gauges }) => {
      const value = gauges === undefined ? undefined : read(gauges);
      return value === undefined ? [] : [{ value }];
    },
  };
}

function samplesOf(counts: Readonly<Record<string, number>>): MetricSample[] {
  return Object.entries(counts).map(([label, value]) => ({ label, value }));
}
