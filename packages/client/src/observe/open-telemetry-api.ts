// SPDX-License-Identifier: Apache-2.0

/**
 * The part of `@opentelemetry/api` that is used, so that nobody needs its types to use ours. The package itself fits.
 */
export interface OpenTelemetryApi {
  readonly metrics: { getMeter(name: string, version?: string): OpenTelemetryMeter };
  readonly trace: { getTracer(name: string, version?: string): OpenTelemetryTracer };
}

export type OpenTelemetryAttributes = Record<string, string | number>;

export interface OpenTelemetryMeter {
  createHistogram(
    name: string,
    options: {
      description: string;
      unit: string;
      advice: { explicitBucketBoundaries: number[] };
    },
  ): { record(value: number, attributes: OpenTelemetryAttributes): void };
  createObservableCounter(name: string, options: InstrumentOptions): OpenTelemetryInstrument;
  createObservableGauge(name: string, options: InstrumentOptions): OpenTelemetryInstrument;
  addBatchObservableCallback(
    callback: (result: OpenTelemetryResult) => void,
    instruments: OpenTelemetryInstrument[],
  ): void;
  removeBatchObservableCallback(
    callback: (result: OpenTelemetryResult) => void,
    instruments: OpenTelemetryInstrument[],
  ): void;
}

export interface InstrumentOptions {
  description: string;
  unit: string;
}

/** An instrument that is read by a callback; only handed around. */
export type OpenTelemetryInstrument = object;

export interface OpenTelemetryResult {
  observe(
    instrument: OpenTelemetryInstrument,
    value: number,
    attributes: OpenTelemetryAttributes,
  ): void;
}

export interface OpenTelemetryTracer {
  startSpan(
    name: string,
    options: {
      kind: number;
      root?: boolean;
      startTime?: number;
      attributes: OpenTelemetryAttributes;
    },
  ): OpenTelemetrySpan;
}

export interface OpenTelemetrySpan {
  setAttributes(attributes: OpenTelemetryAttributes): unknown;
  addEvent(name: string, attributes: OpenTelemetryAttributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

/** `SpanKind.CLIENT` and `SpanStatusCode.ERROR` of that package, whose values its versions 1.x keep. */
export const SPAN_KIND_CLIENT = 2;
export const SPAN_STATUS_ERROR = 2;
