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
export type { HeadersProvider, HeadersProvider as JsHeadersProvider } from "./io/credentials.ts";
export type { TlsOptions } from "./io/dial.ts";
export type { StreamStatistics } from "./io/stream-engine-options.ts";
export { type DescriptorSource, loadDescriptorProto } from "./load-descriptor-proto.ts";
export {
  compareSchemas,
  type SchemaDifference,
  type SchemaDifferenceKind,
} from "./schema/compare-schemas.ts";
export type { ProtobufEsMessage } from "./schema/descriptor/protobuf-es.ts";
export type { ProtobufJsType } from "./schema/descriptor/protobufjs.ts";
export type { EncoderOptions, RecordEncoder } from "./schema/encode/record-encoder.ts";
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
