// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { ActiveFile } from "../log/file-set.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { validateWritable } from "../log/table-features.ts";
import type { ResolvedComponents } from "../table/components.ts";
import { assignsRowIds } from "../table/row-tracking.ts";
import type { AddedFile, CommitResult, TransactionRequest } from "../table/transaction-request.ts";
import { type WritePlan, writePlanOf } from "../writer/write-plan.ts";
import { filterPartitions } from "./filter-partitions.ts";
import { inParallel } from "./in-parallel.ts";
import { type CompactionBin, type CompactionLimits, planCompaction } from "./plan-compaction.ts";
import { rewriteFiles } from "./rewrite-files.ts";

export interface OptimizeOptions {
  /**
   * Only partitions for which this is true: a condition on partition columns, in the words of docs/expressions.md.
   * @default all
   */
  readonly where?: string;
  /**
   * Bytes that a new file should have, 1 or more.
   * @default the table's `delta.targetFileSize`, 256 MiB if it has none
   */
  readonly targetFileBytes?: number;
  /**
   * Files of at least so many bytes stay as they are, unless too many of their rows are deleted.
   * @default three quarters of `targetFileBytes`
   */
  readonly minFileBytes?: number;
  /**
   * A file of which a deletion vector hides a larger part than this is written again without those rows, 0 to 1.
   * @default 0.05
   */
  readonly maxDeletedShare?: number;
  /**
   * A file that would have a larger part of a new file's bytes than this stays as it is, 0 to 1. Below 1 it bounds how
   * often repeated runs write the same rows again: with 0.5 a file is joined only with at least as much as it has itself.
   * @default 1: small files are joined with whatever there is
   */
  readonly maxFileShare?: number;
  /**
   * Reads at most so many bytes, so that a run has an end; the next one goes on.
   * @default no limit
   */
  readonly maxInputBytes?: number;
  /**
   * Files written at once. Each takes a row group of memory or two.
   * @default 1
   */
  readonly concurrency?: number;
  /**
   * Changes nothing and tells what would be done.
   * @default false
   */
  readonly dryRun?: boolean;
  /** Called at the start, when a new file has been written, and when new files have been committed or given up. */
  readonly onProgress?: (progress: OptimizeProgress) => void;
  /** Ends the run with its reason. What is committed stays so. */
  readonly signal?: AbortSignal;
}

export interface OptimizeProgress {
  /** Bytes of files that have been written again. */
  readonly writtenInputBytes: number;
  /** Of these, bytes of files whose new ones are committed, or of no use since another writer removed rows meanwhile. */
  readonly doneInputBytes: number;
  readonly totalInputBytes: number;
}

export interface OptimizeResult {
  readonly removedFileCount: number;
  readonly removedByteCount: number;
  readonly addedFileCount: number;
  readonly addedByteCount: number;
  /** New files that were thrown away, since another writer removed rows of theirs meanwhile. */
  readonly conflictCount: number;
  /** Versions that were committed. */
  readonly versions: readonly number[];
  readonly dryRun: boolean;
}

/** What a compaction uses of a table. */
export interface OptimizeAccess {
  readonly components: ResolvedComponents;
  refresh(): Promise<Snapshot>;
  commit(request: TransactionRequest): Promise<CommitResult>;
}

const DEFAULT_TARGET_BYTES = 256 * 1024 * 1024;
const DEFAULT_MAX_DELETED_SHARE = 0.05;
const MAX_FILES_PER_BIN = 10_000;
/** Input bytes after which what is done is committed, so that a long run loses little. */
const COMMIT_INPUT_BYTES = 8 * 1024 ** 3;

/**
 * Writes small files, and files with many deleted rows, together into larger ones. The rows of the table stay what they
 * are (`dataChange` is false), so readers of a change feed see nothing. It is safe beside writers: a file that another one
 * removes meanwhile keeps its new state, and the work on it is thrown away.
 * @throws DeltaError `invalid_argument` for a wrong option, `unsupported` where the table tracks rows or uses what this
 *   library does not write, `data_loss` for a damaged file.
 */
export async function optimize(
  access: OptimizeAccess,
  options: OptimizeOptions = {},
): Promise<OptimizeResult> {
  const snapshot = await access.refresh();
  checkCompactable(snapshot);
  const plan = writePlanOf(snapshot);
  const bins = binsOf(snapshot, plan, options);
  if (options.dryRun === true) return dryResultOf(bins);
  return new Compaction(access, snapshot, plan, bins, options).run();
}

function checkCompactable(snapshot: Snapshot): void {
  validateWritable(snapshot);
  if (assignsRowIds(snapshot.protocol, snapshot.metadata.configuration)) {
    throw new DeltaError(
      "unsupported",
      "the table tracks rows (delta.enableRowTracking): rows that move to another file would have to keep their ids in a column, which this library does not write; let another engine optimize it",
      { details: { feature: "rowTracking" } },
    );
  }
}

function binsOf(
  snapshot: Snapshot,
  plan: WritePlan,
  options: OptimizeOptions,
): readonly CompactionBin[] {
  const limits = limitsOf(plan, options);
  const files =
    options.where === undefined ? snapshot.files : filterPartitions(snapshot, options.where);
  const bins = planCompaction(files, limits);
  const { maxInputBytes = Infinity } = options;
  checkNumber("maxInputBytes", maxInputBytes, 1, Infinity);
  let total = 0;
  return bins.filter((bin, index) => {
    total += bin.liveBytes;
    // The first one in any case, so that a run always does something.
    return index === 0 || total <= maxInputBytes;
  });
}

function limitsOf(plan: WritePlan, options: OptimizeOptions): CompactionLimits {
  const targetFileBytes = options.targetFileBytes ?? plan.targetFileBytes ?? DEFAULT_TARGET_BYTES;
  checkNumber("targetFileBytes", targetFileBytes, 1, Number.MAX_SAFE_INTEGER);
  const minFileBytes = options.minFileBytes ?? Math.ceil(targetFileBytes * 0.75);
  checkNumber("minFileBytes", minFileBytes, 0, Number.MAX_SAFE_INTEGER);
  const maxDeletedShare = options.maxDeletedShare ?? DEFAULT_MAX_DELETED_SHARE;
  checkNumber("maxDeletedShare", maxDeletedShare, 0, 1);
  const maxFileShare = options.maxFileShare ?? 1;
  checkNumber("maxFileShare", maxFileShare, 0, 1);
  const maxFilesPerBin = MAX_FILES_PER_BIN;
  return { targetFileBytes, minFileBytes, maxDeletedShare, maxFilesPerBin, maxFileShare };
}

function checkNumber(name: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  throw new DeltaError(
    "invalid_argument",
    `${name} is ${value}; it must be from ${min} to ${max}`,
    { details: { option: name } },
  );
}

function dryResultOf(bins: readonly CompactionBin[]): OptimizeResult {
  const files = bins.flatMap((bin) => bin.files);
  return {
    removedFileCount: files.length,
    removedByteCount: bytesOf(files),
    addedFileCount: bins.length,
    addedByteCount: bins.reduce((total, { liveBytes }) => total + liveBytes, 0),
    conflictCount: 0,
    versions: [],
    dryRun: true,
  };
}

function bytesOf(files: readonly { readonly sizeBytes: number }[]): number {
  return files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}

interface RewrittenBin {
  readonly bin: CompactionBin;
  /** None where all rows were deleted. */
  readonly added: readonly AddedFile[];
}

/** A run: writes the bins' new files, and commits them in groups. */
class Compaction {
  readonly #access: OptimizeAccess;
  readonly #snapshot: Snapshot;
  readonly #plan: WritePlan;
  readonly #bins: readonly CompactionBin[];
  readonly #options: OptimizeOptions;
  readonly #committed: RewrittenBin[] = [];
  readonly #versions: number[] = [];
  #conflictCount = 0;
  #writtenInputBytes = 0;
  #doneInputBytes = 0;
  #waiting: RewrittenBin[] = [];

  constructor(
    access: OptimizeAccess,
    snapshot: Snapshot,
    plan: WritePlan,
    bins: readonly CompactionBin[],
    options: OptimizeOptions,
  ) {
    this.#access = access;
    this.#snapshot = snapshot;
    this.#plan = plan;
    this.#bins = bins;
    this.#options = options;
  }

  async run(): Promise<OptimizeResult> {
    const { concurrency = 1, signal } = this.#options;
    checkNumber("concurrency", concurrency, 1, 64);
    this.#report();
    try {
      await inParallel(this.#bins, concurrency, async (bin) => {
        signal?.throwIfAborted();
        const added = await rewriteFiles({
          components: this.#access.components,
          snapshot: this.#snapshot,
          plan: this.#plan,
          files: bin.files,
          ...(signal === undefined ? {} : { signal }),
        });
        this.#waiting.push({ bin, added });
        this.#writtenInputBytes += bytesOf(bin.files);
        this.#report();
        if (inputBytesOf(this.#waiting) >= COMMIT_INPUT_BYTES) await this.#commitWaiting();
      });
      await this.#commitWaiting();
    } finally {
      await this.#discard(this.#waiting);
    }
    const removed = this.#committed.flatMap(({ bin }) => bin.files);
    const added = this.#committed.flatMap((rewritten) => rewritten.added);
    return {
      removedFileCount: removed.length,
      removedByteCount: bytesOf(removed),
      addedFileCount: added.length,
      addedByteCount: bytesOf(added),
      conflictCount: this.#conflictCount,
      versions: this.#versions,
      dryRun: false,
    };
  }

  async #commitWaiting(): Promise<void> {
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    await this.#commit(group);
  }

  /** Where the group conflicts with another writer it is committed bin by bin: one conflict must not cost the others. */
  async #commit(group: readonly RewrittenBin[]): Promise<void> {
    const result = await this.#tryCommit(group);
    if (result.kind === "committed") {
      this.#versions.push(result.version);
      this.#committed.push(...group);
      this.#settle(group);
      return;
    }
    if (group.length > 1) {
      const untried = [...group];
      try {
        for (let next = untried.shift(); next !== undefined; next = untried.shift()) {
          await this.#commit([next]);
        }
      } finally {
        await this.#discard(untried);
      }
      return;
    }
    await this.#discard(group);
    this.#conflictCount += group.length;
    this.#settle(group);
  }

  async #tryCommit(group: readonly RewrittenBin[]): Promise<CommitResult> {
    try {
      return await this.#access.commit(this.#requestOf(group));
    } catch (error) {
      // Files that a commit may name are left to a vacuum: deleting them here could break the table.
      if (error instanceof DeltaError && error.effect === "none") await this.#discard(group);
      throw error;
    }
  }

  #settle(group: readonly RewrittenBin[]): void {
    this.#doneInputBytes += inputBytesOf(group);
    this.#report();
  }

  #report(): void {
    this.#options.onProgress?.({
      writtenInputBytes: this.#writtenInputBytes,
      doneInputBytes: this.#doneInputBytes,
      totalInputBytes: this.#bins.reduce((total, { files }) => total + bytesOf(files), 0),
    });
  }

  #requestOf(group: readonly RewrittenBin[]): TransactionRequest {
    const removes: ActiveFile[] = group.flatMap(({ bin }) => bin.files);
    const adds = group.flatMap(({ added }) => added);
    const { where } = this.#options;
    return {
      readSnapshot: this.#snapshot,
      operation: "OPTIMIZE",
      operationParameters: {
        predicate: JSON.stringify(where === undefined ? [] : [where]),
        zOrderBy: "[]",
        auto: false,
      },
      operationMetrics: {
        numRemovedFiles: String(removes.length),
        numRemovedBytes: String(bytesOf(removes)),
        numAddedFiles: String(adds.length),
        numAddedBytes: String(bytesOf(adds)),
      },
      adds,
      removes,
      dataChange: false,
    };
  }

  /** Removes files that no commit names. */
  async #discard(group: readonly RewrittenBin[]): Promise<void> {
    for (const { path } of group.flatMap(({ added }) => added)) {
      try {
        await this.#access.components.store.delete(path);
      } catch {
        // No commit names the file; a vacuum removes it.
      }
    }
  }
}

function inputBytesOf(group: readonly RewrittenBin[]): number {
  return group.reduce((total, { bin }) => total + bytesOf(bin.files), 0);
}
