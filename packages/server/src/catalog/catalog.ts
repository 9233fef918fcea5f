// SPDX-License-Identifier: Apache-2.0
import { rm } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createTable,
  type CreateTableOptions,
  DeltaError,
  type DeltaTable,
  openTable,
  sqlOfField,
  type StructType,
} from "@sluice/delta";
import { ServerError } from "../errors.ts";
import { commitIntervalOf } from "../ingest/table-properties.ts";
import { AccessControl } from "./access-control.ts";
import {
  type CatalogEntry,
  type CatalogState,
  EMPTY_CATALOG,
  parseCatalogState,
} from "./catalog-state.ts";
import { parseTableName, type TableName } from "./table-name.ts";
import { VersionedFile } from "./versioned-file.ts";

/** What people are told of a table beside its columns. */
export interface TableDescription {
  readonly comment?: string | undefined;
  readonly owner?: string | undefined;
}

/** What a new table may have beside its columns and properties; see `createTable` of `@sluice/delta`. */
export type TableFeatures = Pick<
  CreateTableOptions,
  | "partitionBy"
  | "clusterBy"
  | "columnMapping"
  | "constraints"
  | "defaults"
  | "description"
  | "features"
>;

/** Dropped tables whose ids are kept. */
const MAX_DROPPED_IDS = 1_000;

/**
 * The embedded server's catalog: names, locations and grants in a small file below `<data>/catalog`, each change of which
 * is durable and atomic, so that the server and the command line can use it at the same time.
 */
export class Catalog {
  /** Clients and grants. */
  readonly access: AccessControl;
  readonly #dataDirectory: string;
  readonly #tables: string;
  readonly #file: VersionedFile<CatalogState>;

  constructor(dataDirectory: string) {
    this.#dataDirectory = resolve(dataDirectory);
    this.#tables = join(this.#dataDirectory, "tables");
    this.#file = new VersionedFile({
      directory: join(this.#dataDirectory, "catalog"),
      name: "catalog",
      initial: EMPTY_CATALOG,
      parse: parseCatalogState,
    });
    this.access = new AccessControl(this.#file);
  }

  /** Whether nothing has ever been in it. */
  async isUnused(): Promise<boolean> {
    return !(await this.#file.exists());
  }

  /** All tables, by name. */
  async list(): Promise<CatalogEntry[]> {
    const { tables } = await this.#file.read();
    return tables.map((entry) => this.#located(entry)).sort(byName);
  }

  /** The entry of a table, or `undefined`. */
  async find(name: TableName): Promise<CatalogEntry | undefined> {
    const { tables } = await this.#file.read();
    const entry = tables.find((candidate) => candidate.name === name.full);
    return entry && this.#located(entry);
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
    { comment, owner, ...features }: TableDescription & TableFeatures = {},
  ): Promise<CatalogEntry> {
    const name = requireName(nameText);
    if ((await this.find(name)) !== undefined) throw alreadyExists(name);
    const location = join(this.#tables, name.catalog, name.schema, name.table);
    const interval = commitIntervalOf(properties);
    if (typeof interval === "object") throw new ServerError("invalid_argument", interval.problem);
    await this.#createOrAdopt(name, { ...features, location, schema, properties });
    return this.#add(name, location, "managed", { comment, owner });
  }

  /**
   * Gives a name to a Delta table that exists.
   * @param location its directory, or a `file:` URL of it.
   * @throws ServerError `already_exists`, `not_found` where there is no Delta table, `unimplemented` for one that cannot
   * be read or lies in an object store, `invalid_argument`.
   */
  async register(
    nameText: string,
    location: string,
    description: TableDescription = {},
  ): Promise<CatalogEntry> {
    const name = requireName(nameText);
    if ((await this.find(name)) !== undefined) throw alreadyExists(name);
    const directory = directoryOf(location, name);
    try {
      await openTable(directory);
    } catch (cause) {
      throw ServerError.from(cause, `table ${name.full} cannot be registered`);
    }
    return this.#add(name, directory, "external", description);
  }

  /** Changes a table's comment or owner; `""` takes it away. @throws ServerError `not_found`, `invalid_argument`. */
  async describe(nameText: string, description: TableDescription): Promise<CatalogEntry> {
    const name = requireName(nameText);
    const state = await this.#file.update((before) => {
      if (!before.tables.some((entry) => entry.name === name.full)) throw notFound(name);
      const tables = before.tables.map((entry) =>
        entry.name === name.full ? { ...entry, ...description } : entry,
      );
      return { ...before, tables };
    });
    const entry = state.tables.find((candidate) => candidate.name === name.full);
    if (entry === undefined) throw notFound(name);
    return this.#located(entry);
  }

  /**
   * Takes a table out of the catalog, with what was granted on it. The files of a managed table are removed, those of an
   * external one stay. Streams to it end; a server that has it open commits what it can before.
   * @returns what it was.
   * @throws ServerError `not_found`, `invalid_argument`.
   */
  async drop(nameText: string): Promise<CatalogEntry> {
    const entry = await this.unregister(nameText);
    if (entry.kind === "managed") await rm(entry.location, { recursive: true, force: true });
    return entry;
  }

  /** As {@link Catalog.drop}; the files stay in any case. */
  async unregister(nameText: string): Promise<CatalogEntry> {
    const name = requireName(nameText);
    const entry = await this.find(name);
    if (entry === undefined) throw notFound(name);
    const tableId = await tableIdOf(entry.location);
    await this.#file.update((state) => ({
      ...state,
      tables: state.tables.filter((candidate) => candidate.name !== name.full),
      grants: state.grants.filter((grant) => grant.kind !== "TABLE" || grant.name !== name.full),
      droppedTableIds: [...state.droppedTableIds, ...tableId].slice(-MAX_DROPPED_IDS),
    }));
    return entry;
  }

  /** Ids of tables that were taken out of the catalog and are in it under no name now: the last thousand of them. */
  async droppedTableIds(): Promise<ReadonlySet<string>> {
    return new Set((await this.#file.read()).droppedTableIds);
  }

  /** Opens a table by name. @throws ServerError `not_found`, `invalid_argument`. */
  async openTable(nameText: string): Promise<DeltaTable> {
    const name = requireName(nameText);
    const entry = await this.find(name);
    if (entry === undefined) throw notFound(name);
    return openTable(entry.location);
  }

  /** A crash between the table and its entry leaves a table without one: it is taken over if the schema agrees. */
  async #createOrAdopt(
    name: TableName,
    table: TableFeatures & Pick<CreateTableOptions, "location" | "schema" | "properties">,
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
      if (columnsText(found) !== columnsText(schema)) throw alreadyExists(name);
    }
  }

  async #add(
    name: TableName,
    location: string,
    kind: CatalogEntry["kind"],
    { comment, owner }: TableDescription,
  ): Promise<CatalogEntry> {
    const stored: CatalogEntry = {
      name: name.full,
      location: this.#storedLocation(location),
      createdAtMs: Date.now(),
      kind,
      ...(comment === undefined ? {} : { comment }),
      ...(owner === undefined ? {} : { owner }),
    };
    const tableIds = await tableIdOf(location);
    await this.#file.update((state) => {
      if (state.tables.some((entry) => entry.name === name.full)) throw alreadyExists(name);
      return {
        ...state,
        tables: [...state.tables, stored],
        droppedTableIds: state.droppedTableIds.filter((id) => !tableIds.includes(id)),
      };
    });
    return this.#located(stored);
  }

  /** Relative where it can be, so that a data directory that is moved or copied keeps to its own tables. */
  #storedLocation(location: string): string {
    const path = relative(this.#dataDirectory, location);
    return path === ".." || path.startsWith(`..${sep}`) ? location : path;
  }

  #located(entry: CatalogEntry): CatalogEntry {
    return { ...entry, location: resolve(this.#dataDirectory, entry.location) };
  }
}

function directoryOf(location: string, { full }: TableName): string {
  if (location.startsWith("file:")) return fileURLToPath(location);
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return resolve(location);
  const message = `table ${full} cannot be registered at ${location}: the server writes to tables in directories only`;
  throw new ServerError("unimplemented", message, { table: full });
}

/** None where the table is away. */
async function tableIdOf(location: string): Promise<readonly string[]> {
  try {
    return [(await openTable(location)).snapshot().metadata.id];
  } catch (cause) {
    if (cause instanceof DeltaError) return [];
    throw cause;
  }
}

function requireName(text: string): TableName {
  const name = parseTableName(text);
  if ("problem" in name) throw new ServerError("invalid_argument", name.problem);
  return name;
}

function byName(left: CatalogEntry, right: CatalogEntry): number {
  return left.name < right.name ? -1 : Number(left.name > right.name);
}

/** Without what a table adds to its columns, such as their ids. */
function columnsText({ fields }: StructType): string {
  return fields.map(sqlOfField).join(", ");
}

function alreadyExists(name: TableName): ServerError {
  return new ServerError("already_exists", `table ${name.full} exists already`, {
    table: name.full,
  });
}

function notFound(name: TableName): ServerError {
  const message = `table ${name.full} does not exist; create it with \`sluice table create\``;
  return new ServerError("not_found", message, { table: name.full });
}
