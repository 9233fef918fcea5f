// SPDX-License-Identifier: Apache-2.0
import {
  CHAR_VARCHAR_METADATA_KEY,
  columnKindOf,
  DeltaError,
  type DeltaTable,
  sqlOfField,
} from "@sluice/delta";
import { MAX_COLUMNS } from "@sluice/protocol";
import type { Catalog } from "../catalog/catalog.ts";
import type { TableName } from "../catalog/table-name.ts";
import { ServerError } from "../errors.ts";
import { CommitTurns } from "../commit/commit-turns.ts";
import { transactionAppId } from "../commit/table-committer.ts";
import { TableWriter, type TableWriterOptions } from "./table-writer.ts";

/** The parts of a table writer that all tables share. */
export type SharedWriterOptions = Pick<
  TableWriterOptions,
  "journal" | "encoders" | "clock" | "logger" | "settings"
>;

export interface TableRegistryOptions extends SharedWriterOptions {
  readonly catalog: Catalog;
  /** Called after each commit of any table. */
  readonly onCommitted: () => void;
  /** Called once for a table that can commit no more. */
  readonly onTableFailure: (table: string, reason: ServerError) => void;
}

/** The tables that are being written to: one writer each, made when the first stream or recovery asks for it. */
export class TableRegistry {
  readonly #options: TableRegistryOptions;
  readonly #writers = new Map<string, Promise<TableWriter>>();
  readonly #open = new Map<string, TableWriter>();
  readonly #turns: CommitTurns;

  constructor(options: TableRegistryOptions) {
    this.#options = options;
    this.#turns = new CommitTurns(options.clock);
  }

  /** @throws ServerError `not_found`, `unimplemented`, `invalid_argument`. */
  writerFor(name: TableName): Promise<TableWriter> {
    const known = this.#writers.get(name.full);
    if (known !== undefined) return known;
    const opening = this.#openWriter(name);
    this.#writers.set(name.full, opening);
    // A table that is absent now may be created later.
    opening.catch(() => this.#writers.delete(name.full));
    return opening;
  }

  /** Takes no streams for a table until the server is started again: its records in the log could not be brought in. */
  block(name: TableName, reason: ServerError): void {
    const refusal = Promise.reject<TableWriter>(reason);
    refusal.catch(() => undefined);
    this.#writers.set(name.full, refusal);
  }

  /** The writers that exist. */
  get writers(): readonly TableWriter[] {
    return [...this.#open.values()];
  }

  /** Commits everything of every table; rejects with the first failure when all have been tried. */
  async flush(): Promise<void> {
    const outcomes = await Promise.allSettled(this.writers.map((writer) => writer.flush()));
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  close(): void {
    for (const writer of this.writers) writer.close();
  }

  async #openWriter(name: TableName): Promise<TableWriter> {
    const { catalog, onCommitted, onTableFailure } = this.#options;
    const table = await this.#openTable(catalog, name);
    checkWritable(table, name.full);
    const writer = new TableWriter({
      ...this.#options,
      turns: this.#turns,
      tableName: name.full,
      table,
      onCommitted,
      onFailure: (reason) => onTableFailure(name.full, reason),
    });
    const ahead = writer.committedTransaction(transactionAppId(this.#options.journal.logId));
    if (ahead > this.#options.journal.nextPosition) {
      const message = `table ${name.full} holds records up to position ${ahead} of a log that ends at ${this.#options.journal.nextPosition}: the log is an older copy than the table. Bring the newest log back, or move the log directory away to start a new one`;
      throw new ServerError("fenced", message, { table: name.full });
    }
    this.#open.set(name.full, writer);
    return writer;
  }

  async #openTable(catalog: Catalog, name: TableName): Promise<DeltaTable> {
    try {
      return await catalog.openTable(name.full);
    } catch (cause) {
      if (!(cause instanceof DeltaError)) throw cause;
      const code = cause.code === "unsupported" ? "unimplemented" : "unavailable";
      const message = `table ${name.full} cannot be opened: ${cause.message}`;
      throw new ServerError(code, message, { table: name.full }, cause);
    }
  }
}

/** @throws ServerError `unimplemented` for a table that records cannot be written to. */
function checkWritable(table: DeltaTable, name: string): void {
  const { schema } = table.snapshot();
  if (schema.fields.length > MAX_COLUMNS) {
    const message = `table ${name} has ${schema.fields.length} columns; the limit is ${MAX_COLUMNS}`;
    throw new ServerError("unimplemented", message, { table: name, limit: MAX_COLUMNS });
  }
  for (const field of schema.fields) {
    const kind = columnKindOf(field.type);
    // The length of CHAR(n) and VARCHAR(n) is checked for whole columns only.
    const isBounded = kind === "nested" && field.metadata[CHAR_VARCHAR_METADATA_KEY] !== undefined;
    if (kind !== undefined && !isBounded) continue;
    const message = `column ${sqlOfField(field)} of table ${name} has a type that cannot be ingested yet`;
    throw new ServerError("unimplemented", message, { table: name, field: field.name });
  }
}
