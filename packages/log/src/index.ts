// SPDX-License-Identifier: Apache-2.0
export { openLog } from "./open-log.ts";
export type { LogComponents } from "./open-log.ts";
export type { Log } from "./log.ts";
export type { LogState } from "./core/log-state.ts";
export type { LogOptions } from "./options.ts";
export { LogError } from "./errors.ts";
export type { LogErrorCode, LogErrorDetails } from "./errors.ts";
export { ENTRY_OVERHEAD_BYTES } from "./durable-log.ts";
export type { LogEntry, LogReader } from "./io/durable-reader.ts";
export type { EntryVisitor } from "./io/replay.ts";
export { createNodeStorage } from "./io/node-storage.ts";
export type { LogFile, LogLock, LogStorage } from "./io/storage.ts";
export { createAdaptiveSyncPolicy, createAsynchronousSyncPolicy } from "./core/sync-policy.ts";
export type { SyncPolicy } from "./core/sync-policy.ts";
