// SPDX-License-Identifier: Apache-2.0
import type { Log } from "@sluice/log";
import { BatchReader, FrameScanner, IngestReader, MAX_MESSAGE_BYTES } from "@sluice/protocol";
import { parseTableName } from "../catalog/table-name.ts";
import { transactionAppId } from "../commit/table-committer.ts";
import { ServerError } from "../errors.ts";
import type { TableRegistry } from "../ingest/table-registry.ts";
import type { RecordPath, TableWriter } from "../ingest/table-writer.ts";
import type { Logger } from "../logger.ts";
import type { Pressure } from "../pressure.ts";
import { decodeEntry, type DefinitionEntry, type FramesEntry } from "./entry-codec.ts";

export interface RecoverySummary {
  /** Records that were durable in the log and not committed to their table. */
  readonly recoveredRecords: number;
  /** Records of tables that do not exist any more. */
  readonly skippedRecords: number;
}

/** How the frames under one definition are to be read back; `undefined` for a table that is gone. */
interface RecoveryPath {
  readonly writer: TableWriter;
  readonly path: RecordPath;
  /** Up to here the table has the records already. */
  readonly committedPosition: number;
}

/**
 * Brings what the log holds and the tables do not into the tables' writers, which commit it as they commit new records.
 * A table's `txn` action says up to which position it has the log's records, so that none is committed twice.
 * @throws ServerError `data_loss` when a record in the log no longer fits its table.
 */
export async function recoverTables(
  log: Log,
  tables: TableRegistry,
  pressure: Pressure,
  logger: Logger,
): Promise<RecoverySummary> {
  const definitions = await readDefinitions(log);
  const paths = new Map<string, RecoveryPath | undefined>();
  for (const [key, definition] of definitions) {
    paths.set(key, await openPath(log, tables, definition, logger));
  }
  const reader = new FrameReplay();
  let recoveredRecords = 0;
  let skippedRecords = 0;
  await log.replay(0, (bytes, position, segmentIndex) => {
    const entry = decodeEntry(bytes);
    if (entry === undefined) throw notOurs(position);
    if (entry.kind === "definition") return undefined;
    const key = `${segmentIndex}:${entry.definitionId}`;
    if (!definitions.has(key)) throw notOurs(position);
    const path = paths.get(key);
    if (path === undefined) {
      skippedRecords += reader.count(entry);
    } else if (position > path.committedPosition) {
      recoveredRecords += reader.replay(entry, path, position);
      return relief([pressure, path.writer]);
    }
    return undefined;
  });
  return { recoveredRecords, skippedRecords };
}

/** What replay has to wait for before it goes on, so that the columns of a long log are not all in memory at once. */
function relief(stages: readonly Pressure[]): Promise<void> | undefined {
  const saturated = stages.find((stage) => stage.isSaturated);
  return saturated && new Promise((resolve) => saturated.whenRelieved(resolve));
}

async function readDefinitions(log: Log): Promise<Map<string, DefinitionEntry>> {
  const definitions = new Map<string, DefinitionEntry>();
  await log.replay(0, (bytes, position, segmentIndex) => {
    const entry = decodeEntry(bytes);
    if (entry === undefined) throw notOurs(position);
    if (entry.kind !== "definition") return;
    const descriptor = Uint8Array.from(entry.descriptor);
    definitions.set(`${segmentIndex}:${entry.definitionId}`, { ...entry, descriptor });
  });
  return definitions;
}

async function openPath(
  log: Log,
  tables: TableRegistry,
  definition: DefinitionEntry,
  logger: Logger,
): Promise<RecoveryPath | undefined> {
  const { tableName: table, tableId, format, descriptor } = definition;
  const name = parseTableName(table);
  if ("problem" in name) throw new ServerError("data_loss", `the log names a table ${table}`);
  let writer: TableWriter;
  try {
    writer = await tables.writerFor(name);
  } catch (reason) {
    const error = ServerError.from(reason, `recovery of table ${table}`);
    if (error.code !== "not_found") throw error;
    logger.warn(
      { table },
      "the log holds records of a table that does not exist; they are skipped",
    );
    return undefined;
  }
  if (writer.tableId !== tableId) {
    logger.warn(
      { table },
      "the log holds records of an earlier table of this name; they are skipped",
    );
    return undefined;
  }
  const committedPosition = writer.committedTransaction(transactionAppId(log.logId));
  return { writer, path: writer.pathFor(format, descriptor), committedPosition };
}

/** Decodes the frames of log entries again. */
class FrameReplay {
  readonly #message = new IngestReader();
  readonly #batch = new BatchReader();

  /** Adds the records of an entry to its table's writer. @returns how many. */
  replay(entry: FramesEntry, { writer, path }: RecoveryPath, position: number): number {
    let count = 0;
    this.#forEachRecord(entry, (buffer, start, end) => {
      count++;
      if (path.decoder.decode(buffer, start, end)) return;
      const reason = path.decoder.failure?.message ?? "it cannot be decoded";
      const message = `a record in the log at position ${position} does not fit table ${writer.tableName} any more: ${reason}; undo the table's change and start again`;
      throw new ServerError("data_loss", message, { table: writer.tableName });
    });
    writer.rowsLogged(position - entry.frames.length, position);
    return count;
  }

  count(entry: FramesEntry): number {
    let count = 0;
    this.#forEachRecord(entry, () => {
      count++;
    });
    return count;
  }

  #forEachRecord(
    entry: FramesEntry,
    visit: (buffer: Uint8Array, start: number, end: number) => void,
  ): void {
    const scanner = new FrameScanner(MAX_MESSAGE_BYTES);
    const message = this.#message;
    scanner.push(entry.frames);
    while (scanner.next() === "message") {
      message.read(scanner.buffer, scanner.start, scanner.end);
      if (message.kind === "record") {
        visit(message.buffer, message.start, message.end);
      } else {
        this.#batch.reset(message.buffer, message.start, message.end);
        while (this.#batch.next() === "record") {
          visit(message.buffer, this.#batch.start, this.#batch.end);
        }
      }
    }
  }
}

function notOurs(position: number): ServerError {
  const message = `the log holds an entry at position ${position} that this server did not write; check the data directory`;
  return new ServerError("data_loss", message);
}
