// SPDX-License-Identifier: Apache-2.0
import type { ConflictReason, DeltaTable, Snapshot } from "@sluice/delta";
import type { Clock } from "../clock.ts";
import { ServerError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import type { Logger } from "../logger.ts";
import type { CommitTurns, EndTurn } from "./commit-turns.ts";
import type { EncoderPool, EncodingFile } from "./encoder-pool.ts";
import {
  type FinishedCommit,
  PendingCommit,
  type RejectedFile,
  type RowTarget,
  type SealedRows,
} from "./pending-commit.ts";
import { rejectedFilePath } from "./rejected-files.ts";

export interface CommitSettings {
  /** Longest time from a row's arrival until the commit that holds it is due; see {@link CommitTurns}. */
  readonly commitIntervalMs: number;
  /** Files that have reached this many bytes (in memory, before compression) are committed at once. */
  readonly targetFileBytes: number;
  /** How often a failing commit is tried again before the table takes no more records. */
  readonly commitRetries: number;
}

export interface TableCommitterOptions {
  readonly tableName: string;
  readonly table: DeltaTable;
  /** The table state that the rows are encoded for. */
  readonly writtenFor: Snapshot;
  readonly journal: Journal;
  readonly encoders: EncoderPool;
  /** Shared by all tables. */
  readonly turns: CommitTurns;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: CommitSettings;
  /** Seals the rows that are not in a block yet. */
  readonly sealRows: () => readonly SealedRows[];
  /**
   * Called when the table has changed so that rows for the earlier state were not committed. The owner calls
   * {@link TableCommitter.adopt} where they fit the new one, and {@link TableCommitter.stop} otherwise.
   */
  readonly onChanged: (snapshot: Snapshot) => void;
  /** Called after each commit with the log position up to which the table is committed. */
  readonly onCommitted: (position: number, rejected: readonly RejectedFile[]) => void;
  /** Called once when the table can commit no more. */
  readonly onFailure: (reason: ServerError) => void;
}

/** What the records of a table have been put through before they get here. */
const SEEN_TO = ["columnMapping", "checkConstraints", "invariants", "allowColumnDefaults"] as const;

const FIRST_RETRY_DELAY_MS = 200;
const MAX_RETRY_DELAY_MS = 10_000;

/**
 * Brings one table's rows from blocks to a Delta version: blocks become row groups of one file; after the commit
 * interval, or when it is large enough, the file is finished and committed with a `txn` action that holds the log
 * position of its last record. One commit is under way at a time; while it runs the next file grows, so that heavy load
 * makes large files.
 */
export class TableCommitter {
  readonly #options: TableCommitterOptions;
  #settings: CommitSettings;
  #writtenFor: Snapshot;
  #pending: PendingCommit | undefined;
  #cancelTimer: (() => void) | undefined;
  #due = false;
  /** Set from when a commit is due until it has ended; the rows are taken when its turn comes. */
  #committing: Promise<void> | undefined;
  #isTaken = false;
  #oldestUncommitted: number | undefined;
  #attemptedPosition: number | undefined;
  #failure: ServerError | undefined;
  #wakeRetry: (() => void) | undefined;
  readonly #relief = new Set<() => void>();

  constructor(options: TableCommitterOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#writtenFor = options.writtenFor;
  }

  get failure(): ServerError | undefined {
    return this.#failure;
  }

  /** Position before the oldest entry with rows that are not committed; `undefined` when all are. */
  get oldestUncommittedPosition(): number | undefined {
    return this.#oldestUncommitted ?? this.#pending?.startPosition;
  }

  /** Log position of the last commit that was tried: the table may have it, whatever came of the try. */
  get attemptedPosition(): number | undefined {
    return this.#attemptedPosition;
  }

  /** Whether the open file is at its largest and cannot be committed yet: sources must pause. */
  get isSaturated(): boolean {
    return this.#isFull && this.#committing !== undefined;
  }

  get #isFull(): boolean {
    const pending = this.#pending;
    return pending !== undefined && pending.byteLength >= this.#settings.targetFileBytes;
  }

  /** Runs `callback` once when a commit has begun or ended. */
  whenRelieved(callback: () => void): void {
    this.#relief.add(callback);
  }

  /** Notes that the log now ends at `endPosition` and that rows for `target` came from behind `startPosition`. */
  rowsLogged(target: RowTarget, startPosition: number, endPosition: number): void {
    const pending = this.#noteProgress(startPosition, endPosition);
    try {
      pending.prepare(target);
    } catch (reason) {
      this.#fail(reason);
    }
  }

  /** Notes that everything up to `endPosition` is dealt with, without rows for the table. */
  rowsSettled(startPosition: number, endPosition: number): void {
    if (this.#failure === undefined) this.#noteProgress(startPosition, endPosition);
  }

  /** Adds rows whose positions were noted. */
  addRows(rows: SealedRows, byteLength: number): void {
    if (this.#failure !== undefined) return;
    if (this.#pending === undefined)
      throw new ServerError("internal", "a block came before its log position");
    try {
      this.#pending.add(rows, byteLength);
    } catch (reason) {
      this.#fail(reason);
      return;
    }
    if (this.#isFull) this.#commitWhenFree(true);
  }

  /** The rows so far, and those that come, are good for another state of the table, and for other settings. */
  adopt(snapshot: Snapshot, settings: CommitSettings): void {
    this.#writtenFor = snapshot;
    this.#settings = settings;
  }

  /** Commits everything that has come so far and resolves when it is committed; rejects when it cannot be. */
  async flush(): Promise<void> {
    const target = this.#options.journal.nextPosition;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const oldest = this.oldestUncommittedPosition;
      if (oldest === undefined || oldest >= target) return;
      this.#commitWhenFree(true);
      await this.#committing;
    }
  }

  /**
   * Gives up what is not committed; it stays in the log.
   * @returns what resolves when nothing is under way any more.
   */
  async stop(reason: ServerError): Promise<void> {
    this.#failure ??= reason;
    this.#cancelTimer?.();
    this.#wakeRetry?.();
    this.#giveUp();
    this.#relieve();
    await this.#committing;
  }

  #noteProgress(startPosition: number, endPosition: number): PendingCommit {
    this.#pending ??= this.#begin(startPosition);
    this.#pending.endPosition = endPosition;
    return this.#pending;
  }

  #begin(startPosition: number): PendingCommit {
    const { encoders, table, clock, journal } = this.#options;
    this.#cancelTimer = clock.schedule(
      () => this.#commitWhenFree(false),
      this.#settings.commitIntervalMs,
    );
    const open = ({ layout, rejection }: RowTarget, start: number, index: number): EncodingFile => {
      const path =
        rejection === undefined ? undefined : rejectedFilePath(journal.logId, start, index);
      return encoders.open(table.location, layout, path);
    };
    return new PendingCommit(startPosition, open);
  }

  #commitWhenFree(isUrgent: boolean): void {
    if (this.#failure !== undefined) return;
    if (this.#committing !== undefined) {
      if (this.#isTaken) this.#due = true;
      else if (isUrgent) this.#options.turns.hurry(this);
      return;
    }
    if (this.#pending === undefined) return;
    this.#committing = this.#takeTurn(isUrgent)
      .catch((reason: unknown) => this.#fail(reason))
      .finally(() => {
        this.#committing = undefined;
        this.#isTaken = false;
        if (this.#due) {
          this.#due = false;
          this.#commitWhenFree(this.#isFull);
        }
        this.#relieve();
      });
  }

  async #takeTurn(isUrgent: boolean): Promise<void> {
    const endTurn = await this.#options.turns.take(this, isUrgent);
    try {
      const pending = this.#failure === undefined ? this.#takePending() : undefined;
      if (pending === undefined) return;
      this.#isTaken = true;
      this.#oldestUncommitted = pending.startPosition;
      this.#relieve();
      const { rejected } = await this.#commit(pending, endTurn);
      this.#oldestUncommitted = undefined;
      this.#options.onCommitted(pending.endPosition, rejected);
    } finally {
      endTurn();
    }
  }

  #relieve(): void {
    const callbacks = [...this.#relief];
    this.#relief.clear();
    for (const callback of callbacks) callback();
  }

  #takePending(): PendingCommit | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    for (const rows of this.#options.sealRows()) pending.add(rows, 0);
    this.#pending = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    return pending;
  }

  /** Ends the turn before it waits to try again: one table's trouble must not hold up others. */
  async #commit(pending: PendingCommit, endTurn: EndTurn): Promise<FinishedCommit> {
    const { journal, tableName } = this.#options;
    const finished = await pending.finish();
    // A version must never hold a record that a crash could take out of the log: positions would be used twice.
    await journal.whenDurable(pending.endPosition);
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#append(finished, pending.endPosition, attempt);
        return finished;
      } catch (reason) {
        const error = ServerError.from(reason, `commit to table ${tableName}`);
        const isFinal =
          !error.retryable || error.code === "fenced" || attempt >= this.#settings.commitRetries;
        if (this.#failure !== undefined || isFinal) throw error;
        endTurn();
        await this.#waitBeforeRetry(error, attempt);
      }
    }
  }

  /** Appends; where the table has changed and the rows fit all the same, to its new state. */
  async #append(finished: FinishedCommit, endPosition: number, attempt: number): Promise<void> {
    const { table, journal, onChanged } = this.#options;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#attemptedPosition = endPosition;
      const writtenFor = this.#writtenFor;
      const result = await table.append({
        files: finished.files.map(({ byteLength, statisticsJson, ...file }) => ({
          partitionValues: {},
          ...file,
          sizeBytes: byteLength,
          stats: statisticsJson,
        })),
        txn: { appId: transactionAppId(journal.logId), version: endPosition },
        writtenFor,
        seenTo: SEEN_TO,
      });
      if (result.kind === "committed") return;
      if (result.kind === "alreadyCommitted") {
        if (attempt === 0) throw this.#foreignPosition(endPosition);
        return;
      }
      if (result.reason === "contention" || result.reason === "txnChanged") {
        throw this.#conflict(result.reason, result.version);
      }
      if (this.#failure !== undefined) throw this.#failure;
      onChanged(table.snapshot());
      if (this.#failure === undefined && this.#writtenFor === writtenFor) {
        throw new ServerError("internal", "the table's change was neither adopted nor refused");
      }
    }
  }

  #conflict(reason: ConflictReason, version: number): ServerError {
    const { tableName } = this.#options;
    if (reason === "contention") {
      const message = `table ${tableName}: other writers were faster each time`;
      return new ServerError("unavailable", message, { table: tableName });
    }
    const message = `another server wrote records of this server's log to table ${tableName} in version ${version}: it uses a copy of this data directory. Stop it, and restart this server`;
    return new ServerError("fenced", message, { table: tableName });
  }

  /** Nothing of ours can have committed this position before: the log, or the table, is a copy that has gone its own way. */
  #foreignPosition(endPosition: number): ServerError {
    const { tableName } = this.#options;
    const message = `table ${tableName} already holds records under log position ${endPosition} that this server did not commit: another server uses a copy of this data directory, or the log was restored from an older one. Stop the other server, or move the log directory away after its records are saved`;
    return new ServerError("fenced", message, { table: tableName });
  }

  async #waitBeforeRetry(error: ServerError, attempt: number): Promise<void> {
    const { clock, logger, tableName } = this.#options;
    const delayMs = Math.min(FIRST_RETRY_DELAY_MS * 2 ** attempt, MAX_RETRY_DELAY_MS);
    logger.warn({ err: error, table: tableName, attempt, delayMs }, "commit failed; trying again");
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(resolve, delayMs);
      this.#wakeRetry = () => {
        cancel();
        resolve();
      };
    });
    this.#wakeRetry = undefined;
  }

  #fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    const { tableName, onFailure } = this.#options;
    this.#failure = ServerError.from(reason, `commit to table ${tableName}`);
    this.#cancelTimer?.();
    this.#giveUp();
    onFailure(this.#failure);
  }

  #giveUp(): void {
    if (this.#pending === undefined) return;
    // Kept as the place from where the log must not be trimmed.
    this.#oldestUncommitted ??= this.#pending.startPosition;
    this.#pending.abort();
    this.#pending = undefined;
  }
}

/** The `txn` app id under which a log's positions are recorded in tables. */
export function transactionAppId(logId: string): string {
  return `sluice-${logId}`;
}
