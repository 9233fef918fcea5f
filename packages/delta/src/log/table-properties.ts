// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { MetadataAction, ProtocolAction } from "./actions.ts";

const MS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
  ["millisecond", 1],
  ["microsecond", 0.001],
]);

/** Table properties that say how a log is kept, with the protocol's defaults. */
export interface LogProperties {
  /** Commits between checkpoints. `delta.checkpointInterval`, 10. */
  readonly checkpointInterval: number;
  /** How long commits are kept. `delta.logRetentionDuration`, 30 days. */
  readonly logRetentionMs: number;
  /** How long tombstones are kept. `delta.deletedFileRetentionDuration`, 7 days. */
  readonly deletedFileRetentionMs: number;
  /** How long a `txn` is kept. `delta.setTransactionRetentionDuration`, for ever (`undefined`). */
  readonly setTransactionRetentionMs: number | undefined;
  /** `delta.enableExpiredLogCleanup`, on. */
  readonly isLogCleanupOn: boolean;
  /** `delta.checkpoint.writeStatsAsJson`, on. */
  readonly writesStatsAsJson: boolean;
  /** `delta.checkpoint.writeStatsAsStruct`, off. */
  readonly writesStatsAsStruct: boolean;
}

/** @throws DeltaError `unsupported` for a property whose value is none that it can have. */
export function logPropertiesOf({ configuration }: MetadataAction): LogProperties {
  const duration = (key: string): number | undefined => {
    const text = configuration[key];
    return text === undefined ? undefined : durationMs(key, text);
  };
  return {
    checkpointInterval: countOf(configuration, "delta.checkpointInterval", 10),
    logRetentionMs: duration("delta.logRetentionDuration") ?? 30 * 86_400_000,
    deletedFileRetentionMs: duration("delta.deletedFileRetentionDuration") ?? 7 * 86_400_000,
    setTransactionRetentionMs: duration("delta.setTransactionRetentionDuration"),
    isLogCleanupOn: isOn(configuration, "delta.enableExpiredLogCleanup", true),
    writesStatsAsJson: isOn(configuration, "delta.checkpoint.writeStatsAsJson", true),
    writesStatsAsStruct: isOn(configuration, "delta.checkpoint.writeStatsAsStruct", false),
  };
}

/** A property that is `true` or `false`, whatever the case of its letters. */
export function isOn(
  configuration: Readonly<Record<string, string>>,
  key: string,
  fallback: boolean,
): boolean {
  const text = configuration[key]?.trim().toLowerCase();
  if (text === "true") return true;
  return text === "false" ? false : fallback;
}

export const ENABLE_IN_COMMIT_TIMESTAMPS = "delta.enableInCommitTimestamps";

/** Whether commits must carry their own time ("In-Commit Timestamps"). */
export function hasInCommitTimestamps(protocol: ProtocolAction, metadata: MetadataAction): boolean {
  return (
    protocol.writerFeatures?.includes("inCommitTimestamp") === true &&
    isOn(metadata.configuration, ENABLE_IN_COMMIT_TIMESTAMPS, false)
  );
}

/** An interval as Spark writes it: `interval 30 days`, `1 week 2 hours`; months and years have no fixed length. */
export function durationMs(key: string, text: string): number {
  const words = text
    .trim()
    .toLowerCase()
    .replace(/^interval\s+/, "")
    .split(/\s+/);
  let total = 0;
  for (let index = 0; index < words.length; index += 2) {
    const count = Number(words[index]);
    const unit = MS_PER_UNIT.get((words[index + 1] ?? "").replace(/s$/, ""));
    if (words[index] === "" || !Number.isInteger(count) || count < 0 || unit === undefined) {
      throw wrong(key, text, `an interval of weeks to microseconds, such as "interval 7 days"`);
    }
    total += count * unit;
  }
  return total;
}

function countOf(
  configuration: Readonly<Record<string, string>>,
  key: string,
  fallback: number,
): number {
  const text = configuration[key];
  if (text === undefined) return fallback;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw wrong(key, text, "a whole number above 0");
  return count;
}

function wrong(key: string, text: string, expected: string): DeltaError {
  return new DeltaError(
    "unsupported",
    `the table property ${key} is ${JSON.stringify(text)}; it must be ${expected}`,
    { details: { property: key } },
  );
}
