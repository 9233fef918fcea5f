// SPDX-License-Identifier: Apache-2.0
import type { StreamPolicy } from "./stream-state.ts";
import { ZerobusError } from "./zerobus-error.ts";

/** How the records of a stream are encoded. The values are those of the official package. */
export const RecordType = { Json: 0, Proto: 1 } as const;

/** Where a stream stands, as {@link StreamListeners.onStateChange} reports it. */
export type StreamStateName =
  | "idle"
  | "authenticating"
  | "opening"
  | "streaming"
  | "paused"
  | "rotating"
  | "backingOff"
  | "closing"
  | "closed"
  | "failed";

export interface StreamStateChange {
  readonly from: StreamStateName;
  readonly to: StreamStateName;
  readonly tableName: string;
  readonly endpoint: string;
  /** The server's name for the stream; `undefined` until the first one is open. */
  readonly streamId: string | undefined;
  /** Attempts made in the current recovery; 0 while a stream is open. */
  readonly attempt: number;
  /** What brought the change about, if it was a failure. */
  readonly error: ZerobusError | undefined;
}

/** What a stream calls back. A callback that throws is counted in the statistics and otherwise without effect. */
export interface StreamListeners {
  /** Called once per offset, in order, after the server acknowledged it. */
  readonly onAck?: (offset: bigint) => void;
  /** Called once per unacknowledged offset when the stream fails. */
  readonly onError?: (offset: bigint, error: ZerobusError) => void;
  readonly onStateChange?: (change: StreamStateChange) => void;
}

/**
 * Options of a stream: names, meanings and defaults of the official package, and the last five beside them. Unknown
 * keys are refused.
 */
export interface StreamConfigurationOptions extends StreamListeners {
  /** Unacknowledged ingest calls (a batch is one) before further ones wait. 1 and up. @default 1_000_000 */
  readonly maxInflightRequests?: number;
  /** Whether a lost stream is opened again and its unacknowledged records are resent. @default true */
  readonly recovery?: boolean;
  /** Milliseconds for one attempt to open a stream, token included. @default 15_000 */
  readonly recoveryTimeoutMs?: number;
  /**
   * Milliseconds between the attempts of one recovery, plus up to a quarter at random; doubled for each stream that
   * opened and was lost without progress. @default 2_000
   */
  readonly recoveryBackoffMs?: number;
  /** Attempts after the first, per recovery. @default 4 */
  readonly recoveryRetries?: number;
  /** Milliseconds that `flush`, `waitForOffset` and the flush in `close` wait at most. @default 300_000 */
  readonly flushTimeoutMs?: number;
  /**
   * Milliseconds without a word from the server, counted from the sending of the oldest unacknowledged record or the
   * last message, whichever came later, before the connection is given up. @default 60_000
   */
  readonly serverLackOfAckTimeoutMs?: number;
  /** A {@link RecordType} value. @default RecordType.Proto */
  readonly recordType?: number;
  /**
   * Longest pause in milliseconds after the server announced the end of the stream; 0 reconnects at once.
   * @default as long as the server allows
   */
  readonly streamPausedMaxWaitTimeMs?: number;
  /**
   * Unacknowledged bytes, each call counted with its frame, before further calls wait. One call may exceed it. An open
   * stream begins with 4 MiB of it and takes more as far as that makes it faster; without a connection all of it is used.
   * @default 67_108_864, which bounds memory and is seconds of traffic at the service's 100 MB/s per stream
   */
  readonly maxInflightBytes?: number;
  /** Gives the opening of the stream up. Has no effect on an open stream. */
  readonly signal?: AbortSignal;
}

/** Resolved options that are plain data. */
export interface StreamSettings {
  readonly maxInflightRequests: number;
  readonly maxInflightBytes: number;
  readonly recovery: boolean;
  readonly recoveryTimeoutMs: number;
  readonly recoveryBackoffMs: number;
  readonly recoveryRetries: number;
  readonly flushTimeoutMs: number;
  readonly serverLackOfAckTimeoutMs: number;
  readonly format: "proto" | "json";
  readonly streamPausedMaxWaitTimeMs: number | undefined;
  /** Whether the next call is opened while the one that was announced to end is still read. */
  readonly opensNextEarly: boolean;
  /** Whether the first attempt after a stream that ended for want of capacity waits too. */
  readonly waitsWhenThrottled: boolean;
}

const MAX_MS = 2_147_483_647;
const MAX_REQUESTS = 16_777_216;

/** A stream that ends younger than this without progress counts as lost young. */
const YOUNG_STREAM_MS = 10_000;
/** The official client reads on so long after it half-closed. */
const DRAIN_MS = 500;

const NUMBERS = {
  maxInflightRequests: { standard: 1_000_000, min: 1, max: MAX_REQUESTS },
  maxInflightBytes: { standard: 67_108_864, min: 1, max: Number.MAX_SAFE_INTEGER },
  recoveryTimeoutMs: { standard: 15_000, min: 1, max: MAX_MS },
  recoveryBackoffMs: { standard: 2_000, min: 0, max: MAX_MS },
  recoveryRetries: { standard: 4, min: 0, max: MAX_MS },
  flushTimeoutMs: { standard: 300_000, min: 1, max: MAX_MS },
  serverLackOfAckTimeoutMs: { standard: 60_000, min: 1, max: MAX_MS },
} as const;

const KNOWN_KEYS: ReadonlySet<string> = new Set([
  ...Object.keys(NUMBERS),
  "recovery",
  "recordType",
  "streamPausedMaxWaitTimeMs",
  "onAck",
  "onError",
  "onStateChange",
  "signal",
]);

/** Checks options and fills in defaults. The one place for both. */
export function resolveStreamOptions(options: StreamConfigurationOptions = {}): StreamSettings {
  for (const key of Object.keys(options)) {
    if (!KNOWN_KEYS.has(key)) {
      throw invalid(`Unknown stream option \`${key}\`; known are ${[...KNOWN_KEYS].join(", ")}`);
    }
  }
  for (const key of ["onAck", "onError", "onStateChange"] as const) {
    if (options[key] !== undefined && typeof options[key] !== "function") {
      throw invalid(`Stream option \`${key}\` must be a function`);
    }
  }
  const recovery = options.recovery ?? true;
  if (typeof recovery !== "boolean") throw invalid("Stream option `recovery` must be a boolean");
  return Object.freeze({
    maxInflightRequests: numberOption(options, "maxInflightRequests"),
    maxInflightBytes: numberOption(options, "maxInflightBytes"),
    recovery,
    recoveryTimeoutMs: numberOption(options, "recoveryTimeoutMs"),
    recoveryBackoffMs: numberOption(options, "recoveryBackoffMs"),
    recoveryRetries: numberOption(options, "recoveryRetries"),
    flushTimeoutMs: numberOption(options, "flushTimeoutMs"),
    serverLackOfAckTimeoutMs: numberOption(options, "serverLackOfAckTimeoutMs"),
    format: formatOption(options.recordType),
    streamPausedMaxWaitTimeMs: pauseOption(options.streamPausedMaxWaitTimeMs),
    opensNextEarly: false,
    waitsWhenThrottled: false,
  });
}

/** The part of the settings that steers the state machine. */
export function streamPolicy(settings: StreamSettings): StreamPolicy {
  return {
    recovery: settings.recovery,
    maxAttempts: 1 + settings.recoveryRetries,
    attemptTimeoutMs: settings.recoveryTimeoutMs,
    maxPauseMs: settings.streamPausedMaxWaitTimeMs,
    opensNextEarly: settings.opensNextEarly,
    waitsWhenThrottled: settings.waitsWhenThrottled,
    youngStreamMs: YOUNG_STREAM_MS,
    drainMs: DRAIN_MS,
  };
}

function numberOption(options: StreamConfigurationOptions, key: keyof typeof NUMBERS): number {
  const { standard, min, max } = NUMBERS[key];
  return integerInRange(`Stream option \`${key}\``, options[key] ?? standard, min, max);
}

function pauseOption(value: number | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  return integerInRange("Stream option `streamPausedMaxWaitTimeMs`", value, 0, MAX_MS);
}

function formatOption(value: number | undefined): "proto" | "json" {
  const recordType = value ?? RecordType.Proto;
  if (recordType === RecordType.Proto) return "proto";
  if (recordType === RecordType.Json) return "json";
  throw invalid(
    `Stream option \`recordType\` is ${String(value)}; it must be RecordType.Json (0) or RecordType.Proto (1)`,
  );
}

/** Checks a whole number against its range. */
export function integerInRange(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw invalid(`${name} is ${String(value)}; it must be a whole number from ${min} to ${max}`);
  }
  return value;
}

function invalid(message: string): ZerobusError {
  return new ZerobusError("invalid_argument", message);
}
