// SPDX-License-Identifier: Apache-2.0
import type { ActiveFile } from "../log/file-set.ts";

/** Which files a compaction takes. */
export interface CompactionLimits {
  /** Bytes that a new file should have. */
  readonly targetFileBytes: number;
  /** Files of at least so many bytes stay as they are, unless too many of their rows are deleted. */
  readonly minFileBytes: number;
  /** A file of which a deletion vector hides a larger part than this, 0 to 1, is written again. */
  readonly maxDeletedShare: number;
  /** Most files that become one, so that one broken file does not cost much. */
  readonly maxFilesPerBin: number;
  /**
   * A file that would have a larger part of a bin's bytes than this, 0 to 1, is left out of it. Below 1 it bounds how
   * often repeated compactions write the same rows again: a file is joined only with about as much as it has itself.
   */
  readonly maxFileShare: number;
}

/** Files of one partition that become one file. */
export interface CompactionBin {
  readonly files: readonly ActiveFile[];
  /** Bytes of the files, less the share of their deleted rows. */
  readonly liveBytes: number;
}

interface OpenBin {
  files: ActiveFile[];
  liveBytes: number;
}

/**
 * Packs files into bins, in the order in which they are given: files that came into a table one after the other stay
 * together, which keeps the bounds of their statistics narrow. Of a bin with one file nothing is gained unless it has
 * deleted rows.
 */
export function planCompaction(
  files: Iterable<ActiveFile>,
  limits: CompactionLimits,
): CompactionBin[] {
  const openByPartition = new Map<string, OpenBin>();
  const bins: CompactionBin[] = [];
  const close = (open: OpenBin): void => {
    const bin = withoutLargest(open, limits);
    if (bin.files.length > 1 || bin.files.some(hasDeletedRows)) bins.push(bin);
  };
  for (const file of files) {
    if (!isCandidate(file, limits)) continue;
    const liveBytes = liveBytesOf(file);
    const key = partitionKeyOf(file);
    const open = openByPartition.get(key);
    if (open !== undefined) {
      const isFull =
        open.liveBytes + liveBytes > limits.targetFileBytes ||
        open.files.length >= limits.maxFilesPerBin;
      if (!isFull) {
        open.files.push(file);
        open.liveBytes += liveBytes;
        continue;
      }
      close(open);
    }
    openByPartition.set(key, { files: [file], liveBytes });
  }
  for (const bin of openByPartition.values()) close(bin);
  return bins;
}

function withoutLargest(bin: OpenBin, limits: CompactionLimits): CompactionBin {
  const dropped = new Set<ActiveFile>();
  let { liveBytes } = bin;
  if (limits.maxFileShare < 1) {
    const bySize = bin.files.toSorted((left, right) => liveBytesOf(right) - liveBytesOf(left));
    for (const file of bySize) {
      const fileBytes = liveBytesOf(file);
      if (fileBytes <= liveBytes * limits.maxFileShare) break;
      if (deletedShareOf(file) > limits.maxDeletedShare) continue;
      dropped.add(file);
      liveBytes -= fileBytes;
    }
  }
  return { files: bin.files.filter((file) => !dropped.has(file)), liveBytes };
}

function isCandidate(
  file: ActiveFile,
  { minFileBytes, maxDeletedShare }: CompactionLimits,
): boolean {
  return file.sizeBytes < minFileBytes || deletedShareOf(file) > maxDeletedShare;
}

function hasDeletedRows({ deletionVector }: ActiveFile): boolean {
  return deletionVector !== undefined && deletionVector.cardinality > 0;
}

function deletedShareOf({ deletionVector, rowCount }: ActiveFile): number {
  if (deletionVector === undefined || rowCount === undefined || rowCount === 0) return 0;
  return deletionVector.cardinality / rowCount;
}

function liveBytesOf(file: ActiveFile): number {
  return Math.round(file.sizeBytes * (1 - deletedShareOf(file)));
}

function partitionKeyOf({ partitionValues }: ActiveFile): string {
  const entries = Object.entries(partitionValues);
  // The empty text and null are one partition value.
  const normal = entries.map(([name, value]) => [name, value === "" ? null : value] as const);
  return JSON.stringify(normal.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
