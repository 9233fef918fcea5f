// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { DomainMetadataAction } from "../log/actions.ts";
import { isJsonObject } from "../log/json-fields.ts";
import {
  type ColumnMappingMode,
  columnMappingModeOf,
  physicalNameOf,
} from "../log/column-mapping.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { decimalOf } from "../schema/decimal.ts";
import { type FieldPath, findFieldPath } from "../schema/field-path.ts";
import { sqlTypeOf } from "../schema/sql-type.ts";
import type { DataType, StructField, StructType } from "../schema/types.ts";

/** The metadata domain that names the columns a table is clustered by ("Clustered Table"). */
export const CLUSTERING_DOMAIN = "delta.clustering";
const MAX_CLUSTERING_COLUMNS = 4;

/** Types whose statistics have bounds, without which clustering is of no use. */
const CLUSTERABLE: ReadonlySet<string> = new Set([
  "byte",
  "short",
  "integer",
  "long",
  "float",
  "double",
  "date",
  "timestamp",
  "timestamp_ntz",
  "string",
]);

/**
 * The domain for a table that is to be clustered by these columns.
 * @param columns paths from a column of the table down.
 * @throws DeltaError `invalid_argument` naming the column that cannot be.
 */
export function clusteringDomain(
  schema: StructType,
  columns: readonly (readonly string[])[],
  mode: ColumnMappingMode,
): DomainMetadataAction {
  if (columns.length > MAX_CLUSTERING_COLUMNS) {
    throw new DeltaError(
      "invalid_argument",
      `a table is clustered by at most ${MAX_CLUSTERING_COLUMNS} columns, not ${columns.length}`,
    );
  }
  const physical = columns.map((path) => {
    const fields = findFieldPath(schema, path);
    const type = fields.at(-1)?.type as DataType;
    if (!isClusterable(type)) {
      throw new DeltaError(
        "invalid_argument",
        `the table cannot be clustered by ${JSON.stringify(path.join("."))}: ${sqlTypeOf(type)} has no bounds in statistics`,
        { details: { column: path.join(".") } },
      );
    }
    return fields.map((field) => physicalNameOf(field, mode));
  });
  if (new Set(physical.map((path) => JSON.stringify(path))).size < physical.length) {
    throw new DeltaError("invalid_argument", "the table is clustered by a column twice");
  }
  return {
    domain: CLUSTERING_DOMAIN,
    configuration: JSON.stringify({ clusteringColumns: physical, domainName: CLUSTERING_DOMAIN }),
    removed: false,
  };
}

/**
 * The physical paths of the columns that a table is clustered by; empty where it is not.
 * @throws DeltaError `data_loss` for a domain that does not say.
 */
export function clusteringColumnsOf(
  domains: ReadonlyMap<string, DomainMetadataAction>,
): readonly (readonly string[])[] {
  const configuration = domains.get(CLUSTERING_DOMAIN)?.configuration;
  if (configuration === undefined) return [];
  const columns = columnsIn(configuration);
  if (columns !== undefined) return columns;
  throw new DeltaError(
    "data_loss",
    `the domain ${CLUSTERING_DOMAIN} has no list of paths clusteringColumns: ${configuration}`,
    { details: { domain: CLUSTERING_DOMAIN } },
  );
}

/**
 * The columns that a table is clustered by, as paths of the names that its schema has; empty where it is not.
 * @throws DeltaError `data_loss` for a domain that does not say, or names a column that is not there.
 */
export function clusteringPathsOf({
  domains,
  schema,
  protocol,
  metadata,
}: Pick<Snapshot, "domains" | "schema" | "protocol" | "metadata">): readonly FieldPath[] {
  const mode = columnMappingModeOf(protocol, metadata);
  return clusteringColumnsOf(domains).map((physical) => {
    const path: string[] = [];
    let type: DataType = schema;
    for (const name of physical) {
      const fields: readonly StructField[] =
        typeof type === "object" && type.type === "struct" ? type.fields : [];
      const field = fields.find((known) => physicalNameOf(known, mode) === name);
      if (field === undefined) {
        throw new DeltaError(
          "data_loss",
          `the table is clustered by ${JSON.stringify(physical.join("."))}, which its schema does not have`,
          { details: { domain: CLUSTERING_DOMAIN } },
        );
      }
      path.push(field.name);
      ({ type } = field);
    }
    return path;
  });
}

function columnsIn(configuration: string): string[][] | undefined {
  try {
    const value: unknown = JSON.parse(configuration);
    const columns = isJsonObject(value) ? value["clusteringColumns"] : undefined;
    return Array.isArray(columns) && columns.every(isPath) ? columns : undefined;
  } catch {
    return undefined;
  }
}

function isPath(value: unknown): value is string[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string")
  );
}

function isClusterable(type: DataType): boolean {
  return typeof type === "string" && (CLUSTERABLE.has(type) || decimalOf(type) !== undefined);
}
