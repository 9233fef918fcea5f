// SPDX-License-Identifier: Apache-2.0
import { BlockBuilder, columnSpecsOf, parseSchemaString } from "@sluice/delta";
import type { RecordDecoder } from "../columns/decoder.ts";
import { plainLayout } from "../commit/file-layout.ts";
import type { RowTarget, SealedRows } from "../commit/pending-commit.ts";
import type { TableCommitter } from "../commit/table-committer.ts";
import { ServerError } from "../errors.ts";
import {
  ACCEPT_ISO_TEXTS_PROPERTY,
  compileDecoder,
  recordRulesOf,
} from "../ingest/compile-decoder.ts";
import type { RecordPath, TableWriter } from "../ingest/table-writer.ts";
import type { Pressure } from "../pressure.ts";
import { columnOfOtherMeaning } from "./changed-meaning.ts";
import { forEachRecord } from "./frame-records.ts";
import type { LoggedDefinition, LoggedFrames } from "./log-definitions.ts";

/** What became of the records of an entry. */
export interface ReplayCounts {
  readonly recoveredRecords: number;
  /** Acknowledged, and not of the table any more; they are kept beside it. */
  readonly rejectedRecords: number;
}

/** Where records of one definition go. */
interface ReplayTarget {
  /** `undefined` where none of them fits the table. */
  readonly path: RecordPath | undefined;
  /** Why not. */
  readonly refusal: string;
  /** Made for the first record that does not fit. */
  rejects: Rejects | undefined;
}

/** Rows as the table had them when they were acknowledged. */
interface Rejects {
  readonly builder: BlockBuilder;
  readonly decoder: RecordDecoder;
  readonly target: RowTarget;
}

const REJECTED_BLOCK_ROWS = 16_384;
const REJECTED_BLOCK_BYTES = 8 * 1024 * 1024;

/** What the old rules may have allowed, the table's properties of the time being unknown. */
const MOST_LENIENT = { [ACCEPT_ISO_TEXTS_PROPERTY]: "true" };

/**
 * Decodes records of the log again for a table as it is now. Those that do not fit it any more are kept, with the columns
 * they were acknowledged with, in files beside the table's own.
 */
export class TableReplay {
  readonly #writer: TableWriter;
  readonly #committer: TableCommitter;
  readonly #targets = new Map<LoggedDefinition, ReplayTarget>();

  constructor(writer: TableWriter, committer: TableCommitter) {
    this.#writer = writer;
    this.#committer = committer;
  }

  /** What has to keep up with the replay. */
  get pressure(): Pressure {
    return this.#committer;
  }

  /**
   * Adds the records of an entry.
   * @param position that of the entry.
   * @throws ServerError `data_loss` when a record is not what was acknowledged either; none of the entry is added then.
   */
  add({ entry, definition }: LoggedFrames, position: number): ReplayCounts {
    const writer = this.#writer;
    const target = this.#targetFor(definition);
    const rowsBefore = writer.builder.rowCount;
    let recoveredRecords = 0;
    let rejectedRecords = 0;
    let reason: string;
    forEachRecord(entry, (buffer, start, end) => {
      const refusal = this.#take(target, buffer, start, end);
      if (refusal === undefined) {
        recoveredRecords++;
        return;
      }
      reason = refusal;
      target.rejects ??= rejectsOf(definition, reason, writer.tableName);
      if (!target.rejects.decoder.decode(buffer, start, end)) {
        writer.builder.truncate(rowsBefore);
        target.rejects.builder.truncate(target.rejects.builder.rowCount - rejectedRecords);
        throw unreadable(position, writer.tableName, target.rejects.decoder);
      }
      rejectedRecords++;
    });
    const startPosition = position - entry.frames.length;
    this.#committer.rowsSettled(startPosition, position);
    writer.rowsLogged(startPosition, position);
    if (target.rejects !== undefined) this.#handOver(target.rejects);
    return { recoveredRecords, rejectedRecords };
  }

  /** The rejected rows that are not in a file yet. */
  seal(): readonly SealedRows[] {
    const sealed: SealedRows[] = [];
    for (const { rejects } of this.#targets.values()) {
      if (rejects === undefined || rejects.builder.rowCount === 0) continue;
      sealed.push({ target: rejects.target, block: rejects.builder.seal() });
    }
    return sealed;
  }

  /** @returns why the table does not take the record. */
  #take(target: ReplayTarget, buffer: Uint8Array, start: number, end: number): string | undefined {
    const { path, refusal } = target;
    if (path === undefined) return refusal;
    if (!path.decoder.decode(buffer, start, end)) {
      return path.decoder.failure?.message ?? "it cannot be decoded";
    }
    const { builder, checks } = this.#writer;
    const broken = checks?.firstBroken(builder, builder.rowCount - 1, builder.rowCount);
    if (broken !== undefined) builder.truncate(builder.rowCount - 1);
    return broken?.message;
  }

  /** Hands rows over in blocks, so that those of a long log are not all in memory. */
  #handOver({ builder, target }: Rejects): void {
    const byteLength = builder.byteLength();
    if (builder.rowCount < REJECTED_BLOCK_ROWS && byteLength < REJECTED_BLOCK_BYTES) return;
    this.#committer.addRows({ target, block: builder.seal() }, byteLength);
  }

  #targetFor(definition: LoggedDefinition): ReplayTarget {
    let target = this.#targets.get(definition);
    if (target === undefined) {
      target = { ...this.#pathFor(definition), rejects: undefined };
      this.#targets.set(definition, target);
    }
    return target;
  }

  #pathFor(definition: LoggedDefinition): Pick<ReplayTarget, "path" | "refusal"> {
    if (definition.tableId !== this.#writer.tableId) {
      return { path: undefined, refusal: "they are of an earlier table of this name" };
    }
    const acknowledged = parseSchemaString(definition.schemaString);
    const column = columnOfOtherMeaning(acknowledged, this.#writer.snapshot.schema);
    if (column !== undefined) {
      const refusal = `column ${JSON.stringify(column)} was given another type, to which their numbers mean something else`;
      return { path: undefined, refusal };
    }
    try {
      const path = this.#writer.pathFor(definition.format, definition.descriptor);
      return { path, refusal: "" };
    } catch (reason) {
      if (!(reason instanceof ServerError)) throw reason;
      return { path: undefined, refusal: reason.message };
    }
  }
}

function rejectsOf(definition: LoggedDefinition, reason: string, tableName: string): Rejects {
  const { schemaString, format, descriptor } = definition;
  const rules = recordRulesOf(parseSchemaString(schemaString), tableName);
  const { schema } = rules;
  const builder = new BlockBuilder(columnSpecsOf(schema));
  const plan = compileDecoder(rules, format, descriptor, tableName, MOST_LENIENT);
  const key = `rejected:${schemaString}`;
  return {
    builder,
    decoder: plan.bind(builder),
    target: { key, layout: plainLayout(schema), rejection: reason },
  };
}

function unreadable(position: number, tableName: string, decoder: RecordDecoder): ServerError {
  const reason = decoder.failure?.message ?? "it cannot be decoded";
  const message = `a record in the log at position ${position} fits table ${tableName} neither as it is nor as it was: ${reason}; the log is damaged, or was written by another version`;
  return new ServerError("data_loss", message, { table: tableName });
}
