// SPDX-License-Identifier: Apache-2.0
import type { ColumnBlock, DeltaTable, Snapshot, StructType } from "@sluice/delta";
import type { Clock } from "../clock.ts";
import { ServerError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import type { Logger } from "../logger.ts";
import type { CommitTurns, EndTurn } from "./commit-turns.ts";
import type { EncoderPool, EncodingFile } from "./encoder-pool.ts";
import type { EncodedFile } from "./encoder-protocol.ts";

export interface CommitSettings {
  /** Longest time from a row's arrival until the commit that holds it is due; see {@link CommitTurns}. */
  readonly commitIntervalMs: number;
  /** A file that has reached this many bytes (in memory, before compression) is committed at once. */
  readonly targetFileBytes: number;
  /** How often a failing commit is tried again before the table takes no more records. */
  readonly commitRetries: number;
}

export interface TableCommitterOptions {
  readonly tableName: string;
  readonly table: DeltaTable;
  readonly schema: StructType;
  readonly journal: Journal;
  readonly encoders: EncoderPool;
  /** Shared by all tables. */
  readonly turns: CommitTurns;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: CommitSettings;
  /** Seals the rows that are not in a block yet; `undefined` when there are none. */
  readonly sealRows: () => ColumnBlock | undefined;
  /** Called after each commit with the log position up to which the table is committed. */
  readonly onCommitted: (position: number) => void;
  /** Called once when the table can commit no more. */
  readonly onFailure: (reason: ServerError) => void;
}

interface PendingFile {
  readonly encoding: EncodingFile;
  rowCount: number;
  byteLength: number;
  /** Position before the first entry that has rows in the file. */
  readonly startPosition: number;
  endPosition: number;
}

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
  #file: PendingFile | undefined;
  #cancelTimer: (() => void) | undefined;
  #due = false;
  /** Set from when a commit is due until it has ended; the file is taken when its turn comes. */
  #committing: Promise<void> | undefined;
  #isFileTaken = false;
  #oldestUncommitted: number | undefined;
  #failure: ServerError | undefined;
  #wakeRetry: (() => void) | undefined;

  /** The table state that the files are encoded for. */
  #writtenFor: Snapshot;
  readonly #relief = new Set<() => void>();

  constructor(options: TableCommitterOptions) {
    this.#options = options;
    this.#writtenFor = options.table.snapshot();
  }

  get failure(): ServerError | undefined {
    return this.#failure;
  }

  /** Position before the oldest entry with rows that are not committed; `undefined` when all are. */
  get oldestUncommittedPosition(): number | undefined {
    return this.#oldestUncommitted ?? this.#file?.startPosition;
  }

  /** Whether the open file is at its largest and cannot be committed yet: sources must pause. */
  get isSaturated(): boolean {
    return this.#isFull && this.#committing !== undefined;
  }

  get #isFull(): boolean {
    const file = this.#file;
    return file !== undefined && file.byteLength >= this.#options.settings.targetFileBytes;
  }

  /** Runs `callback` once when a commit has begun or ended. */
  whenRelieved(callback: () => void): void {
    this.#relief.add(callback);
  }

  /** Notes that the log now ends at `endPosition` and that rows of this table came from behind `startPosition`. */
  rowsLogged(startPosition: number, endPosition: number): void {
    try {
      this.#file ??= this.#openFile(startPosition);
      this.#file.endPosition = endPosition;
    } catch (reason) {
      this.#oldestUncommitted ??= startPosition;
      this.#fail(reason);
    }
  }

  /** Adds a block to the open file. */
  addBlock(block: ColumnBlock, byteLength: number): void {
    const file = this.#file;
    if (file === undefined)
      throw new ServerError("internal", "a block came before its log position");
    file.rowCount += block.rowCount;
    file.byteLength += byteLength;
    file.encoding.addBlock(block);
    if (this.#isFull) this.#commitWhenFree(true);
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

  /** Stops the timer. What is not committed stays in the log. */
  close(): void {
    this.#cancelTimer?.();
    this.#wakeRetry?.();
    this.#failure ??= new ServerError("closed", "the server was closed");
  }

  #openFile(startPosition: number): PendingFile {
    const { encoders, table, schema, clock, settings } = this.#options;
    const encoding = encoders.open(table.location, schema);
    this.#cancelTimer = clock.schedule(
      () => this.#commitWhenFree(false),
      settings.commitIntervalMs,
    );
    return { encoding, rowCount: 0, byteLength: 0, startPosition, endPosition: startPosition };
  }

  #commitWhenFree(isUrgent: boolean): void {
    if (this.#failure !== undefined) return;
    if (this.#committing !== undefined) {
      if (this.#isFileTaken) this.#due = true;
      else if (isUrgent) this.#options.turns.hurry(this);
      return;
    }
    if (this.#file === undefined) return;
    this.#committing = this.#takeTurn(isUrgent)
      .catch((reason: unknown) => this.#fail(reason))
      .finally(() => {
        this.#committing = undefined;
        this.#isFileTaken = false;
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
      const file = this.#failure === undefined ? this.#takeFile() : undefined;
      if (file === undefined) return;
      this.#isFileTaken = true;
      this.#oldestUncommitted = file.startPosition;
      this.#relieve();
      await this.#commit(file, endTurn);
      this.#oldestUncommitted = undefined;
      if (this.#failure === undefined) this.#options.onCommitted(file.endPosition);
    } finally {
      endTurn();
    }
  }

  #relieve(): void {
    const callbacks = [...this.#relief];
    this.#relief.clear();
    for (const callback of callbacks) callback();
  }

  #takeFile(): PendingFile | undefined {
    const file = this.#file;
    if (file === undefined) return undefined;
    const block = this.#options.sealRows();
    if (block !== undefined) {
      file.rowCount += block.rowCount;
      file.encoding.addBlock(block);
    }
    this.#file = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    return file;
  }

  /** Ends the turn before it waits to try again: one table's trouble must not hold up others. */
  async #commit(file: PendingFile, endTurn: EndTurn): Promise<void> {
    const encoded = await file.encoding.finish();
    if (encoded.rowCount !== file.rowCount) {
      const message = `${encoded.path} has ${encoded.rowCount} rows instead of ${file.rowCount}`;
      throw new ServerError("internal", message);
    }
    // A version must never hold a record that a crash could take out of the log: positions would be used twice.
    await this.#options.journal.whenDurable(file.endPosition);
    for (let attempt = 0; ; attempt++) {
      try {
        const outcome = await this.#append(encoded, file.endPosition);
        if (outcome === "alreadyCommitted" && attempt === 0) throw this.#foreignPosition(file);
        return;
      } catch (reason) {
        const error = ServerError.from(reason, `commit to table ${this.#options.tableName}`);
        const isFinal =
          !error.retryable ||
          error.code === "fenced" ||
          attempt >= this.#options.settings.commitRetries;
        if (this.#failure !== undefined || isFinal) throw error;
        endTurn();
        await this.#waitBeforeRetry(error, attempt);
      }
    }
  }

  /** Nothing of ours can have committed this position before: the log, or the table, is a copy that has gone its own way. */
  #foreignPosition(file: PendingFile): ServerError {
    const { tableName } = this.#options;
    const message = `table ${tableName} already holds records under log position ${file.endPosition} that this server did not commit: another server uses a copy of this data directory, or the log was restored from an older one. Stop the other server, or move the log directory away after its records are saved`;
    return new ServerError("fenced", message, { table: tableName });
  }

  async #append(
    encoded: EncodedFile,
    endPosition: number,
  ): Promise<"committed" | "alreadyCommitted"> {
    const { table, journal, tableName } = this.#options;
    const result = await table.append({
      files: [
        {
          path: encoded.path,
          sizeBytes: encoded.byteLength,
          modificationTimeMs: encoded.modificationTimeMs,
          rowCount: encoded.rowCount,
          stats: encoded.statisticsJson,
        },
      ],
      txn: { appId: transactionAppId(journal.logId), version: endPosition },
      writtenFor: this.#writtenFor,
    });
    if (result.kind !== "conflict") return result.kind;
    if (result.reason === "contention") {
      throw new ServerError(
        "unavailable",
        `table ${tableName}: other writers were faster each time`,
      );
    }
    if (result.reason === "metadataChanged") {
      // The schema is the same, so the file fits; what else has changed was checked when it was read.
      this.#writtenFor = table.snapshot();
      throw new ServerError("unavailable", `table ${tableName}: its properties were changed`);
    }
    const message = `table ${tableName} was changed by another writer (${result.reason}) in version ${result.version}; restart the server to go on with the new table`;
    throw new ServerError("schema_mismatch", message, { table: tableName });
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
    const error = ServerError.from(reason, `commit to table ${tableName}`);
    const message = `table ${tableName} cannot be committed to: ${error.message}; acknowledged records are safe in the log and are committed after a restart`;
    this.#failure = new ServerError("unavailable", message, { table: tableName }, error);
    this.#cancelTimer?.();
    if (this.#file !== undefined) {
      // Kept as the place from where the log must not be trimmed.
      this.#oldestUncommitted ??= this.#file.startPosition;
      this.#file.encoding.abort();
      this.#file = undefined;
    }
    onFailure(this.#failure);
  }
}

/** The `txn` app id under which a log's positions are recorded in tables. */
export function transactionAppId(logId: string): string {
  return `sluice-${logId}`;
}
