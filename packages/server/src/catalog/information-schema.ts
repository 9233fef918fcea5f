// SPDX-License-Identifier: Apache-2.0
import { catalogTypeNameOf, catalogTypeOfField, DeltaError, type StructField } from "@sluice/delta";
import type { Catalog } from "./catalog.ts";
import type { CatalogEntry, Grant } from "./catalog-state.ts";

export interface SchemaRow {
  readonly catalog_name: string;
  readonly schema_name: string;
}

export interface TableRow {
  readonly table_catalog: string;
  readonly table_schema: string;
  readonly table_name: string;
  readonly table_type: "MANAGED" | "EXTERNAL";
  readonly table_owner: string | null;
  readonly comment: string | null;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly storage_path: string;
}

export interface ColumnRow {
  readonly table_catalog: string;
  readonly table_schema: string;
  readonly table_name: string;
  readonly column_name: string;
  /** From 0. */
  readonly ordinal_position: number;
  readonly is_nullable: "YES" | "NO";
  readonly data_type: string;
  readonly full_data_type: string;
  /** From 0; `null` for a column that the table is not partitioned by. */
  readonly partition_index: number | null;
  readonly comment: string | null;
}

export interface GrantRow {
  /** Client id. */
  readonly grantee: string;
  readonly securable_type: Grant["kind"];
  readonly securable_name: string;
  readonly privilege_type: Grant["privilege"];
}

/** What a catalog holds, as the rows of an `information_schema` have it, ordered by name. */
export interface InformationSchema {
  readonly catalogs: readonly { readonly catalog_name: string }[];
  readonly schemata: readonly SchemaRow[];
  readonly tables: readonly TableRow[];
  /** Without those of tables whose files are away. */
  readonly columns: readonly ColumnRow[];
  readonly privileges: readonly GrantRow[];
}

/** Reads everything that a catalog holds. Opens each table once. */
export async function readInformationSchema(catalog: Catalog): Promise<InformationSchema> {
  const entries = await catalog.list();
  const columns: ColumnRow[] = [];
  for (const entry of entries) columns.push(...(await columnsOf(catalog, entry)));
  const grants = await catalog.access.listGrants();
  return {
    catalogs: distinct(entries, 1).map((catalog_name) => ({ catalog_name })),
    schemata: distinct(entries, 2).map((name) => {
      const [catalog_name = "", schema_name = ""] = name.split(".");
      return { catalog_name, schema_name };
    }),
    tables: entries.map((entry) => ({
      ...placeOf(entry),
      table_type: entry.kind === "managed" ? "MANAGED" : "EXTERNAL",
      table_owner: entry.owner ?? null,
      comment: entry.comment ?? null,
      created: new Date(entry.createdAtMs).toISOString(),
      storage_path: entry.location,
    })),
    columns,
    privileges: grants.map(({ principal, kind, name, privilege }) => ({
      grantee: principal,
      securable_type: kind,
      securable_name: name,
      privilege_type: privilege,
    })),
  };
}

async function columnsOf(catalog: Catalog, entry: CatalogEntry): Promise<ColumnRow[]> {
  try {
    const { schema, metadata } = (await catalog.openTable(entry.name)).snapshot();
    return schema.fields.map((field, position) =>
      columnRow(entry, field, position, metadata.partitionColumns),
    );
  } catch (cause) {
    if (cause instanceof DeltaError) return [];
    throw cause;
  }
}

function columnRow(
  entry: CatalogEntry,
  field: StructField,
  position: number,
  partitionColumns: readonly string[],
): ColumnRow {
  const partitionIndex = partitionColumns.indexOf(field.name);
  const comment = field.metadata["comment"];
  return {
    ...placeOf(entry),
    column_name: field.name,
    ordinal_position: position,
    is_nullable: field.nullable ? "YES" : "NO",
    data_type: catalogTypeNameOf(field.type),
    full_data_type: catalogTypeOfField(field),
    partition_index: partitionIndex < 0 ? null : partitionIndex,
    comment: typeof comment === "string" ? comment : null,
  };
}

function placeOf({ name }: CatalogEntry): {
  readonly table_catalog: string;
  readonly table_schema: string;
  readonly table_name: string;
} {
  const [table_catalog = "", table_schema = "", table_name = ""] = name.split(".");
  return { table_catalog, table_schema, table_name };
}

/** The first parts of the tables' names, each once. */
function distinct(entries: readonly CatalogEntry[], partCount: number): string[] {
  return [...new Set(entries.map(({ name }) => name.split(".").slice(0, partCount).join(".")))];
}
