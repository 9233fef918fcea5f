// SPDX-License-Identifier: Apache-2.0
import type { Log } from "@sluice/log";
import type { Catalog } from "../catalog/catalog.ts";
import { parseTableName, type TableName } from "../catalog/table-name.ts";
import { transactionAppId } from "../commit/table-committer.ts";
import { ServerError } from "../errors.ts";
import type { LiveTable } from "../ingest/live-table.ts";
import type { TableRegistry } from "../ingest/table-registry.ts";
import type { Logger } from "../logger.ts";
import type { Pressure } from "../pressure.ts";
import { countRecords } from "./frame-records.ts";
import { LogDefinitions, type LoggedFrames } from "./log-definitions.ts";
import { relief } from "./replay-log.ts";
import type { TableReplay } from "./table-replay.ts";

export interface RecoverySummary {
  /** Records that were durable in the log and not committed to their table. */
  readonly recoveredRecords: number;
  /** Of those that do not fit their table any more, and are kept in a file beside it. */
  readonly rejectedRecords: number;
  /** Records of tables that do not exist any more. */
  readonly skippedRecords: number;
  /** Records that stay in the log because their table cannot be opened or committed to; that is tried again by itself. */
  readonly heldRecords: number;
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
  /** `gone`: not in the catalog. `held`: goes on by itself, with what is in the log. */
  state: "open" | "gone" | "held";
  /** Up to here the table has the records already. */
  committedPosition: number;
  /** Made for the first entry that needs it. */
  target: RecoveryTarget | undefined;
}

interface RecoveryTarget {
  readonly table: LiveTable;
  readonly replay: () => TableReplay | undefined;
  readonly stages: readonly Pressure[];
}

/**
 * Brings what the log holds and the tables do not into the tables' writers, which commit it as they commit new records.
 * A table's `txn` action says up to which position it has the log's records, so that none is committed twice. A table
 * that cannot take its records keeps them in the log, and no other table waits for it.
 */
export async function recoverTables(options: RecoveryOptions): Promise<RecoverySummary> {
  const { log, pressure } = options;
  const tables = new Map<string, LoggedTable>();
  const definitions = new LogDefinitions();
  const droppedTableIds = await options.catalog.droppedTableIds();
  const counts = { recoveredRecords: 0, rejectedRecords: 0, skippedRecords: 0, heldRecords: 0 };

  const hold = (table: LoggedTable, frames: LoggedFrames, position: number, why: unknown): void => {
    counts.heldRecords += countRecords(frames.entry);
    if (table.state === "held") return;
    table.state = "held";
    options.tables.hold(table.name, why, position - frames.entry.frames.length);
  };
  const bringIn = (table: LoggedTable, frames: LoggedFrames, position: number): void => {
    const replay = table.target?.replay();
    if (replay === undefined) {
      table.state = "held";
      counts.heldRecords += countRecords(frames.entry);
      return;
    }
    try {
      const added = replay.add(frames, position);
      counts.recoveredRecords += added.recoveredRecords;
      counts.rejectedRecords += added.rejectedRecords;
    } catch (reason) {
      hold(table, frames, position, reason);
    }
  };
  const prepare = async (table: LoggedTable, frames: LoggedFrames, position: number) => {
    try {
      table.target ??= await openTarget(options, table, position - frames.entry.frames.length);
      // What the open table says counts: it may not have been there to be asked before.
      table.committedPosition = table.target.table.committedPosition ?? 0;
      if (position <= table.committedPosition) return;
      await relief([pressure, ...table.target.stages]);
      bringIn(table, frames, position);
    } catch (reason) {
      hold(table, frames, position, reason);
    }
  };
  const take = (
    table: LoggedTable,
    frames: LoggedFrames,
    position: number,
  ): Promise<void> | undefined => {
    if (position <= table.committedPosition) return undefined;
    const isGone = table.state === "gone" || droppedTableIds.has(frames.definition.tableId);
    if (isGone) counts.skippedRecords += countRecords(frames.entry);
    else if (table.state === "held") counts.heldRecords += countRecords(frames.entry);
    else {
      const stages = table.target && [pressure, ...table.target.stages];
      const isReady = stages?.every((stage) => !stage.isSaturated) ?? false;
      if (!isReady) return prepare(table, frames, position);
      bringIn(table, frames, position);
    }
    return undefined;
  };

  await log.replay(0, (bytes, position) => {
    const frames = definitions.read(bytes, position);
    if (frames === undefined) return undefined;
    const { tableName } = frames.definition;
    const known = tables.get(tableName);
    if (known !== undefined) return take(known, frames, position);
    return lookUp(options, tableName).then((table) => {
      tables.set(tableName, table);
      return take(table, frames, position);
    });
  });
  for (const { target } of tables.values()) target?.table.endRecovery(target.replay);
  return counts;
}

async function lookUp(options: RecoveryOptions, tableName: string): Promise<LoggedTable> {
  const { catalog, logger, log } = options;
  const name = parseTableName(tableName);
  if ("problem" in name) throw new ServerError("data_loss", `the log names a table ${tableName}`);
  const table: LoggedTable = { name, state: "open", committedPosition: 0, target: undefined };
  if ((await catalog.find(name)) === undefined) {
    if (await catalog.isUnused()) throw lostCatalog(name);
    logger.warn({ table: name.full }, "the log names a table that does not exist any more");
    table.state = "gone";
    return table;
  }
  try {
    const snapshot = (await catalog.openTable(name.full)).snapshot();
    table.committedPosition = snapshot.txns.get(transactionAppId(log.logId))?.version ?? 0;
  } catch {
    // The first entry that the table needs tells what is wrong with it.
  }
  return table;
}

function lostCatalog({ full }: TableName): ServerError {
  const message = `the log holds records of table ${full}, and the data directory has no catalog; bring its \`catalog\` folder back, or move the \`log\` folder away to start without those records`;
  return new ServerError("data_loss", message, { table: full });
}

async function openTarget(
  { tables }: RecoveryOptions,
  { name }: LoggedTable,
  fromPosition: number,
): Promise<RecoveryTarget> {
  const table = await tables.tableFor(name);
  const replay = table.beginRecovery(fromPosition);
  const pressure = replay()?.pressure;
  return { table, replay, stages: pressure === undefined ? [] : [pressure] };
}
