// SPDX-License-Identifier: Apache-2.0
import type { Log } from "@sluice/log";
import type { Catalog } from "../catalog/catalog.ts";
import { parseTableName, type TableName } from "../catalog/table-name.ts";
import { transactionAppId } from "../commit/table-committer.ts";
import { ServerError } from "../errors.ts";
import type { TableRegistry } from "../ingest/table-registry.ts";
import type { RecordPath, TableWriter } from "../ingest/table-writer.ts";
import type { Logger } from "../logger.ts";
import type { Pressure } from "../pressure.ts";
import { decodeEntry, type DefinitionEntry, type FramesEntry } from "./entry-codec.ts";
import { FrameReplay } from "./frame-replay.ts";

export interface RecoverySummary {
  /** Records that were durable in the log and not committed to their table. */
  readonly recoveredRecords: number;
  /** Records of tables that do not exist any more. */
  readonly skippedRecords: number;
  /**
   * Records that stay in the log because their table cannot take them as it is; it takes no streams until that is mended
   * and the server started again.
   */
  readonly heldRecords: number;
}

/** What recovery leaves behind. */
export interface Recovery extends RecoverySummary {
  /** The log must not be trimmed beyond this position; `undefined` where nothing is held. */
  readonly heldPosition: number | undefined;
}

export interface RecoveryOptions {
  readonly log: Log;
  readonly catalog: Catalog;
  readonly tables: TableRegistry;
  /** The encoders. */
  readonly pressure: Pressure;
  readonly logger: Logger;
}

/** A table that the log has records of. */
interface LoggedTable {
  readonly name: TableName;
  /** `gone`: dropped, or replaced by another. `blocked`: cannot take its records. */
  state: "open" | "gone" | "blocked";
  /** Up to here the table has the records already. */
  committedPosition: number;
}

interface LoggedPath {
  readonly definition: DefinitionEntry;
  readonly table: LoggedTable;
  /** Opened for the first entry that needs it. */
  target: { readonly writer: TableWriter; readonly path: RecordPath } | undefined;
}

/**
 * Brings what the log holds and the tables do not into the tables' writers, which commit it as they commit new records.
 * A table's `txn` action says up to which position it has the log's records, so that none is committed twice. A table
 * that cannot take its records keeps them in the log, and no other table waits for it.
 */
export async function recoverTables(options: RecoveryOptions): Promise<Recovery> {
  const { log, pressure } = options;
  const paths = await openPaths(options);
  const frames = new FrameReplay();
  const counts = { recoveredRecords: 0, skippedRecords: 0, heldRecords: 0 };
  let heldPosition: number | undefined;

  const hold = (entry: FramesEntry, position: number): void => {
    heldPosition ??= position - entry.frames.length;
    counts.heldRecords += frames.count(entry);
  };
  const bringIn = async (path: LoggedPath, entry: FramesEntry, position: number): Promise<void> => {
    try {
      path.target ??= await openTarget(options, path);
      const { writer, path: recordPath } = path.target;
      counts.recoveredRecords += frames.replay(entry, writer, recordPath, position);
      await relief([pressure, writer]);
    } catch (reason) {
      block(options, path.table, reason);
      hold(entry, position);
    }
  };

  await log.replay(0, (bytes, position, segmentIndex) => {
    const entry = decodeEntry(bytes);
    if (entry === undefined) throw notOurs(position);
    if (entry.kind === "definition") return undefined;
    const path = paths.get(`${segmentIndex}:${entry.definitionId}`);
    if (path === undefined) throw notOurs(position);
    const { table } = path;
    if (table.state === "gone") counts.skippedRecords += frames.count(entry);
    else if (table.state === "blocked") hold(entry, position);
    else if (position > table.committedPosition) return bringIn(path, entry, position);
    return undefined;
  });
  return { ...counts, heldPosition };
}

/** All definitions of the log, each with its table. */
async function openPaths(options: RecoveryOptions): Promise<Map<string, LoggedPath>> {
  const definitions = new Map<string, DefinitionEntry>();
  await options.log.replay(0, (bytes, position, segmentIndex) => {
    const entry = decodeEntry(bytes);
    if (entry === undefined) throw notOurs(position);
    if (entry.kind !== "definition") return;
    const descriptor = Uint8Array.from(entry.descriptor);
    definitions.set(`${segmentIndex}:${entry.definitionId}`, { ...entry, descriptor });
  });
  const tables = new Map<string, LoggedTable>();
  const paths = new Map<string, LoggedPath>();
  for (const [key, definition] of definitions) {
    const tableKey = `${definition.tableName}:${definition.tableId}`;
    const table = tables.get(tableKey) ?? (await openLoggedTable(options, definition));
    tables.set(tableKey, table);
    paths.set(key, { definition, table, target: undefined });
  }
  return paths;
}

async function openLoggedTable(
  options: RecoveryOptions,
  definition: DefinitionEntry,
): Promise<LoggedTable> {
  const { catalog, logger, log } = options;
  const name = parseTableName(definition.tableName);
  if ("problem" in name)
    throw new ServerError("data_loss", `the log names a table ${definition.tableName}`);
  const table: LoggedTable = { name, state: "open", committedPosition: 0 };
  if ((await catalog.find(name)) === undefined) {
    logger.warn({ table: name.full }, "the log names a table that does not exist any more");
    table.state = "gone";
    return table;
  }
  try {
    const snapshot = (await catalog.openTable(name.full)).snapshot();
    if (snapshot.metadata.id !== definition.tableId) {
      logger.warn({ table: name.full }, "the log names an earlier table of this name");
      table.state = "gone";
    }
    table.committedPosition = snapshot.txns.get(transactionAppId(log.logId))?.version ?? 0;
  } catch (reason) {
    block(options, table, reason);
  }
  return table;
}

async function openTarget(
  { tables }: RecoveryOptions,
  { definition, table }: LoggedPath,
): Promise<NonNullable<LoggedPath["target"]>> {
  const writer = await tables.writerFor(table.name);
  return { writer, path: writer.pathFor(definition.format, definition.descriptor) };
}

function block({ tables, logger }: RecoveryOptions, table: LoggedTable, reason: unknown): void {
  const name = table.name.full;
  const error = ServerError.from(reason, `recovery of table ${name}`);
  table.state = "blocked";
  const message = `table ${name} takes no records: acknowledged ones in the log cannot be brought in (${error.message}). Mend the table and start the server again`;
  tables.block(table.name, new ServerError("unavailable", message, { table: name }, error));
  logger.error({ err: error, table: name }, "records of this table stay in the log");
}

/** What replay has to wait for before it goes on, so that the columns of a long log are not all in memory at once. */
async function relief(stages: readonly Pressure[]): Promise<void> {
  const saturated = stages.find((stage) => stage.isSaturated);
  if (saturated === undefined) return;
  await new Promise<void>((resolve) => {
    saturated.whenRelieved(resolve);
  });
}

function notOurs(position: number): ServerError {
  const message = `the log holds an entry at position ${position} that this server did not write; check the data directory`;
  return new ServerError("data_loss", message);
}
