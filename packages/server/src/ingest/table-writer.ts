// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { BlockBuilder, columnSpecsOf, type Snapshot } from "@sluice/delta";
import type { RecordFormat } from "@sluice/protocol";
import type { RecordDecoder } from "../columns/decoder.ts";
import type { EncoderPool } from "../commit/encoder-pool.ts";
import type { RowTarget, SealedRows } from "../commit/pending-commit.ts";
import type { TableCommitter } from "../commit/table-committer.ts";
import type { Journal, JournalDefinition, JournalSchema } from "../journal/journal.ts";
import { isFullBlock } from "./block-size.ts";
import { compileDecoder, type RecordRules, recordRulesOf } from "./compile-decoder.ts";
import { layoutOf } from "./layout-of.ts";
import { RowChecks } from "./row-checks.ts";
import { requireWritePlan } from "./write-plan.ts";

export interface TableWriterOptions {
  /** catalog.schema.table */
  readonly tableName: string;
  /** The state of the table that rows are made for. */
  readonly snapshot: Snapshot;
  readonly journal: Journal;
  readonly encoders: EncoderPool;
  readonly committer: TableCommitter;
  /** Called for rows that were logged when they could not be brought to the table any more, with where they begin. */
  readonly onUnplaced: (startPosition: number) => void;
}

/** What the records of a stream go through: the decoder, and the definition under which their frames are logged. */
export interface RecordPath {
  /** Writes to the table's builder. */
  readonly decoder: RecordDecoder;
  /** The same decoder for another builder of the table. */
  readonly bind: (builder: BlockBuilder) => RecordDecoder;
  readonly definition: JournalDefinition;
}

/**
 * Why a writer takes no more streams: `extended`, a later one has taken its place and its rows are good all the same;
 * `abandoned`, its rows that are not committed are made anew from the log.
 */
export type Retirement = "extended" | "abandoned";

/** Memory that the rows of one batch may take at the least, counting eight bytes for a value: batches of tiny records grow a lot. */
const MAX_BATCH_ROW_BYTES = 64 * 1024 * 1024;
const BYTES_PER_VALUE = 8;

/** Descriptors whose decoders are kept for the next stream that brings them. */
const MAX_PATHS = 256;

/**
 * The one place where the records of all streams to a table meet while the table stays as it is: decoders write rows into
 * the builder, the journal says where the log ends behind them, the committer takes them from there.
 */
export class TableWriter {
  readonly tableName: string;
  readonly tableId: string;
  readonly snapshot: Snapshot;
  readonly builder: BlockBuilder;
  /** What rows must be beyond their types; `undefined` where that is nothing. */
  readonly checks: RowChecks | undefined;
  /** Most records that a batch may hold. */
  readonly maxBatchRecords: number;
  readonly #options: TableWriterOptions;
  readonly #rules: RecordRules;
  readonly #target: RowTarget;
  readonly #loggedSchema: JournalSchema;
  readonly #paths = new Map<string, RecordPath>();
  #retirement: Retirement | undefined;

  /**
   * @throws ServerError `unimplemented` for what cannot be done for the table's rows.
   */
  constructor(options: TableWriterOptions) {
    const { snapshot } = options;
    this.tableName = options.tableName;
    this.tableId = snapshot.metadata.id;
    this.snapshot = snapshot;
    this.#rules = recordRulesOf(snapshot.schema, options.tableName);
    const plan = requireWritePlan(snapshot, options.tableName);
    const checks = new RowChecks(plan, this.#rules);
    this.checks = checks.isEmpty ? undefined : checks;
    this.builder = this.newBuilder();
    const columnCount = Math.max(1, snapshot.schema.fields.length);
    this.maxBatchRecords = Math.floor(MAX_BATCH_ROW_BYTES / BYTES_PER_VALUE / columnCount);
    this.#options = options;
    this.#target = {
      key: snapshot.metadata.schemaString,
      layout: layoutOf(plan, this.#rules),
    };
    this.#loggedSchema = options.journal.defineSchema(snapshot.metadata.schemaString);
  }

  /** Set once streams have to ask for another writer. */
  get retirement(): Retirement | undefined {
    return this.#retirement;
  }

  retire(retirement: Retirement): void {
    this.#retirement = retirement;
    if (retirement === "abandoned") this.builder.truncate(0);
  }

  /** An empty builder for rows that come to the table with {@link TableWriter.builderLogged}. */
  newBuilder(): BlockBuilder {
    return new BlockBuilder(columnSpecsOf(this.#rules.schema));
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
    const { configuration } = this.snapshot.metadata;
    const { tableName, tableId } = this;
    const plan = compileDecoder(this.#rules, format, descriptor, tableName, configuration);
    const path: RecordPath = {
      decoder: plan.bind(this.builder),
      bind: (builder) => plan.bind(builder),
      definition: this.#options.journal.define({
        tableName,
        tableId,
        format,
        descriptor: Uint8Array.from(descriptor),
        schema: this.#loggedSchema,
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
    const { committer, encoders } = this.#options;
    if (this.#retirement === undefined) {
      committer.rowsLogged(this.#target, startPosition, endPosition);
    }
    // Opening the file can fail, which retires the writer.
    if (this.#retirement !== undefined) {
      this.#unplaced(startPosition);
      return;
    }
    const byteLength = this.builder.byteLength();
    if (!isFullBlock(this.builder.rowCount, byteLength, encoders.openFileCount)) return;
    committer.addRows(this.#seal(), byteLength);
  }

  /** As {@link TableWriter.rowsLogged}, for the rows of another builder, which is of no use afterwards. */
  builderLogged(builder: BlockBuilder, startPosition: number, endPosition: number): void {
    if (builder.rowCount === 0) return;
    const { committer } = this.#options;
    if (this.#retirement !== "abandoned") {
      committer.rowsLogged(this.#target, startPosition, endPosition);
    }
    if (this.#isAbandoned()) {
      this.#unplaced(startPosition);
      return;
    }
    const byteLength = builder.byteLength();
    committer.addRows({ target: this.#target, block: builder.seal() }, byteLength);
  }

  /** The rows that are not in a block yet, as one. */
  seal(): readonly SealedRows[] {
    return this.builder.rowCount === 0 ? [] : [this.#seal()];
  }

  #isAbandoned(): boolean {
    return this.#retirement === "abandoned";
  }

  #unplaced(startPosition: number): void {
    this.builder.truncate(0);
    this.#options.onUnplaced(startPosition);
  }

  #seal(): SealedRows {
    const spare = this.#options.encoders.takeSpare(this.#rules.schema);
    return { target: this.#target, block: this.builder.seal(spare) };
  }
}
