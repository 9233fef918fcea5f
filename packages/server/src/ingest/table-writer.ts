// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import {
  BlockBuilder,
  type ColumnBlock,
  columnSpecsOf,
  type DeltaTable,
  type StructType,
} from "@sluice/delta";
import { isFullBlock } from "./block-size.ts";
import type { RecordFormat } from "@sluice/protocol";
import type { Clock } from "../clock.ts";
import type { RecordDecoder } from "../columns/decoder.ts";
import type { CommitTurns } from "../commit/commit-turns.ts";
import { type CommitSettings, TableCommitter } from "../commit/table-committer.ts";
import type { EncoderPool } from "../commit/encoder-pool.ts";
import type { ServerError } from "../errors.ts";
import type { Journal, JournalDefinition } from "../journal/journal.ts";
import type { Logger } from "../logger.ts";
import { compileDecoder } from "./compile-decoder.ts";
import { commitIntervalOf } from "./table-properties.ts";

export interface TableWriterOptions {
  /** catalog.schema.table */
  readonly tableName: string;
  readonly table: DeltaTable;
  readonly journal: Journal;
  readonly encoders: EncoderPool;
  readonly turns: CommitTurns;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: CommitSettings;
  readonly onCommitted: (position: number) => void;
  readonly onFailure: (reason: ServerError) => void;
}

/** What the records of a stream go through: the decoder, and the definition under which their frames are logged. */
export interface RecordPath {
  /** Writes to the table's builder. */
  readonly decoder: RecordDecoder;
  /** The same decoder for another builder of the table. */
  readonly bind: (builder: BlockBuilder) => RecordDecoder;
  readonly definition: JournalDefinition;
}

/** Memory that the rows of one batch may take at the least, counting eight bytes for a value: batches of tiny records grow a lot. */
const MAX_BATCH_ROW_BYTES = 64 * 1024 * 1024;
const BYTES_PER_VALUE = 8;

/** Descriptors whose decoders are kept for the next stream that brings them. */
const MAX_PATHS = 256;

/**
 * The one place where the records of all streams to a table meet: decoders write rows into the builder, the journal says
 * where the log ends behind them, the committer takes them from there.
 */
export class TableWriter {
  readonly tableName: string;
  readonly tableId: string;
  readonly schema: StructType;
  readonly builder: BlockBuilder;
  /** Most records that a batch may hold. */
  readonly maxBatchRecords: number;
  readonly #options: TableWriterOptions;
  readonly #committer: TableCommitter;
  readonly #paths = new Map<string, RecordPath>();

  /** @throws TypeError when the table has a column whose type cannot be written. */
  constructor(options: TableWriterOptions) {
    const snapshot = options.table.snapshot();
    this.tableName = options.tableName;
    this.tableId = snapshot.metadata.id;
    this.schema = snapshot.schema;
    this.builder = this.newBuilder();
    const columnCount = Math.max(1, snapshot.schema.fields.length);
    this.maxBatchRecords = Math.floor(MAX_BATCH_ROW_BYTES / BYTES_PER_VALUE / columnCount);
    this.#options = options;
    this.#committer = new TableCommitter({
      ...options,
      settings: settingsFor(options),
      schema: snapshot.schema,
      sealRows: () => (this.builder.rowCount === 0 ? undefined : this.#seal()),
    });
  }

  get failure(): ServerError | undefined {
    return this.#committer.failure;
  }

  get isSaturated(): boolean {
    return this.#committer.isSaturated;
  }

  /** An empty builder for rows that come to the table with {@link TableWriter.builderLogged}. */
  newBuilder(): BlockBuilder {
    return new BlockBuilder(columnSpecsOf(this.schema));
  }

  /** Log position up to which the table had the records of a log when its writer was made. */
  committedTransaction(appId: string): number {
    return this.#options.table.snapshot().txns.get(appId)?.version ?? 0;
  }

  whenRelieved(callback: () => void): void {
    this.#committer.whenRelieved(callback);
  }

  get oldestUncommittedPosition(): number | undefined {
    return this.#committer.oldestUncommittedPosition;
  }

  /**
   * The decoder and definition for a stream; made once per encoding and descriptor.
   * @throws ServerError `invalid_argument` or `schema_mismatch` when the descriptor does not fit the table.
   */
  pathFor(format: RecordFormat, descriptor: Uint8Array): RecordPath {
    const key = `${format}:${createHash("sha256").update(descriptor).digest("base64")}`;
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    if (this.#paths.size >= MAX_PATHS) {
      // Streams that use it keep it; only the next one to ask has to compile again.
      const oldest = this.#paths.keys().next();
      if (oldest.done !== true) this.#paths.delete(oldest.value);
    }
    const plan = compileDecoder(
      this.schema,
      format,
      descriptor,
      this.tableName,
      this.#options.table.snapshot().metadata.configuration,
    );
    const { tableName, tableId } = this;
    const path: RecordPath = {
      decoder: plan.bind(this.builder),
      bind: (builder) => plan.bind(builder),
      definition: this.#options.journal.define({
        tableName,
        tableId,
        format,
        descriptor: Uint8Array.from(descriptor),
      }),
    };
    this.#paths.set(key, path);
    return path;
  }

  /**
   * Notes that every row in the builder is in the log, which now ends at `endPosition`. Called at message boundaries, so
   * that a block never holds half a batch.
   */
  rowsLogged(startPosition: number, endPosition: number): void {
    if (this.builder.rowCount === 0) return;
    if (this.failure !== undefined) {
      // They are in the log, and are brought in after a restart.
      this.builder.truncate(0);
      return;
    }
    this.#committer.rowsLogged(startPosition, endPosition);
    const byteLength = this.builder.byteLength();
    const { openFileCount } = this.#options.encoders;
    if (!isFullBlock(this.builder.rowCount, byteLength, openFileCount)) return;
    this.#committer.addBlock(this.#seal(), byteLength);
  }

  /** As {@link TableWriter.rowsLogged}, for the rows of another builder, which is of no use afterwards. */
  builderLogged(builder: BlockBuilder, startPosition: number, endPosition: number): void {
    if (builder.rowCount === 0 || this.failure !== undefined) return;
    this.#committer.rowsLogged(startPosition, endPosition);
    // Opening the file can fail; the rows are in the log then, and are brought in after a restart.
    if (this.failure === undefined) {
      const byteLength = builder.byteLength();
      this.#committer.addBlock(builder.seal(), byteLength);
    }
  }

  flush(): Promise<void> {
    return this.#committer.flush();
  }

  close(): void {
    this.#committer.close();
  }

  #seal(): ColumnBlock {
    return this.builder.seal(this.#options.encoders.takeSpare(this.schema));
  }
}

/** The server's settings with what the table's properties say instead. */
function settingsFor({ table, tableName, settings, logger }: TableWriterOptions): CommitSettings {
  const commitIntervalMs = commitIntervalOf(table.snapshot().metadata.configuration);
  if (commitIntervalMs === undefined) return settings;
  if (typeof commitIntervalMs === "number") return { ...settings, commitIntervalMs };
  const { problem } = commitIntervalMs;
  logger.warn(
    { table: tableName },
    `${problem}; the server's ${settings.commitIntervalMs} ms hold`,
  );
  return settings;
}
