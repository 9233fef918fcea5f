// SPDX-License-Identifier: Apache-2.0
import { type CheckpointFiles, DeltaError, type Snapshot } from "@sluice/delta";
import type { RecordFormat } from "@sluice/protocol";
import type { RejectedFile } from "../commit/pending-commit.ts";
import { ServerError } from "../errors.ts";
import { replayLog } from "../journal/replay-log.ts";
import type { TableReplay } from "../journal/table-replay.ts";
import type { MaintainedTable } from "../maintenance/maintenance-scheduler.ts";
import type { Pressure } from "../pressure.ts";
import { lowestPosition } from "./lowest-position.ts";
import { changeOf } from "./table-change.ts";
import { RetryTimer } from "./retry-timer.ts";
import { droppedTable, streamEndOf, tableFailure } from "./table-faults.ts";
import { TABLE_TRANSITIONS, type TableEvent, type TableState } from "./table-life.ts";
import { TableParts, type TablePartsEvents, type TablePartsOptions } from "./table-parts.ts";
import { type TableListener, TableStreams } from "./table-streams.ts";
import { TableWatch } from "./table-watch.ts";
import type { RecordPath, TableWriter } from "./table-writer.ts";

export interface LiveTableOptions extends TablePartsOptions {
  /** From 0 up to but not 1. */
  readonly random: () => number;
  /** Called after each commit. */
  readonly onCommitted: (table: LiveTable) => void;
}

/** What a stream writes its records with. */
export interface RecordTarget {
  readonly writer: TableWriter;
  readonly path: RecordPath;
}

/**
 * A table that is being written to, through everything that happens to it: it is looked at for changes by others, its
 * streams go on or end as the change demands, and records that were acknowledged and are not committed are encoded again
 * from the log where they have to be. The states are those of `TABLE_TRANSITIONS`.
 */
export class LiveTable implements Pressure, MaintainedTable {
  readonly tableName: string;
  readonly #options: LiveTableOptions;
  readonly #events: TablePartsEvents;
  readonly #watch: TableWatch;
  readonly #retries: RetryTimer;
  #state: TableState = "opening";
  #parts: TableParts | undefined;
  /** Why streams are refused. */
  #failure: ServerError | undefined;
  /** The log must be kept behind this position, beside what the committer has. */
  #heldFrom: number | undefined;
  #committedPosition: number | undefined;
  #attemptedPosition: number | undefined;
  /** Another one with each replay: an earlier one that is still at work is not wanted any more. */
  #attempt: object | undefined;
  #rejectedRecordCount = 0;
  readonly #streams = new TableStreams();

  constructor(options: LiveTableOptions) {
    this.tableName = options.tableName;
    this.#options = options;
    this.#events = {
      onChanged: (snapshot) => this.#onSnapshot(snapshot),
      onCommitted: (position, rejected) => this.#onCommitted(position, rejected),
      onFailure: (reason) => this.fault(reason),
      onUnplaced: (position) => this.#onUnplaced(position),
    };
    this.#retries = new RetryTimer(options.clock, options.random, () => this.#retry());
    this.#watch = new TableWatch({
      clock: options.clock,
      look: () => this.#look(),
      isInUse: () => this.#streams.count > 0 || this.oldestUncommittedPosition !== undefined,
    });
  }

  get state(): TableState {
    return this.#state;
  }

  /** Directory of the table, once it was opened. */
  get location(): string | undefined {
    return this.#parts?.table.location;
  }

  /** Log position up to which the table has the log's records, once it was opened. */
  get committedPosition(): number | undefined {
    return this.#committedPosition;
  }

  /** The newest state of the table that was seen. */
  get snapshot(): Snapshot | undefined {
    return this.#parts?.table.snapshot();
  }

  noteCheckpoint(checkpoint: CheckpointFiles, tableId: string): void {
    this.#parts?.table.noteCheckpoint(checkpoint, tableId);
  }

  get streamCount(): number {
    return this.#streams.count;
  }

  /** Acknowledged records that the table did not take any more, since it was opened. */
  get rejectedRecordCount(): number {
    return this.#rejectedRecordCount;
  }

  get #isBusy(): boolean {
    return this.#state === "opening" || this.#state === "replaying";
  }

  /** Whether records have to wait. */
  get isSaturated(): boolean {
    return this.#isBusy || (this.#parts?.committer.isSaturated ?? false);
  }

  whenRelieved(callback: () => void): void {
    if (this.#isBusy || this.#parts === undefined) this.#streams.wait(callback);
    else this.#parts.committer.whenRelieved(callback);
  }

  /** Position before the oldest entry that the table needs; `undefined` when it needs none. */
  get oldestUncommittedPosition(): number | undefined {
    return lowestPosition(this.#heldFrom, this.#parts?.committer.oldestUncommittedPosition);
  }

  /** Opens the table for the first time. @throws ServerError as `loadTable`. */
  async open(): Promise<void> {
    this.#parts = await TableParts.open(this.#options, this.#events, undefined);
    this.#committedPosition = this.#parts.committedPosition;
    this.#advance("opened");
    this.#watch.start();
  }

  /** Resolves when streams can be opened, with the table as it is now. @throws ServerError why they cannot. */
  async whenReady(): Promise<void> {
    await this.#whenSettled();
    await this.#watch.recently();
    await this.#whenSettled();
    if (this.#state !== "open") throw this.#refusal();
  }

  /**
   * What a stream writes with from now on; `wait` while that is being made anew: see {@link LiveTable.whenRelieved}.
   */
  targetFor(format: RecordFormat, descriptor: Uint8Array): RecordTarget | "wait" | ServerError {
    if (this.#isBusy) return "wait";
    const parts = this.#parts;
    if (this.#state !== "open" || parts === undefined) return this.#refusal();
    try {
      return { writer: parts.writer, path: parts.writer.pathFor(format, descriptor) };
    } catch (reason) {
      return ServerError.from(reason, `table ${this.tableName}`);
    }
  }

  subscribe(listener: TableListener): void {
    this.#streams.add(listener);
    if (this.#state === "open") {
      if (this.#streams.count === 1) this.#watch.start();
    } else if (!this.#isBusy) {
      queueMicrotask(() => listener.refuse(this.#refusal()));
    }
  }

  unsubscribe(listener: TableListener): void {
    this.#streams.delete(listener);
  }

  /**
   * Begins to take records that a start has found in the log, from an entry on. Streams wait meanwhile.
   * @returns what takes them; `undefined` once the table goes on by itself, for it has changed or failed.
   */
  beginRecovery(fromPosition: number): () => TableReplay | undefined {
    this.#heldFrom = fromPosition;
    this.#advance("changed");
    const attempt = {};
    this.#attempt = attempt;
    const replay = this.#parts?.beginReplay();
    return () => (this.#attempt === attempt ? replay : undefined);
  }

  /** All records of the log have come, unless the table goes on by itself. */
  endRecovery(replay: () => TableReplay | undefined): void {
    if (replay() !== undefined) this.#endReplay();
  }

  /** The table cannot take records, those of the log from `heldFrom` on: they stay there, and it tries again later. */
  fault(reason: unknown, heldFrom?: number): void {
    const cause = ServerError.from(reason, `table ${this.tableName}`);
    this.#abandonRows();
    this.#heldFrom = lowestPosition(this.#heldFrom, heldFrom);
    const error = tableFailure(this.tableName, cause);
    this.#failure = error;
    this.#advance(cause.code === "fenced" ? "fenced" : "faulted");
    this.#options.logger.error({ err: cause, table: this.tableName }, "table failed");
    // Not at once: a stream may be at work, whose rows are in the log and wait for their ack.
    queueMicrotask(() => this.#streams.end(error));
    void this.#stopCommitter(error);
    if (this.#state === "waiting") this.#retries.start();
  }

  /** Commits everything that has come so far; rejects when it cannot be. */
  async flush(): Promise<void> {
    if (this.#state === "waiting") this.#retry();
    for (;;) {
      await this.#whenSettled();
      if (this.#state === "dropped" || this.oldestUncommittedPosition === undefined) return;
      const parts = this.#parts;
      if (this.#state !== "open" || parts === undefined) throw this.#refusal();
      try {
        await parts.committer.flush();
        return;
      } catch (reason) {
        // A table that has changed, or was looked at anew, goes on with another committer.
        if (this.#parts === parts && !this.#isBusy) throw this.#failure ?? reason;
      }
    }
  }

  /**
   * Ends the streams, commits what is there if that is possible, and lets go of the log. Does not reject.
   * @returns the position before the oldest entry that was not committed, if there is one.
   */
  async drop(): Promise<number | undefined> {
    const error = droppedTable(this.tableName);
    this.#streams.end(error);
    try {
      await this.flush();
    } catch (reason) {
      const message = "the table was dropped before all its records were committed";
      this.#options.logger.warn({ err: reason, table: this.tableName }, message);
    }
    this.#failure = error;
    this.#advance("droppedFromCatalog");
    await this.#stop(error);
    return this.oldestUncommittedPosition;
  }

  /** Stops. What is not committed stays in the log. */
  close(): void {
    const error = new ServerError("closed", "the server was closed");
    this.#failure ??= error;
    this.#advance("closeRequested");
    void this.#stop(error);
  }

  async #whenSettled(): Promise<void> {
    while (this.#isBusy) {
      await new Promise<void>((resolve) => {
        this.#streams.wait(resolve);
      });
    }
  }

  #refusal(): ServerError {
    return this.#failure ?? new ServerError("unavailable", `table ${this.tableName} is not open`);
  }

  #advance(event: TableEvent): void {
    const before = this.#state;
    this.#state = TABLE_TRANSITIONS[before][event];
    if (this.#state !== before && !this.#isBusy) this.#streams.wake();
  }

  async #stop(reason: ServerError): Promise<void> {
    this.#attempt = undefined;
    this.#watch.stop();
    this.#retries.stop();
    this.#parts?.writer.retire("abandoned");
    await this.#stopCommitter(reason);
  }

  async #stopCommitter(reason: ServerError): Promise<void> {
    const committer = this.#parts?.committer;
    if (committer === undefined) return;
    await committer.stop(reason);
    this.#attemptedPosition = committer.attemptedPosition ?? this.#attemptedPosition;
  }

  async #look(): Promise<void> {
    const parts = this.#parts;
    if (this.#state !== "open" || parts === undefined) return;
    const isCurrent = (): boolean => this.#parts === parts && this.#state === "open";
    try {
      const snapshot = await parts.table.refresh();
      if (isCurrent()) this.#onSnapshot(snapshot);
    } catch (reason) {
      // A store that is away for a moment matters when something is to be committed.
      const isPassing = reason instanceof DeltaError && reason.code === "unavailable";
      if (!isPassing && isCurrent()) this.fault(reason);
    }
  }

  #onUnplaced(position: number): void {
    this.#heldFrom = lowestPosition(this.#heldFrom, position);
    if (this.#state === "waiting" || this.#state === "failed") return;
    this.fault(
      new ServerError("internal", `records behind log position ${position} came too late`),
    );
  }

  #onCommitted(position: number, rejected: readonly RejectedFile[]): void {
    this.#committedPosition = Math.max(position, this.#committedPosition ?? 0);
    this.#retries.reset();
    for (const file of rejected) {
      this.#rejectedRecordCount += file.rowCount;
      this.#options.logger.warn(
        { table: this.tableName, path: file.path, records: file.rowCount, reason: file.reason },
        "acknowledged records do not fit the table any more; they are kept in a file beside it",
      );
    }
    this.#options.onCommitted(this);
  }

  /** Takes over what the table has become. */
  #onSnapshot(snapshot: Snapshot): void {
    const parts = this.#parts;
    if (parts === undefined) return;
    const change = changeOf(parts.writer.snapshot, snapshot);
    if (change.kind === "none") {
      parts.adopt(snapshot);
      return;
    }
    const { version } = snapshot;
    const { logger } = this.#options;
    logger.info({ table: this.tableName, version, change }, "the table was changed");
    if (change.kind === "compatible" && this.#state === "open") {
      try {
        parts.extend(snapshot);
      } catch (reason) {
        this.fault(reason);
      }
      return;
    }
    const end = streamEndOf(this.tableName, change);
    if (end !== undefined) this.#streams.end(end);
    this.#encodeAgain();
  }

  /** What is not committed is made anew from the log. */
  #encodeAgain(): void {
    this.#abandonRows();
    this.#advance("changed");
    void this.#replay();
  }

  #abandonRows(): void {
    this.#attempt = undefined;
    this.#heldFrom = this.oldestUncommittedPosition;
    this.#parts?.writer.retire("abandoned");
  }

  async #replay(): Promise<void> {
    const attempt = {};
    this.#attempt = attempt;
    const { journal, encoders, catalog } = this.#options;
    try {
      await this.#stopCommitter(
        new ServerError("unavailable", `table ${this.tableName} is opened anew`),
      );
      if (this.#attempt !== attempt) return;
      const committed = this.#committedPosition;
      const known =
        committed === undefined ? undefined : { committed, attempted: this.#attemptedPosition };
      const parts = await TableParts.open(this.#options, this.#events, known);
      if (this.#attempt !== attempt) return;
      this.#parts = parts;
      this.#committedPosition = parts.committedPosition;
      const replay = parts.beginReplay();
      if (this.#heldFrom !== undefined) {
        const counts = await replayLog({
          journal,
          tableName: this.tableName,
          replay,
          fromPosition: parts.committedPosition,
          droppedTableIds: await catalog.droppedTableIds(),
          stages: [encoders, parts.committer],
          isWanted: () => this.#attempt === attempt,
        });
        this.#options.logger.info({ table: this.tableName, ...counts }, "replayed the log");
      }
      if (this.#attempt === attempt) this.#endReplay();
    } catch (reason) {
      if (this.#attempt === attempt) this.fault(reason);
    }
  }

  #endReplay(): void {
    this.#attempt = undefined;
    this.#heldFrom = undefined;
    this.#failure = undefined;
    this.#advance("replayed");
    this.#watch.start();
  }

  #retry(): void {
    this.#retries.stop();
    this.#advance("retryDue");
    if (this.#state === "replaying") void this.#replay();
  }
}
