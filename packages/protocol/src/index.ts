// SPDX-License-Identifier: Apache-2.0
export { BatchReader, type BatchEvent } from "./codec/batch-reader.ts";
export {
  type CreateStreamRequest,
  encodeCreateStreamFrame,
  readCreateStream,
} from "./codec/create-stream.ts";
export { FRAME_HEADER_BYTES, type FrameEvent, FrameScanner } from "./codec/frame-scanner.ts";
export { IngestReader, type RequestKind } from "./codec/ingest-reader.ts";
export {
  batchRecordBytes,
  MAX_INGEST_HEADER_BYTES,
  type WritableFormat,
  writeBatchHeader,
  writeBatchRecordHeader,
  writeRecordHeader,
} from "./codec/ingest-writer.ts";
export { RecordFrameReader } from "./codec/record-frame.ts";
export { RECORD_TYPE, type RecordFormat } from "./codec/record-type.ts";
export {
  encodeAckFrame,
  encodeCloseStreamSignalFrame,
  encodeCreateStreamResponseFrame,
  readStreamResponse,
  type StreamResponse,
} from "./codec/stream-response.ts";
export {
  CODE_BY_GRPC_STATUS,
  ERROR_CODES,
  type ErrorCode,
  errorCodeOfGrpcStatus,
} from "./errors/error-code.ts";
export {
  decodeGrpcMessage,
  encodeGrpcMessage,
  GRPC_STATUS,
  type GrpcStatusCode,
  type GrpcStatusName,
  grpcStatusName,
  grpcStatusOfHttp,
} from "./grpc/status.ts";
export {
  EPHEMERAL_STREAM_PATH,
  MAX_COLUMNS,
  MAX_INGEST_PAYLOAD_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_RECORD_BYTES,
  PERSISTENT_STREAM_PATH,
  RETIRE_STREAM_PATH,
  TABLE_NAME_HEADER,
} from "./limits.ts";
