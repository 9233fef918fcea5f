// SPDX-License-Identifier: Apache-2.0
import { planChange } from "../alter/plan-change.ts";
import type { TableChange } from "../alter/table-change.ts";
import { columnsOfCondition, verifyRows } from "../alter/verify-rows.ts";
import type { ColumnBlock } from "../columns/column-block.ts";
import { DeltaError } from "../delta-error.ts";
import { loadSnapshot, refreshSnapshot } from "../log/load-snapshot.ts";
import type { CheckpointFiles } from "../log/log-segment.ts";
import { cleanUpLog, type LogCleanupOptions, type LogCleanupResult } from "../log/log-cleanup.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { validateWritable } from "../log/table-features.ts";
import {
  type CheckpointOptions,
  withCheckpoint,
  writeCheckpoint,
} from "../log/write-checkpoint.ts";
import { type HistoryEntry, type HistoryOptions, readHistory } from "../maintain/history.ts";
import {
  optimize,
  type OptimizeAccess,
  type OptimizeOptions,
  type OptimizeResult,
} from "../maintain/optimize.ts";
import { restore, type RestoreResult, type RestoreTarget } from "../maintain/restore.ts";
import { vacuum, type VacuumOptions, type VacuumResult } from "../maintain/vacuum.ts";
import {
  type AppendedRow,
  type ChangesOptions,
  readChanges,
  scanAppended,
  type ScanAppendedOptions,
  type VersionChange,
} from "../scan/changes.ts";
import type { Row } from "../scan/row.ts";
import { scanBlocks } from "../scan/scan-blocks.ts";
import { type ColumnBatch, scanColumns } from "../scan/scan-columns.ts";
import type { ScanOptions } from "../scan/scan-options.ts";
import { type CountOptions, countRows, scanRows } from "../scan/scan-rows.ts";
import {
  type AppendRequest,
  checkAppendable,
  checkClusteringStatistics,
  transactionOfAppend,
  validateAppendRequest,
} from "./append-request.ts";
import { commitTransaction, type TableState } from "./commit-transaction.ts";
import { type ResolvedComponents, resolveComponents, type TableComponents } from "./components.ts";
import {
  type InputRows,
  openTableWriter,
  type TableWriter,
  type TableWriterOptions,
  type WriterCommitOptions,
  type WrittenTable,
} from "../writer/table-writer.ts";
import {
  type CommitResult,
  type TransactionRequest,
  validateTransactionRequest,
} from "./transaction-request.ts";

export interface AppendRowsOptions extends TableWriterOptions, WriterCommitOptions {}

/** Commits that may wait for those before them on one `DeltaTable`. */
const MAX_WAITING_COMMITS = 1024;

/**
 * Opens a table.
 * @param location the table's directory, or its place in an object store; see `openStore`.
 * @throws DeltaError `not_found` if there is none, `data_loss`, `unsupported`.
 */
export async function openTable(
  location: string,
  components: TableComponents = {},
): Promise<DeltaTable> {
  const resolved = await resolveComponents(location, components);
  return new DeltaTable(await loadSnapshot(resolved.store), resolved);
}

/** A Delta table, as last seen. Get one by `openTable` or `createTable`. It holds no file open. */
export class DeltaTable {
  readonly location: string;
  readonly #components: ResolvedComponents;
  #snapshot: Snapshot;
  /** Set where a commit may have happened: the next one has to look at the log before it trusts the snapshot. */
  #mustRefresh = false;
  /** Settled when the last commit has ended; never rejected. */
  #lastCommit: Promise<void> = Promise.resolve();
  #waitingCommitCount = 0;

  /** @internal */
  constructor(snapshot: Snapshot, components: ResolvedComponents) {
    this.location = components.store.location;
    this.#components = components;
    this.#snapshot = snapshot;
  }

  /** The newest state that this object has seen, without a look at the log. */
  snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * The newest state, also where another table is in the place now. Costs one look-up per new version and two more.
   * @throws DeltaError `data_loss`, `unsupported` (the table now uses what this library does not know), `unavailable`.
   */
  async refresh(): Promise<Snapshot> {
    const known = this.#snapshot;
    const refreshed = await refreshSnapshot(this.#components.store, known);
    // Only what nobody has moved on meanwhile may go back to the lower version of another table.
    if (this.#snapshot === known) this.#snapshot = refreshed;
    else this.#advance(refreshed);
    return this.#snapshot;
  }

  /**
   * Takes note of a checkpoint that was written of this table, so that its state need not keep in memory what that holds.
   * @param tableId `metaData.id` of the table that it is of; that of another one is passed over.
   */
  noteCheckpoint(checkpoint: CheckpointFiles, tableId: string): void {
    if (this.#snapshot.metadata.id !== tableId) return;
    this.#snapshot = withCheckpoint(this.#snapshot, checkpoint);
  }

  /**
   * Adds files to the table in one new version. Appends on one object are done one after the other, in the order of
   * the calls; other writers may come between, which is retried as long as they do not change what the files were
   * written for.
   *
   * Where the promise is rejected with `effect: "unknown"`, the append may have happened: repeat it with the same `txn`,
   * which tells.
   * @throws DeltaError `invalid_argument`, `unsupported` (see `validateAppendable`), `not_found` (the table is gone),
   *   `resource_exhausted` (no room in the store, or more than 1024 commits waiting), `permission_denied`,
   *   `unavailable`, `data_loss`.
   */
  async append(request: AppendRequest): Promise<CommitResult> {
    validateAppendRequest(request);
    const transaction = transactionOfAppend(request, request.writtenFor ?? this.#snapshot);
    return this.#enqueue(transaction, (latest) => checkAppendable(request, latest));
  }

  /**
   * Makes one new version of the table, in turn with the appends on this object. Other writers may come between, which
   * is retried as long as their changes and this one do not stand against each other; see {@link ConflictReason}. The
   * caller answers for what the files hold.
   * @throws DeltaError as {@link DeltaTable.append}; `unsupported` where the table uses, before or after the change, what
   *   this library does not write.
   */
  async commit(request: TransactionRequest): Promise<CommitResult> {
    validateTransactionRequest(request);
    return this.#enqueue(request);
  }

  /**
   * Rows in the newest state that this object has seen, or in the state that `version` or `timestampMs` names. Read from
   * the log; from the files' footers where the log does not say; from the files where there is a condition.
   * @throws DeltaError as {@link DeltaTable.scan}, which a condition makes it; else `data_loss` if a file must be opened
   *   and cannot be read.
   */
  async countRows(options: CountOptions = {}): Promise<number> {
    return countRows(this.#components.store, this.#snapshot, options);
  }

  /**
   * The rows of the newest state that this object has seen at the time of the call, or of the state that `version` or
   * `timestampMs` names, in the order of the files in the log and of the rows in the files. See {@link Row} for the
   * values.
   * @throws DeltaError while iterating: `invalid_argument` for an unknown column or a condition that does not fit,
   *   `not_found` for a version that is not there (any more), `unsupported` for what cannot be read, `data_loss` for a
   *   missing or damaged file; the reason of `signal`.
   */
  scan(options: ScanOptions = {}): AsyncGenerator<Row, void, undefined> {
    return scanRows(this.#components.store, this.#snapshot, options);
  }

  /**
   * As {@link DeltaTable.scan}, column by column: several times as fast for columns of numbers.
   * @throws DeltaError while iterating, as {@link DeltaTable.scan}.
   */
  scanColumns(options: ScanOptions = {}): AsyncGenerator<ColumnBatch, void, undefined> {
    return scanColumns(this.#components.store, this.#snapshot, options);
  }

  /**
   * As {@link DeltaTable.scan}, in blocks that `ParquetFileEncoder` takes, with the selected columns: values, nulls and
   * empty lists are what the files have, a VARIANT its bytes. Every column of a block may hold nulls, whatever the schema
   * says. A block has 65536 rows or more, or 64 MiB, unless it is the last.
   * @throws DeltaError while iterating, as {@link DeltaTable.scan}.
   */
  scanBlocks(options: ScanOptions = {}): AsyncGenerator<ColumnBlock, void, undefined> {
    return scanBlocks(this.#components.store, this.#snapshot, options);
  }

  /**
   * What each version changed, in the order of the versions, as far as this object has seen them at the time of the call.
   * `fromVersion` may be the version after the newest one: there is nothing then.
   * @throws DeltaError while iterating: `invalid_argument` for versions that are not there yet, `not_found` where the
   *   commits have been cleaned up (`details.earliestVersion` tells what is left), `data_loss`; the reason of `signal`.
   */
  changes(options: ChangesOptions): AsyncGenerator<VersionChange, void, undefined> {
    return readChanges(this.#components.store, this.#snapshot, options);
  }

  /**
   * The rows that versions added, with the version of each, in the columns of the newest state that this object has seen.
   * @throws DeltaError while iterating: as {@link DeltaTable.changes} and {@link DeltaTable.scan}, and `unsupported` for
   *   a version that did not only add rows, unless these are to be skipped.
   */
  scanAppended(options: ScanAppendedOptions): AsyncGenerator<AppendedRow, void, undefined> {
    return scanAppended(this.#components.store, this.#snapshot, options);
  }

  /**
   * Opens a writer of rows to the table as this object has last seen it.
   * @throws DeltaError `unsupported` naming everything that the table asks for and this library cannot do for rows,
   *   `invalid_argument` for an option out of its range.
   */
  async openWriter(options: TableWriterOptions = {}): Promise<TableWriter> {
    const table: WrittenTable = {
      components: this.#components,
      snapshot: () => this.#snapshot,
      refresh: async () => this.refresh(),
      commit: async (request) =>
        this.#enqueue(request, (latest) => {
          validateWritable(latest);
          checkClusteringStatistics(request.adds ?? [], latest);
        }),
    };
    return openTableWriter(table, options);
  }

  /**
   * Adds rows to the table in one version, all or none. See {@link InputRow} for their values.
   * @throws DeltaError as {@link DeltaTable.openWriter}, `TableWriter.write` and `TableWriter.commit`.
   */
  async appendRows(rows: InputRows, options: AppendRowsOptions = {}): Promise<CommitResult> {
    await using writer = await this.openWriter(options);
    await writer.write(rows);
    return await writer.commit(options);
  }

  /**
   * Changes the table's definition in one version. Where rows that are there have to be checked, they are read, and a
   * row that comes meanwhile is a conflict (`concurrentAppend`): call again.
   * @throws DeltaError `invalid_argument` naming what cannot be, or a row that stands against it; `unsupported` for what
   *   is not done here; and as {@link DeltaTable.append}.
   */
  async alter(change: TableChange): Promise<CommitResult> {
    const readSnapshot = await this.refresh();
    const { store, randomUuid } = this.#components;
    const { condition, ...planned } = planChange(readSnapshot, change, randomUuid);
    if (condition !== undefined) {
      const columns = columnsOfCondition(condition);
      await verifyRows(scanRows(store, readSnapshot, { columns }), condition);
    }
    const readsTable = condition !== undefined || planned.adds !== undefined;
    return this.commit({
      readSnapshot,
      reads: readsTable ? "table" : "nothing",
      dataChange: false,
      ...planned,
    });
  }

  /**
   * The table's versions, the newest first, as far back as the log has them.
   * @throws DeltaError while iterating: see `readHistory`.
   */
  history(options: HistoryOptions = {}): AsyncGenerator<HistoryEntry, void, undefined> {
    return readHistory(this.#components.store, options);
  }

  /**
   * Makes a new version with the files and the metadata of an earlier one.
   * @throws DeltaError `not_found` for a version that is not there, `data_loss` if a vacuum has deleted a file of it,
   *   `invalid_argument` where the table is append-only, and as {@link DeltaTable.commit}.
   */
  async restore(target: RestoreTarget): Promise<RestoreResult> {
    return restore(this.#maintained(), target);
  }

  /**
   * Writes small files, and files with many deleted rows, together into larger ones. The rows stay what they are; other
   * writers may go on meanwhile.
   * @throws DeltaError `invalid_argument` for a wrong option, `unsupported` where the table tracks rows or uses what this
   *   library does not write, `data_loss` for a damaged file, and as {@link DeltaTable.commit}.
   */
  async optimize(options: OptimizeOptions = {}): Promise<OptimizeResult> {
    return optimize(this.#maintained(), options);
  }

  /**
   * Deletes files that are no longer part of the table, nor have been within the retention. Older versions cannot be read
   * after that.
   * @throws DeltaError `invalid_argument` for a retention below the table's own, `unsupported` where the table uses what
   *   this library does not write, and what the store throws.
   */
  async vacuum(options: VacuumOptions = {}): Promise<VacuumResult> {
    const snapshot = await this.refresh();
    return vacuum(this.#components.store, snapshot, this.#components.clock(), options);
  }

  /**
   * Writes a checkpoint of the newest version, from which readers start instead of reading every commit.
   * @returns the version.
   * @throws DeltaError as `writeCheckpoint`.
   */
  async checkpoint(options: CheckpointOptions = {}): Promise<number> {
    const { store, clock, randomUuid } = this.#components;
    const snapshot = await this.refresh();
    const files = await writeCheckpoint(store, snapshot, {
      nowMs: clock(),
      randomUuid,
      ...options,
    });
    if (this.#snapshot === snapshot) this.#snapshot = withCheckpoint(snapshot, files);
    return snapshot.version;
  }

  /**
   * Deletes commits and checkpoints that `delta.logRetentionDuration` lets expire. Their versions cannot be read after that.
   * @throws DeltaError as `cleanUpLog`.
   */
  async cleanUpLog(options: LogCleanupOptions = {}): Promise<LogCleanupResult> {
    const { store, clock } = this.#components;
    return cleanUpLog(store, await this.refresh(), { nowMs: clock(), ...options });
  }

  #maintained(): OptimizeAccess {
    return {
      components: this.#components,
      refresh: async () => this.refresh(),
      commit: async (request) => this.commit(request),
    };
  }

  async #enqueue(
    request: TransactionRequest,
    checkLatest?: (latest: Snapshot) => void,
  ): Promise<CommitResult> {
    if (this.#waitingCommitCount >= MAX_WAITING_COMMITS) {
      throw new DeltaError(
        "resource_exhausted",
        `${MAX_WAITING_COMMITS} commits to ${this.location} are waiting; wait for some of them`,
      );
    }
    this.#waitingCommitCount += 1;
    const result = this.#lastCommit.then(async () => this.#commit(request, checkLatest));
    this.#lastCommit = result.then(
      () => this.#endCommit(),
      () => this.#endCommit(),
    );
    return result;
  }

  async #commit(
    request: TransactionRequest,
    checkLatest?: (latest: Snapshot) => void,
  ): Promise<CommitResult> {
    if (this.#mustRefresh) {
      await this.refresh();
      this.#mustRefresh = false;
    }
    const state: TableState = {
      ...this.#components,
      latest: () => this.#snapshot,
      advance: (snapshot) => this.#advance(snapshot),
      refresh: async () => this.refresh(),
    };
    try {
      return await commitTransaction(request, state, checkLatest);
    } catch (error) {
      if (error instanceof DeltaError && error.effect === "unknown") this.#mustRefresh = true;
      throw error;
    }
  }

  #endCommit(): void {
    this.#waitingCommitCount -= 1;
  }

  /** A refresh and a commit may run at once; the newer state stays. */
  #advance(snapshot: Snapshot): void {
    if (snapshot.version > this.#snapshot.version) this.#snapshot = snapshot;
  }
}
