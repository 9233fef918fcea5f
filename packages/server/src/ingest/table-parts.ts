// SPDX-License-Identifier: Apache-2.0
import type { DeltaTable, Snapshot } from "@sluice/delta";
import type { Catalog } from "../catalog/catalog.ts";
import type { Clock } from "../clock.ts";
import type { CommitTurns } from "../commit/commit-turns.ts";
import type { EncoderPool } from "../commit/encoder-pool.ts";
import type { RejectedFile, SealedRows } from "../commit/pending-commit.ts";
import { removeUnsettledRejects } from "../commit/rejected-files.ts";
import { type CommitSettings, TableCommitter } from "../commit/table-committer.ts";
import type { ServerError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import { TableReplay } from "../journal/table-replay.ts";
import type { Logger } from "../logger.ts";
import { type KnownPositions, loadTable } from "./load-table.ts";
import { commitIntervalOf } from "./table-properties.ts";
import { TableWriter } from "./table-writer.ts";

export interface TablePartsOptions {
  /** catalog.schema.table, lower case. */
  readonly tableName: string;
  readonly catalog: Catalog;
  readonly journal: Journal;
  readonly encoders: EncoderPool;
  readonly turns: CommitTurns;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: CommitSettings;
}

/** What the owner of the parts is told. */
export interface TablePartsEvents {
  readonly onChanged: (snapshot: Snapshot) => void;
  readonly onCommitted: (position: number, rejected: readonly RejectedFile[]) => void;
  readonly onFailure: (reason: ServerError) => void;
  /** Rows were logged that could not be brought to the table any more; they begin behind the position. */
  readonly onUnplaced: (startPosition: number) => void;
}

/** What writes to a table while it stays as it is, or changes so that earlier rows fit. */
export class TableParts {
  readonly table: DeltaTable;
  /** Log position up to which the table had the log's records when it was opened. */
  readonly committedPosition: number;
  readonly committer: TableCommitter;
  readonly #options: TablePartsOptions;
  readonly #events: TablePartsEvents;
  #writer: TableWriter;
  #replay: TableReplay | undefined;

  /** Opens the table. @throws ServerError as `loadTable`. */
  static async open(
    options: TablePartsOptions,
    events: TablePartsEvents,
    known: KnownPositions | undefined,
  ): Promise<TableParts> {
    const { catalog, journal, tableName } = options;
    const { table, committedPosition } = await loadTable(catalog, journal, tableName, known);
    // A table that was set back, or made anew, may have forgotten a position that it had.
    const settledPosition = Math.max(committedPosition, journal.firstPosition);
    await removeUnsettledRejects(table.location, journal.logId, settledPosition);
    return new TableParts(options, events, table, committedPosition);
  }

  private constructor(
    options: TablePartsOptions,
    events: TablePartsEvents,
    table: DeltaTable,
    committedPosition: number,
  ) {
    const snapshot = table.snapshot();
    this.table = table;
    this.committedPosition = committedPosition;
    this.#options = options;
    this.#events = events;
    this.committer = new TableCommitter({
      ...options,
      ...events,
      table,
      writtenFor: snapshot,
      settings: this.#settingsFor(snapshot),
      sealRows: () => this.#sealRows(),
    });
    this.#writer = this.#newWriter(snapshot);
  }

  /** Where streams write to now. */
  get writer(): TableWriter {
    return this.#writer;
  }

  /** Takes records of the log; its rejected rows are committed with the others. */
  beginReplay(): TableReplay {
    this.#replay = new TableReplay(this.#writer, this.committer);
    return this.#replay;
  }

  /**
   * Goes on with a new writer where the schema is another; rows of the earlier one are committed with those of the next.
   * @throws ServerError `unimplemented` when records cannot be written to what the table has become.
   */
  extend(snapshot: Snapshot): void {
    const writer = this.#newWriter(snapshot);
    for (const rows of this.#writer.seal()) this.committer.addRows(rows, 0);
    this.#writer.retire("extended");
    this.#writer = writer;
    this.adopt(snapshot);
  }

  /** The table's rows are the only difference. */
  adopt(snapshot: Snapshot): void {
    this.committer.adopt(snapshot, this.#settingsFor(snapshot));
  }

  #newWriter(snapshot: Snapshot): TableWriter {
    const { onUnplaced } = this.#events;
    return new TableWriter({ ...this.#options, snapshot, committer: this.committer, onUnplaced });
  }

  #sealRows(): readonly SealedRows[] {
    return [...this.#writer.seal(), ...(this.#replay?.seal() ?? [])];
  }

  /** The server's settings with what the table's properties say instead. */
  #settingsFor({ metadata }: Snapshot): CommitSettings {
    const { settings, logger, tableName } = this.#options;
    const commitIntervalMs = commitIntervalOf(metadata.configuration);
    if (commitIntervalMs === undefined) return settings;
    if (typeof commitIntervalMs === "number") return { ...settings, commitIntervalMs };
    const text = `${commitIntervalMs.problem}; the server's ${settings.commitIntervalMs} ms hold`;
    logger.warn({ table: tableName }, text);
    return settings;
  }
}
