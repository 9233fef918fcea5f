// SPDX-License-Identifier: Apache-2.0
export type { ErrorCode } from "@sluice/protocol";
export type { Clock, Timer } from "./core/clock.ts";
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
export type { RateLimiter, RateLimiterFactory } from "./core/rate-limiter.ts";
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
export type { DeadlineOptions } from "./producer/deadline.ts";
export { Producer, type UnacknowledgedRecord } from "./producer/producer.ts";
export type {
  EventOrigin,
  FaultEvent,
  HealthEvent,
  LaneCountEvent,
  LaneOrigin,
  LaneStateEvent,
  ProducerEvent,
  RecordInvalidEvent,
  SchemaCheckFailedEvent,
  SchemaDriftEvent,
  SpoolDroppedEvent,
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
export type { SendRate } from "./producer/limits/lane-pace.ts";
export type {
  ThrottleDetector,
  ThrottleReport,
  ThroughputSample,
} from "./producer/limits/throttle-report.ts";
export type { PartitionKey } from "./producer/slot-hash.ts";
export type { Spool, SpoolDepth, SpooledRecord } from "./producer/spool.ts";
export type { Ticket } from "./producer/ticket.ts";
export {
  compareSchemas,
  type SchemaDifference,
  type SchemaDifferenceKind,
} from "./schema/compare-schemas.ts";
export type { ProtobufEsMessage } from "./schema/descriptor/protobuf-es.ts";
export type { ProtobufJsType } from "./schema/descriptor/protobufjs.ts";
export type { EncoderOptions, SchemaEncoder } from "./schema/encode/record-encoder.ts";
export {
  fetchTableSchema,
  type FetchTableSchemaOptions,
  type HttpGet,
} from "./schema/fetch-table-schema.ts";
export { protoFileOf } from "./schema/generate/proto-file.ts";
export { typeScriptOf } from "./schema/generate/typescript-file.ts";
export {
  compileJsonEncoder,
  compileProtoEncoder,
  type DescriptorProtoSource,
  descriptorOfSchema,
  type DescriptorSetSource,
  type RecordSource,
} from "./schema/record-source.ts";
export { type SchemaDrift, SchemaWatch, type SchemaWatchOptions } from "./schema/schema-watch.ts";
export type { Column, ColumnType, SimpleTypeName, TableSchema } from "./schema/table-schema.ts";
export { type TableProperties, ZerobusSdk, type ZerobusSdkOptions } from "./zerobus-sdk.ts";
export { ZerobusStream } from "./zerobus-stream.ts";
export { openSpool, type SpoolComponents } from "./spool/open-spool.ts";
export type { OpenedSpool } from "./spool/opened-spool.ts";
export type { SpoolDrop, SpoolOptions, WhenSpoolFull } from "./spool/spool-options.ts";
export {
  type DeadLetterFilesComponents,
  type DeadLetterFilesOptions,
  openDeadLetterFiles,
} from "./dead-letters/dead-letter-files.ts";
export {
  type DamagedLine,
  type DeadLetterFileSummary,
  type DeadLetterFilter,
  type DeadLetterGroup,
  type DeadLetterListing,
  listDeadLetters,
  markDeadLettersReplayed,
  readDeadLetters,
  type StoredDeadLetter,
} from "./dead-letters/read-dead-letters.ts";
export { type EncodedRecordBytes, recordIdOf } from "./producer/identity/record-id-of.ts";
export {
  type RecordIdComponents,
  type RecordIdOptions,
  type RecordIdStamper,
  recordIdStamper,
} from "./producer/identity/record-id-stamper.ts";
export type { FillRandom } from "./producer/identity/uuid-v7.ts";
export {
  createThrottleDetector,
  type ThrottleDetectorOptions,
} from "./producer/limits/throttle-detector.ts";
export {
  tokenBucketLimiter,
  type TokenBucketOptions,
  ZEROBUS_LIMITS,
} from "./producer/limits/token-bucket.ts";
