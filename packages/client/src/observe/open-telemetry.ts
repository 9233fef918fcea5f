// SPDX-License-Identifier: Apache-2.0
import type { EventOrigin } from "../producer/producer-event.ts";
import type { ProducerObserver } from "../producer/producer-observer.ts";
import { CLIENT_VERSION } from "../version.ts";
import { loadOpenTelemetry } from "./load-open-telemetry.ts";
import { ACK_LATENCY, METRIC_CATALOG, openTelemetryName } from "./metric-catalog.ts";
import type {
  OpenTelemetryApi,
  OpenTelemetryAttributes,
  OpenTelemetryResult,
} from "./open-telemetry-api.ts";
import type { ProducerMetrics } from "./producer-metrics.ts";
import { makeRedactor } from "./redactor.ts";
import { StreamSpans } from "./stream-spans.ts";

export interface OpenTelemetryOptions extends EventOrigin {
  /** Where the instruments are read from. */
  readonly metrics: ProducerMetrics;
  /** @default the `@opentelemetry/api` that the application has installed, if any */
  readonly api?: OpenTelemetryApi;
  /** As for `logEvents`: what must not appear in a span. @default none */
  readonly secrets?: readonly string[];
}

/** A producer's instruments and spans. It reads metrics; to count them is up to `options.metrics`. */
export interface OpenTelemetryObserver extends ProducerObserver {
  /** Ends the spans that are open, and takes the instruments away from collection. */
  stop(): void;
}

const SCOPE = "@sluice/client";

/**
 * Connects a producer to OpenTelemetry. Set up the SDK's providers before: a meter that was asked for earlier stays
 * without effect.
 * @returns `undefined` when the API package is not installed
 */
export async function openTelemetry(
  options: OpenTelemetryOptions,
): Promise<OpenTelemetryObserver | undefined> {
  const api = options.api ?? (await loadOpenTelemetry());
  return api === undefined ? undefined : makeObserver(api, options);
}

function makeObserver(api: OpenTelemetryApi, options: OpenTelemetryOptions): OpenTelemetryObserver {
  const { metrics, endpoint, table, secrets = [] } = options;
  const stopInstruments = observeInstruments(api, metrics);
  const spans = new StreamSpans({
    tracer: api.trace.getTracer(SCOPE, CLIENT_VERSION),
    endpoint,
    table,
    redact: makeRedactor(secrets),
  });
  const snapshot = metrics.snapshot();
  const attributes = labelsOf(snapshot);
  const latency = api.metrics
    .getMeter(SCOPE, CLIENT_VERSION)
    .createHistogram(openTelemetryName(ACK_LATENCY), {
      description: ACK_LATENCY.help,
      unit: ACK_LATENCY.unit,
      advice: { explicitBucketBoundaries: [...snapshot.ackLatency.boundsSeconds] },
    });
  return {
    submitted() {},
    acknowledged(_recordCount, _byteCount, latencyMs) {
      latency.record(Math.max(0, latencyMs) / 1_000, attributes);
    },
    resent() {},
    invalid() {},
    deadLettered() {},
    reconnected() {},
    tokenRefreshed() {},
    flushed: (durationMs, error) => spans.flushed(durationMs, error),
    closed: (durationMs, recordCount) => spans.closed(durationMs, recordCount),
    event: (event) => spans.event(event),
    stop() {
      stopInstruments();
      spans.stop();
    },
  };
}

/** Makes the instruments of the catalog, all read from one snapshot per collection. Returns what ends that. */
function observeInstruments(api: OpenTelemetryApi, metrics: ProducerMetrics): () => void {
  const meter = api.metrics.getMeter(SCOPE, CLIENT_VERSION);
  const entries = METRIC_CATALOG.map((metric) => {
    const settings = { description: metric.help, unit: metric.unit };
    const name = openTelemetryName(metric);
    const instrument =
      metric.type === "counter"
        ? meter.createObservableCounter(name, settings)
        : meter.createObservableGauge(name, settings);
    return { metric, instrument };
  });
  const instruments = entries.map(({ instrument }) => instrument);
  const collect = (result: OpenTelemetryResult): void => {
    const snapshot = metrics.snapshot();
    const common = labelsOf(snapshot);
    for (const { metric, instrument } of entries) {
      for (const { label, value } of metric.read(snapshot)) {
        const own =
          metric.label === undefined || label === undefined ? {} : { [metric.label]: label };
        result.observe(instrument, value, { ...common, ...own });
      }
    }
  };
  meter.addBatchObservableCallback(collect, instruments);
  return () => meter.removeBatchObservableCallback(collect, instruments);
}

function labelsOf(source: {
  readonly table: string;
  readonly labels: Readonly<Record<string, string>>;
}): OpenTelemetryAttributes {
  return { table: source.table, ...source.labels };
}
