// SPDX-License-Identifier: Apache-2.0
export type { ErrorCode } from "@sluice/protocol";
export {
  RecordType,
  type StreamConfigurationOptions,
  type StreamListeners,
  type StreamStateChange,
  type StreamStateName,
} from "./core/settings.ts";
export {
  ZerobusError,
  type ZerobusErrorDetails,
  type ZerobusErrorOptions,
} from "./core/zerobus-error.ts";
export type { HeadersProvider, HeadersProvider as JsHeadersProvider } from "./io/credentials.ts";
export type { TlsOptions } from "./io/dial.ts";
export type { StreamStatistics } from "./io/stream-engine-options.ts";
export { type DescriptorSource, loadDescriptorProto } from "./load-descriptor-proto.ts";
export {
  composeObserver,
  type ObservationOptions,
  secretsOf,
} from "./observe/compose-observer.ts";
export { type DiagnosticsMessages, diagnosticsObserver } from "./observe/diagnostics.ts";
export type { HistogramSnapshot } from "./observe/latency-histogram.ts";
export { type LogEventsOptions, logEvents } from "./observe/log-events.ts";
export type { LogFields, Logger } from "./observe/logger.ts";
export type { GaugesSnapshot, MetricsSnapshot } from "./observe/metrics-snapshot.ts";
export { type CombinedObserver, observers } from "./observe/observers.ts";
export {
  type OpenTelemetryObserver,
  type OpenTelemetryOptions,
  openTelemetry,
} from "./observe/open-telemetry.ts";
export type { OpenTelemetryApi } from "./observe/open-telemetry-api.ts";
export {
  type GaugeSource,
  ProducerMetrics,
  type ProducerMetricsOptions,
} from "./observe/producer-metrics.ts";
export { prometheusText } from "./observe/prometheus-text.ts";
export { checkHealth, type HealthCheck, type HealthPhase } from "./producer/check-health.ts";
export type { DeadLetter, DeadLetterSink } from "./producer/dead-letter-sink.ts";
export { categoryOf, type ErrorCategory } from "./producer/error-category.ts";
export type { LaneStateName } from "./producer/lane-state.ts";
export {
  type DeadlineOptions,
  Producer,
  type UnacknowledgedRecord,
} from "./producer/producer.ts";
export type {
  EventOrigin,
  FaultEvent,
  HealthEvent,
  LaneCountEvent,
  LaneOrigin,
  LaneStateEvent,
  ProducerEvent,
  RecordInvalidEvent,
  ThrottledEvent,
} from "./producer/producer-event.ts";
export type { LaneHealth, ProducerHealth } from "./producer/producer-health.ts";
export type { ProducerObserver } from "./producer/producer-observer.ts";
export type {
  InvalidRecord,
  LaneCounts,
  ProducerAuth,
  ProducerOptions,
  RetryOptions,
} from "./producer/producer-options.ts";
export type {
  RateLimiter,
  RateLimiterFactory,
  ThrottleDetector,
  ThrottleReport,
  ThroughputSample,
} from "./producer/rate-limiter.ts";
export type { RecordEncoder } from "./producer/record-encoder.ts";
export type { PartitionKey } from "./producer/slot-hash.ts";
export type { Spool, SpoolDepth, SpooledRecord } from "./producer/spool.ts";
export type { Ticket } from "./producer/ticket.ts";
export { type TableProperties, ZerobusSdk, type ZerobusSdkOptions } from "./zerobus-sdk.ts";
export { ZerobusStream } from "./zerobus-stream.ts";
