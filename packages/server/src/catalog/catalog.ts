// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import {
  createTable,
  type CreateTableOptions,
  DeltaError,
  type DeltaTable,
  openTable,
  type StructType,
} from "@sluice/delta";
import { writeFileOnce } from "../durable-file.ts";
import { ServerError } from "../errors.ts";
import { commitIntervalOf } from "../ingest/table-properties.ts";
import { parseTableName, type TableName } from "./table-name.ts";

/** A table as the catalog knows it. */
export interface CatalogEntry {
  /** catalog.schema.table, lower case. */
  readonly name: string;
  /** Directory of the Delta table. */
  readonly location: string;
  readonly createdAtMs: number;
}

/**
 * The embedded server's catalog: one small file per table below `<data>/catalog`, each written once and atomically, so
 * that the server and the command line can use it at the same time.
 */
export class Catalog {
  readonly #dataDirectory: string;
  readonly #entries: string;
  readonly #tables: string;

  constructor(dataDirectory: string) {
    this.#dataDirectory = resolve(dataDirectory);
    this.#entries = join(this.#dataDirectory, "catalog");
    this.#tables = join(this.#dataDirectory, "tables");
  }

  /** All tables, by name. */
  async list(): Promise<CatalogEntry[]> {
    const names = await readdir(this.#entries).catch(emptyIfAbsent);
    const entries: CatalogEntry[] = [];
    for (const name of names.filter((file) => file.endsWith(".json")).sort()) {
      entries.push(await this.#read(join(this.#entries, name)));
    }
    return entries;
  }

  /** The entry of a table, or `undefined`. */
  async find(name: TableName): Promise<CatalogEntry | undefined> {
    try {
      return await this.#read(this.#entryFile(name));
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw cause;
    }
  }

  /**
   * Creates a Delta table and its entry.
   * @param properties table properties, such as `sluice.commitIntervalMs`.
   * @throws ServerError `already_exists`, `invalid_argument`.
   */
  async create(
    nameText: string,
    schema: StructType,
    properties: Readonly<Record<string, string>> = {},
  ): Promise<CatalogEntry> {
    const name = parseTableName(nameText);
    if ("problem" in name) throw new ServerError("invalid_argument", name.problem);
    if ((await this.find(name)) !== undefined) throw alreadyExists(name);
    const location = join(this.#tables, name.catalog, name.schema, name.table);
    const interval = commitIntervalOf(properties);
    if (typeof interval === "object") throw new ServerError("invalid_argument", interval.problem);
    await this.#createOrAdopt(name, { location, schema, properties });
    const entry: CatalogEntry = { name: name.full, location, createdAtMs: Date.now() };
    // Relative, so that a data directory that is moved or copied keeps to its own tables.
    const stored = { ...entry, location: relative(this.#dataDirectory, location) };
    const text = `${JSON.stringify(stored, null, 2)}\n`;
    if (!(await writeFileOnce(this.#entryFile(name), text))) throw alreadyExists(name);
    return entry;
  }

  /** Opens a table by name. @throws ServerError `not_found`, `invalid_argument`. */
  async openTable(nameText: string): Promise<DeltaTable> {
    const name = parseTableName(nameText);
    if ("problem" in name) throw new ServerError("invalid_argument", name.problem);
    const entry = await this.find(name);
    if (entry === undefined) {
      const message = `table ${name.full} does not exist; create it with \`sluice table create\``;
      throw new ServerError("not_found", message, { table: name.full });
    }
    return openTable(entry.location);
  }

  /** A crash between the table and its entry leaves a table without one: it is taken over if the schema agrees. */
  async #createOrAdopt(
    name: TableName,
    table: Pick<CreateTableOptions, "location" | "schema" | "properties">,
  ): Promise<void> {
    const { location, schema } = table;
    try {
      await createTable({ ...table, name: name.table });
    } catch (cause) {
      if (!(cause instanceof DeltaError)) throw cause;
      if (cause.code !== "already_exists") {
        throw new ServerError("invalid_argument", cause.message, { table: name.full }, cause);
      }
      const existing = await openTable(location);
      const found = existing.snapshot().schema;
      if (JSON.stringify(found) !== JSON.stringify(schema)) throw alreadyExists(name);
    }
  }

  async #read(file: string): Promise<CatalogEntry> {
    const entry = await readEntry(file);
    return { ...entry, location: resolve(this.#dataDirectory, entry.location) };
  }

  #entryFile(name: TableName): string {
    return join(this.#entries, `${name.full}.json`);
  }
}

function alreadyExists(name: TableName): ServerError {
  return new ServerError("already_exists", `table ${name.full} exists already`, {
    table: name.full,
  });
}

async function readEntry(file: string): Promise<CatalogEntry> {
  const text = await readFile(file, "utf8");
  try {
    return JSON.parse(text) as CatalogEntry;
  } catch (cause) {
    throw new ServerError("data_loss", `catalog entry ${file} is not JSON; restore it`, {}, cause);
  }
}

function isAbsent(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === "ENOENT";
}

function emptyIfAbsent(cause: unknown): string[] {
  if (isAbsent(cause)) return [];
  throw cause;
}
