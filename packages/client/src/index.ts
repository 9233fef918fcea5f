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
