// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { decodeDataPath } from "../log/data-path.ts";
import { liveTombstones } from "../log/live-tombstones.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { compressorFor } from "../parquet/compressor-for.ts";
import type { InputRow, RowRun } from "../rows/row-encoder.ts";
import type { ResolvedComponents } from "../table/components.ts";
import { writeOperationOf } from "../table/append-request.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type {
  AddedFile,
  AppendTxn,
  CommitResult,
  TransactionRequest,
} from "../table/transaction-request.ts";
import { OpenFiles } from "./open-files.ts";
import { type Partition, PartitionFinder, WHOLE_TABLE } from "./partition-key.ts";
import {
  nextTableWriterState,
  type TableWriterEvent,
  type TableWriterState,
} from "./table-writer-state.ts";
import { type WritePlan, writePlanOf } from "./write-plan.ts";

export interface TableWriterOptions {
  /**
   * Size at which a data file is ended and another begun, in bytes, 1 or more.
   * @default the table's `delta.targetFileSize`, else 134217728 (128 MiB)
   */
  readonly targetFileBytes?: number;
  /**
   * Files of different partitions that may be open at once, 1 or more; the one that has not been written to for longest
   * is ended early. @default 100
   */
  readonly maxOpenPartitions?: number;
  /**
   * Bytes of rows that may be in memory and not in a file, over all partitions; beyond, the partition that holds most is
   * made a row group of. At least one batch of 1024 rows is held. @default 134217728 (128 MiB)
   */
  readonly maxBufferedBytes?: number;
}

export interface WriterCommitOptions {
  /** Makes a repeated load add nothing; see {@link AppendTxn}. */
  readonly txn?: AppendTxn;
  readonly userMetadata?: string;
}

/** Rows of any number, one after the other or all at once. */
export type InputRows = Iterable<InputRow> | AsyncIterable<InputRow>;

/** What a writer needs of its table. */
export interface WrittenTable {
  readonly components: ResolvedComponents;
  snapshot(): Snapshot;
  refresh(): Promise<Snapshot>;
  commit(request: TransactionRequest): Promise<CommitResult>;
}

const DEFAULT_TARGET_FILE_BYTES = 128 * 1024 * 1024;
const DEFAULT_MAX_OPEN_PARTITIONS = 100;
const DEFAULT_MAX_BUFFERED_BYTES = 128 * 1024 * 1024;
/** Rows that are turned into columns at a time. */
const BATCH_ROWS = 1024;

/**
 * @throws DeltaError `unsupported` naming everything that the table asks for and this library cannot do,
 *   `invalid_argument` for an option out of its range.
 */
export async function openTableWriter(
  table: WrittenTable,
  options: TableWriterOptions,
): Promise<TableWriter> {
  const writtenFor = table.snapshot();
  const plan = writePlanOf(writtenFor);
  const compressor = await compressorFor(plan.compression);
  const targetFileBytes =
    options.targetFileBytes ?? plan.targetFileBytes ?? DEFAULT_TARGET_FILE_BYTES;
  const files = new OpenFiles(plan, table.components, compressor, {
    targetFileBytes: limitOf("targetFileBytes", targetFileBytes),
    maxOpenPartitions: limitOf(
      "maxOpenPartitions",
      options.maxOpenPartitions ?? DEFAULT_MAX_OPEN_PARTITIONS,
    ),
    maxBufferedBytes: limitOf(
      "maxBufferedBytes",
      options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES,
    ),
  });
  return new TableWriter(table, writtenFor, plan, files);
}

/**
 * Writes rows into data files of a table, and makes all of them part of it in one commit. Rows are checked as they come:
 * the first that the table cannot take ends the writer, and nothing of it becomes part of the table. Calls are made one
 * after the other. Memory is bounded however many rows there are.
 *
 * Get one by `DeltaTable.openWriter`. Either {@link TableWriter.commit} or {@link TableWriter.abort} ends it.
 */
export class TableWriter implements AsyncDisposable {
  readonly #table: WrittenTable;
  readonly #writtenFor: Snapshot;
  readonly #plan: WritePlan;
  readonly #files: OpenFiles;
  readonly #partitions: PartitionFinder;
  #state: TableWriterState = "open";
  #rowCount = 0;
  /** Set where a commit that was reported as failed may have happened: the files must stay. */
  #mayBeCommitted = false;

  /** @internal */
  constructor(table: WrittenTable, writtenFor: Snapshot, plan: WritePlan, files: OpenFiles) {
    this.#table = table;
    this.#writtenFor = writtenFor;
    this.#plan = plan;
    this.#files = files;
    this.#partitions = new PartitionFinder(plan.partitionColumns, plan.defaults);
  }

  get state(): TableWriterState {
    return this.#state;
  }

  /** Rows taken so far. */
  get rowCount(): number {
    return this.#rowCount;
  }

  /**
   * Takes rows, in order; resolves when they are in memory or in files.
   * @throws DeltaError `invalid_argument` naming row (counted from 0 over all calls), column, value and limit, or the
   *   CHECK constraint that a row breaks; and what the store throws. What the iterable throws is passed on. The writer
   *   can only be aborted then.
   */
  async write(rows: InputRows): Promise<void> {
    this.#on("write");
    try {
      if (Array.isArray(rows)) await this.#writeArray(rows as readonly InputRow[]);
      else await this.#writeIterable(rows);
    } catch (error) {
      this.#on("fail");
      throw error;
    }
    this.#on("written");
  }

  /**
   * Ends all files and makes them part of the table in one version. A `conflict` other than `contention` is final: the
   * table has become another one than the rows were written for. Where the promise is rejected, the same call can be made
   * again, and does not add the rows twice.
   * @throws DeltaError as `DeltaTable.append`.
   */
  async commit(options: WriterCommitOptions = {}): Promise<CommitResult> {
    this.#on("commit");
    try {
      await this.#files.finishAll();
    } catch (error) {
      this.#on("fail");
      throw error;
    }
    try {
      const result = await this.#commit(options);
      if (result.kind !== "conflict") this.#on("committed");
      else this.#on(result.reason === "contention" ? "unsettle" : "refuse");
      if (result.kind === "alreadyCommitted") await this.#dropUnlessCommitted();
      return result;
    } catch (error) {
      if (this.#state === "committing") this.#on("unsettle");
      throw error;
    }
  }

  /**
   * Gives up and removes the files that were written, unless they are part of the table, or may be. What cannot be
   * removed costs only room, until a vacuum. Does nothing after a commit or a second time.
   */
  async abort(): Promise<void> {
    const isFirst = this.#state !== "aborted" && this.#state !== "committed";
    this.#on("abort");
    if (isFirst) await this.#files.abort(!this.#mayBeCommitted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  #on(event: TableWriterEvent): void {
    this.#state = nextTableWriterState(this.#state, event);
  }

  async #commit({ txn, userMetadata }: WriterCommitOptions): Promise<CommitResult> {
    const files = this.#files.finished;
    if (this.#mayBeCommitted) {
      const latest = await this.#table.refresh();
      if (await hasHeldAny(this.#table.components.store, latest, files)) {
        return { kind: "alreadyCommitted" };
      }
    }
    try {
      const result = await this.#table.commit({
        readSnapshot: this.#writtenFor,
        reads: "nothing",
        ...writeOperationOf(files, txn),
        adds: files,
        ...(txn === undefined ? {} : { txn }),
        ...(userMetadata === undefined ? {} : { userMetadata }),
      });
      if (result.kind === "committed") this.#mayBeCommitted = true;
      return result;
    } catch (error) {
      if (!(error instanceof DeltaError) || error.effect === "unknown") this.#mayBeCommitted = true;
      throw error;
    }
  }

  /** Rows that the table has from an earlier load with the same `txn` are in other files. */
  async #dropUnlessCommitted(): Promise<void> {
    if (!this.#mayBeCommitted) await this.#files.abort(true);
  }

  async #writeArray(rows: readonly InputRow[]): Promise<void> {
    const base = this.#rowCount;
    const run: RowRun = { rows, indexOf: (position) => base + position };
    for (let start = 0; start < rows.length; start += BATCH_ROWS) {
      await this.#writeBatch(run, start, Math.min(rows.length, start + BATCH_ROWS));
    }
  }

  async #writeIterable(rows: InputRows): Promise<void> {
    let batch: InputRow[] = [];
    const writeBatch = async (): Promise<void> => {
      await this.#writeArray(batch);
      batch = [];
    };
    for await (const row of rows) {
      batch.push(row);
      if (batch.length === BATCH_ROWS) await writeBatch();
    }
    if (batch.length > 0) await writeBatch();
  }

  async #writeBatch(run: RowRun, start: number, end: number): Promise<void> {
    checkRows(run, start, end);
    if (this.#plan.partitionColumns.length === 0) {
      await this.#files.write(WHOLE_TABLE, run, start, end);
    } else {
      for (const { partition, part } of this.#split(run, start, end)) {
        await this.#files.write(partition, part, 0, part.rows.length);
      }
    }
    this.#rowCount += end - start;
    await this.#files.relieve();
  }

  #split(
    { rows, indexOf }: RowRun,
    start: number,
    end: number,
  ): Iterable<{ readonly partition: Partition; readonly part: RowRun }> {
    const groups = new Map<string, { partition: Partition; rows: InputRow[]; indices: number[] }>();
    for (let position = start; position < end; position += 1) {
      const row = rows[position] as InputRow;
      const partition = this.#partitions.find(row, indexOf(position));
      let group = groups.get(partition.key);
      if (group === undefined) {
        group = { partition, rows: [], indices: [] };
        groups.set(partition.key, group);
      }
      group.rows.push(row);
      group.indices.push(indexOf(position));
    }
    return [...groups.values()].map(({ partition, rows: own, indices }) => ({
      partition,
      part: { rows: own, indexOf: (position: number) => indices[position] as number },
    }));
  }
}

function checkRows({ rows, indexOf }: RowRun, start: number, end: number): void {
  for (let position = start; position < end; position += 1) {
    const row: unknown = rows[position];
    if (typeof row === "object" && row !== null) continue;
    throw new DeltaError("invalid_argument", `row ${indexOf(position)} is not an object`, {
      details: { rowIndex: indexOf(position) },
    });
  }
}

/** Whether files are, or have been, part of a table: another writer may have written their rows together since. */
async function hasHeldAny(
  store: ObjectStore,
  latest: Snapshot,
  files: readonly AddedFile[],
): Promise<boolean> {
  if (files.some(({ path }) => latest.files.has(path))) return true;
  const paths = new Set(files.map(({ path }) => path));
  for await (const { path } of liveTombstones(store, latest, Number.NEGATIVE_INFINITY)) {
    if (paths.has(decodeDataPath(path))) return true;
  }
  return false;
}

function limitOf(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new DeltaError(
    "invalid_argument",
    `${name} is ${value}; it must be a whole number from 1 to 2^53 - 1`,
  );
}
