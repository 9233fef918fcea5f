// SPDX-License-Identifier: Apache-2.0
import { MAX_RECORD_BYTES } from "@sluice/protocol";
import { integerInRange } from "../core/settings.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import { ENTRY_HEADER_BYTES } from "./spool-entry.ts";

/** What a full spool does with the next record. */
export type WhenSpoolFull = "block" | "refuse" | "dropOldest";

export interface SpoolOptions {
  /** Where the spool is; made when missing. On a local file system, used by one producer at a time. */
  readonly directory: string;
  /**
   * Bytes of disk the spool may take, spare files included. At least six segments of 64 KiB or of
   * `maxRecordBytes` and 8 KiB, which is 63 MiB by default. Space comes back in sixteenths of this.
   */
  readonly maxBytes: number;
  /**
   * `block`: appends wait until records were trimmed; `refuse`: they fail with `resource_exhausted`; `dropOldest`: the
   * oldest sixteenth of the spool is dropped and reported to `onDropped`.
   * @default "block", which loses nothing and tells nobody to try again
   */
  readonly whenFull?: WhenSpoolFull;
  /** Told of each drop of a full spool. */
  readonly onDropped?: (drop: SpoolDrop) => void;
  /**
   * What the records are for, such as the table's name. A spool made with another label is refused.
   * @default "" which is not compared
   */
  readonly label?: string;
  /** The longest record, 1 to 10,485,760 bytes. @default 10_485_760, the limit of the service */
  readonly maxRecordBytes?: number;
  /** Appends that may wait while the spool is full or the disk is behind, 0 to 1,000,000. @default 10_000 */
  readonly maxWaitingAppends?: number;
  /** Bytes of records kept in memory for readers that follow closely. @default 8_388_608 */
  readonly maxTailBytes?: number;
  /**
   * Milliseconds between notes on disk of what is settled. After a crash, what was settled since the last note is
   * delivered again. 1 to 60,000. @default 100
   */
  readonly settledNoteIntervalMs?: number;
}

/** Records that a full spool gave up. */
export interface SpoolDrop {
  readonly firstSequence: number;
  readonly recordCount: number;
  readonly recordBytes: number;
}

export interface SpoolSettings {
  readonly directory: string;
  readonly whenFull: WhenSpoolFull;
  readonly label: string;
  readonly maxRecordBytes: number;
  readonly maxWaitingAppends: number;
  readonly maxTailBytes: number;
  readonly settledNoteIntervalMs: number;
  readonly segmentBytes: number;
  /** Segments that records may be in. */
  readonly maxSegmentCount: number;
}

const KIB = 1024;
const MAX_SEGMENT_BYTES = 64 * KIB * KIB;
const SEGMENTS_PER_SPOOL = 16;
const MIN_SEGMENTS = 6;
/** One is made ahead, one is kept to be used again, one is being recycled. */
const IDLE_SEGMENTS = 3;
/** The log's own header and frame, rounded up. */
const SEGMENT_OVERHEAD_BYTES = 8 * KIB;

const KNOWN_KEYS: ReadonlySet<string> = new Set([
  "directory",
  "maxBytes",
  "whenFull",
  "onDropped",
  "label",
  "maxRecordBytes",
  "maxWaitingAppends",
  "maxTailBytes",
  "settledNoteIntervalMs",
]);

/** Checks options and fills in defaults. @throws ZerobusError `invalid_argument` */
export function resolveSpoolOptions(options: SpoolOptions): SpoolSettings {
  for (const key of Object.keys(options)) {
    if (KNOWN_KEYS.has(key)) continue;
    throw invalid(`Unknown spool option \`${key}\`; known are ${[...KNOWN_KEYS].join(", ")}`);
  }
  const { directory, whenFull = "block", onDropped, label = "" } = options;
  if (typeof directory !== "string" || directory === "") {
    throw invalid("Spool option `directory` must name a directory");
  }
  if (!["block", "refuse", "dropOldest"].includes(whenFull)) {
    throw invalid(
      `Spool option \`whenFull\` is ${whenFull}; it must be "block", "refuse" or "dropOldest"`,
    );
  }
  if (onDropped !== undefined && typeof onDropped !== "function") {
    throw invalid("Spool option `onDropped` must be a function");
  }
  if (typeof label !== "string") throw invalid("Spool option `label` must be a string");
  const maxRecordBytes = number(options, "maxRecordBytes", MAX_RECORD_BYTES, 1, MAX_RECORD_BYTES);
  const leastSegmentBytes = alignUp(
    Math.max(64 * KIB, maxRecordBytes + ENTRY_HEADER_BYTES + SEGMENT_OVERHEAD_BYTES),
  );
  const maxBytes = number(
    options,
    "maxBytes",
    undefined,
    leastSegmentBytes * MIN_SEGMENTS,
    Number.MAX_SAFE_INTEGER,
  );
  const share = alignUp(Math.floor(maxBytes / SEGMENTS_PER_SPOOL) - 4095);
  const segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.max(leastSegmentBytes, share));
  return Object.freeze({
    directory,
    whenFull,
    label,
    maxRecordBytes,
    maxWaitingAppends: number(options, "maxWaitingAppends", 10_000, 0, 1_000_000),
    maxTailBytes: number(options, "maxTailBytes", 8 * KIB * KIB, 0, 1024 * KIB * KIB),
    settledNoteIntervalMs: number(options, "settledNoteIntervalMs", 100, 1, 60_000),
    segmentBytes,
    maxSegmentCount: Math.floor(maxBytes / segmentBytes) - IDLE_SEGMENTS,
  });
}

function number(
  options: SpoolOptions,
  key: keyof SpoolOptions,
  standard: number | undefined,
  min: number,
  max: number,
): number {
  return integerInRange(`Spool option \`${key}\``, options[key] ?? standard, min, max);
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096;
}

function invalid(message: string): ZerobusError {
  return new ZerobusError("invalid_argument", message);
}
