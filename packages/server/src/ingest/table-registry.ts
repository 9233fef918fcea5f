// SPDX-License-Identifier: Apache-2.0
import type { TableName } from "../catalog/table-name.ts";
import { CommitTurns } from "../commit/commit-turns.ts";
import { ServerError } from "../errors.ts";
import { lowestPosition } from "./lowest-position.ts";
import { LiveTable, type LiveTableOptions } from "./live-table.ts";

/** What all tables share. */
export type TableRegistryOptions = Omit<LiveTableOptions, "tableName" | "turns">;

/** How often the catalog is looked at for tables that were taken out of it. */
const CATALOG_INTERVAL_MS = 500;

interface LeavingTable {
  readonly table: LiveTable;
  /** Does not reject. */
  readonly done: Promise<void>;
}

/** The tables that are being written to, each made when the first stream or recovery asks for it. */
export class TableRegistry {
  readonly #options: TableRegistryOptions;
  readonly #tables = new Map<string, LiveTable>();
  readonly #opening = new Map<string, Promise<LiveTable>>();
  /** Taken out of the catalog, or moved in it, and not done with yet: nobody else may write under their names. */
  readonly #leaving = new Map<string, LeavingTable>();
  readonly #turns: CommitTurns;
  #cancelWatch: (() => void) | undefined;
  #isClosed = false;

  constructor(options: TableRegistryOptions) {
    this.#options = options;
    this.#turns = new CommitTurns(options.clock);
  }

  /** The tables that exist here. */
  get tables(): readonly LiveTable[] {
    return [...this.#tables.values()];
  }

  /** The log must be kept behind this position; `undefined` when no table needs it. */
  get oldestUncommittedPosition(): number | undefined {
    let oldest: number | undefined;
    for (const table of this.#all()) {
      oldest = lowestPosition(oldest, table.oldestUncommittedPosition);
    }
    return oldest;
  }

  /** @throws ServerError `not_found`, `unimplemented`, `unavailable`, `fenced`, `closed`. */
  async tableFor(name: TableName): Promise<LiveTable> {
    for (;;) {
      const leaving = this.#leaving.get(name.full);
      if (leaving === undefined) break;
      await leaving.done;
    }
    const known = this.#tables.get(name.full);
    if (known !== undefined) return known;
    let opening = this.#opening.get(name.full);
    if (opening === undefined) {
      opening = this.#open(name.full).finally(() => this.#opening.delete(name.full));
      this.#opening.set(name.full, opening);
    }
    return opening;
  }

  /**
   * A table cannot take records of the log that begin at `heldFrom`: they stay there, and it tries again later, by
   * itself.
   */
  hold({ full }: TableName, reason: unknown, heldFrom: number): void {
    this.#hold(full, reason, heldFrom);
  }

  /** Commits everything of every table; rejects with the first failure when all have been tried. */
  async flush(): Promise<void> {
    await Promise.all([...this.#leaving.values()].map(({ done }) => done));
    const outcomes = await Promise.allSettled(this.tables.map((table) => table.flush()));
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelWatch?.();
    for (const table of this.#all()) table.close();
  }

  #all(): readonly LiveTable[] {
    return [...this.tables, ...[...this.#leaving.values()].map(({ table }) => table)];
  }

  #hold(name: string, reason: unknown, heldFrom: number): void {
    const table = this.#tables.get(name) ?? this.#add(this.#newTable(name));
    table.fault(reason, heldFrom);
  }

  async #open(name: string): Promise<LiveTable> {
    const table = this.#newTable(name);
    await table.open();
    if (this.#isClosed) {
      table.close();
      throw new ServerError("closed", "the server was closed");
    }
    // Opened by its way through `hold` meanwhile.
    return this.#tables.get(name) ?? this.#add(table);
  }

  #newTable(tableName: string): LiveTable {
    return new LiveTable({ ...this.#options, turns: this.#turns, tableName });
  }

  #add(table: LiveTable): LiveTable {
    this.#tables.set(table.tableName, table);
    if (this.#cancelWatch === undefined) this.#watchCatalog();
    return table;
  }

  #watchCatalog(): void {
    this.#cancelWatch = this.#options.clock.schedule(() => {
      void this.#dropAbsent().finally(() => {
        if (!this.#isClosed) this.#watchCatalog();
      });
    }, CATALOG_INTERVAL_MS);
  }

  /** Lets go of tables that were taken out of the catalog, or moved in it. */
  async #dropAbsent(): Promise<void> {
    let locations: ReadonlyMap<string, string>;
    try {
      const entries = await this.#options.catalog.list();
      locations = new Map(entries.map((entry) => [entry.name, entry.location]));
    } catch (reason) {
      this.#options.logger.warn({ err: reason }, "the catalog cannot be read; it is tried again");
      return;
    }
    for (const table of this.tables) {
      const location = locations.get(table.tableName);
      const isMoved = table.location !== undefined && table.location !== location;
      if (location !== undefined && !isMoved) continue;
      this.#leave(table, location !== undefined);
    }
  }

  /** Lets go of a table. What it has not committed goes to its new place, if it has one, when that is open. */
  #leave(table: LiveTable, isMoved: boolean): void {
    const { tableName } = table;
    const done = table.drop().then((uncommitted) => {
      this.#leaving.delete(tableName);
      if (!isMoved || uncommitted === undefined || this.#isClosed) return;
      const message = `table ${tableName} was moved before all its records were committed`;
      this.#hold(tableName, new ServerError("unavailable", message), uncommitted);
    });
    this.#tables.delete(tableName);
    this.#leaving.set(tableName, { table, done });
  }
}
