// SPDX-License-Identifier: Apache-2.0
import { LogError } from "./errors.ts";
import { ALIGNMENT_BYTES } from "./core/layout.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** User-facing settings of a log. All are optional. */
export interface LogOptions {
  /**
   * Length of a segment file in bytes: a multiple of 4096 from 64 KiB to 1 GiB.
   *
   * Bounds the largest entry ({@link Log.maxEntryBytes}) and is the unit in which space is given
   * back. May change between restarts.
   *
   * @defaultValue 64 MiB: large enough that rolling is rare, small enough that trimming is prompt.
   */
  readonly segmentBytes?: number;
  /**
   * Bytes appended and not yet durable above which the owner should pause its sources, from
   * 4 KiB. Advisory: it triggers `onDrain`, it refuses nothing.
   *
   * @defaultValue 8 MiB: group commits of a few MiB already saturate a local disk.
   */
  readonly maxStagedBytes?: number;
  /**
   * Bytes appended and not yet durable above which `append` throws `resource_exhausted`. At least
   * `maxStagedBytes`. Guards the memory of a process whose owner does not pause in time.
   *
   * @defaultValue 256 MiB, or `maxStagedBytes` where that is more.
   */
  readonly stagedLimitBytes?: number;
  /**
   * The log continues at this position or a later one. The owner passes the highest position it
   * has seen committed elsewhere, so that a position is never used twice, even where the log's
   * directory was lost.
   *
   * @defaultValue 0: the log continues where its data ends.
   */
  readonly minPosition?: number;
  /**
   * Trimmed segment files kept for reuse, 0 to 1024. Reuse saves writing a segment of zeros
   * before the segment can be filled; the price is disk space.
   *
   * @defaultValue 16, which is 1 GiB at the default `segmentBytes`.
   */
  readonly maxSpareSegmentCount?: number;
}

/** {@link LogOptions} with every default applied. */
export interface LogSettings {
  readonly segmentBytes: number;
  readonly maxStagedBytes: number;
  readonly stagedLimitBytes: number;
  readonly minPosition: number;
  readonly maxSpareSegmentCount: number;
}

/**
 * Applies defaults and checks ranges.
 *
 * @throws LogError `invalid_argument` naming the option, its value and its range.
 */
export function resolveLogOptions(options: LogOptions): LogSettings {
  const segmentBytes = options.segmentBytes ?? 64 * MIB;
  checkRange("segmentBytes", segmentBytes, 64 * KIB, 1024 * MIB);
  if (segmentBytes % ALIGNMENT_BYTES !== 0) {
    throw new LogError(
      "invalid_argument",
      `log: segmentBytes is ${segmentBytes}; it must be a multiple of ${ALIGNMENT_BYTES}`,
    );
  }
  const maxStagedBytes = options.maxStagedBytes ?? 8 * MIB;
  checkRange("maxStagedBytes", maxStagedBytes, 4 * KIB, 1024 * MIB);
  const stagedLimitBytes = options.stagedLimitBytes ?? Math.max(256 * MIB, maxStagedBytes);
  checkRange("stagedLimitBytes", stagedLimitBytes, maxStagedBytes, 4096 * MIB);
  const minPosition = options.minPosition ?? 0;
  checkRange("minPosition", minPosition, 0, Number.MAX_SAFE_INTEGER - 4096 * MIB);
  const maxSpareSegmentCount = options.maxSpareSegmentCount ?? 16;
  checkRange("maxSpareSegmentCount", maxSpareSegmentCount, 0, 1024);
  return Object.freeze({
    segmentBytes,
    maxStagedBytes,
    stagedLimitBytes,
    minPosition,
    maxSpareSegmentCount,
  });
}

function checkRange(name: string, value: number, minimum: number, maximum: number): void {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return;
  throw new LogError(
    "invalid_argument",
    `log: ${name} is ${value}; it must be an integer from ${minimum} to ${maximum}`,
  );
}
