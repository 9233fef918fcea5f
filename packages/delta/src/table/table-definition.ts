// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { DomainMetadataAction, MetadataAction, ProtocolAction } from "../log/actions.ts";
import { CREATABLE_FEATURES } from "../log/table-features.ts";
import { isOn } from "../log/table-properties.ts";
import { type ColumnMappingMode } from "../log/column-mapping.ts";
import {
  assignColumnIds,
  COLUMN_MAPPING_MODE,
  MAX_COLUMN_ID,
  withoutColumnIds,
} from "../schema/column-mapping.ts";
import { type FieldPath, pathOf } from "../schema/field-path.ts";
import { printSchemaString } from "../schema/schema-json.ts";
import { sqlTypeOf } from "../schema/sql-type.ts";
import { withoutTypeChanges } from "../schema/type-widening.ts";
import type { StructType } from "../schema/types.ts";
import { validateTableSchema } from "../schema/validate-schema.ts";
import { constraintProperties } from "./check-constraints.ts";
import { withDefaults } from "./column-defaults.ts";
import { clusteringDomain } from "./clustering.ts";
import { featuresOfProperties, validateProperties } from "./property-rules.ts";
import { featuresOfSchema, protocolOfFeatures } from "./table-protocol.ts";

const MAX_NAME_BYTES = 255;

/** What a new table is to be. */
export interface NewTable {
  readonly schema: StructType;
  /** 1 to 255 bytes in UTF-8, no control characters among them; catalogs may take fewer. */
  readonly name?: string;
  readonly description?: string;
  /** Columns that each data file has one value of; not all of them, and none with parts. @default none */
  readonly partitionBy?: readonly string[];
  /**
   * Columns that maintenance brings rows together by, at most four; a path reaches into a STRUCT. Not together with
   * `partitionBy`. @default none
   */
  readonly clusterBy?: readonly (string | FieldPath)[];
  /**
   * Whether columns have names of their own in files, so that they can be renamed and dropped, and be named with
   * characters that Parquet readers do not take. @default "none"
   */
  readonly columnMapping?: ColumnMappingMode;
  /** CHECK constraints by name: SQL that must be true for every row. @default none */
  readonly constraints?: Readonly<Record<string, string>>;
  /** SQL literals for columns, by name, that rows do not give. @default none */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Table properties; of those that start with `delta.` only {@link DELTA_PROPERTIES}. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Table features to support beyond those that the rest asks for, by the protocol's names. @default none */
  readonly features?: readonly string[];
}

export interface TableActions {
  readonly protocol: ProtocolAction;
  readonly metadata: MetadataAction;
  readonly domains: readonly DomainMetadataAction[];
}

/**
 * Works out protocol, metadata and domains of a new table. The protocol is the lowest that all of it needs.
 * @throws DeltaError `invalid_argument` naming what cannot be, `unsupported` for an expression that is not evaluated
 *   here.
 */
export function definitionOfNewTable(
  table: NewTable,
  { nowMs, randomUuid }: { readonly nowMs: number; readonly randomUuid: () => string },
): TableActions {
  const { name, description, partitionBy = [], clusterBy = [], properties = {} } = table;
  validateName(name);
  validateProperties(properties);
  validateFeatures(table.features ?? []);
  const id = randomUuid();
  const mode = modeOf(table);
  validateTableSchema(table.schema, mode !== "none");
  refuseComputedColumns(table.schema);
  validatePartitioning(table.schema, partitionBy);
  if (partitionBy.length > 0 && clusterBy.length > 0) {
    throw invalid("a table cannot be both partitioned and clustered; choose one of the two");
  }
  const declared = withDefaults(
    withoutTypeChanges(withoutColumnIds(table.schema)),
    table.defaults ?? {},
  );
  const { schema, configuration } = mapped(declared, mode, randomUuid);
  Object.assign(configuration, properties, materializedColumns(properties, randomUuid));
  if (mode !== "none") configuration[COLUMN_MAPPING_MODE] = mode;
  Object.assign(configuration, constraintProperties(schema, table.constraints ?? {}));
  const domains =
    clusterBy.length === 0 ? [] : [clusteringDomain(schema, clusterBy.map(pathOf), mode)];
  const features = new Set([
    ...(table.features ?? []),
    ...featuresOfSchema(schema),
    ...featuresOfProperties(configuration),
    ...(domains.length === 0 ? [] : ["clustering"]),
  ]);
  // Every table supports it; the property by itself asks for no higher protocol.
  features.delete("appendOnly");
  const metadata: MetadataAction = {
    id,
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    format: { provider: "parquet", options: {} },
    schemaString: printSchemaString(schema),
    partitionColumns: partitionBy,
    configuration,
    createdTime: nowMs,
  };
  return { protocol: protocolOfFeatures(features), metadata, domains };
}

/** Columns whose content is materialised when rows are rewritten have names that no other column has. */
export function materializedColumns(
  properties: Readonly<Record<string, string>>,
  randomUuid: () => string,
): Record<string, string> {
  if (!isOn(properties, "delta.enableRowTracking", false)) return {};
  return {
    "delta.rowTracking.materializedRowIdColumnName": `_row-id-col-${randomUuid()}`,
    "delta.rowTracking.materializedRowCommitVersionColumnName": `_row-commit-version-col-${randomUuid()}`,
  };
}

function modeOf({ columnMapping, properties = {} }: NewTable): ColumnMappingMode {
  const property = properties[COLUMN_MAPPING_MODE]?.toLowerCase() as ColumnMappingMode | undefined;
  if (columnMapping !== undefined && property !== undefined && columnMapping !== property) {
    throw invalid(
      `columnMapping is ${columnMapping}, the property ${COLUMN_MAPPING_MODE} is ${property}; give one of the two`,
    );
  }
  return columnMapping ?? property ?? "none";
}

function mapped(
  schema: StructType,
  mode: ColumnMappingMode,
  randomUuid: () => string,
): { readonly schema: StructType; readonly configuration: Record<string, string> } {
  if (mode === "none") return { schema, configuration: {} };
  const { schema: withIds, maxColumnId } = assignColumnIds(schema, 0, () => `col-${randomUuid()}`);
  return { schema: withIds, configuration: { [MAX_COLUMN_ID]: String(maxColumnId) } };
}

function validateName(name: string | undefined): void {
  if (name === undefined) return;
  const { length } = Buffer.from(name);
  if (length >= 1 && length <= MAX_NAME_BYTES && !/\p{Cc}/u.test(name)) return;
  throw invalid(
    `the table name ${JSON.stringify(name)} must have 1 to ${MAX_NAME_BYTES} bytes in UTF-8 and no control characters`,
  );
}

function validateFeatures(features: readonly string[]): void {
  for (const feature of features) {
    if (CREATABLE_FEATURES.has(feature)) continue;
    throw invalid(
      `the table feature ${JSON.stringify(feature)} cannot be enabled; these can: ${[...CREATABLE_FEATURES].join(", ")}`,
    );
  }
}

/** @throws DeltaError `unsupported` for columns whose values this library would have to compute. */
export function refuseComputedColumns(schema: StructType): void {
  for (const { name, metadata } of schema.fields) {
    const key = Object.keys(metadata).find(
      (known) => known === "delta.generationExpression" || known.startsWith("delta.identity."),
    );
    if (key === undefined) continue;
    throw new DeltaError(
      "unsupported",
      `column ${JSON.stringify(name)} has ${key}: generated and identity columns are not supported`,
      { details: { column: name } },
    );
  }
}

function validatePartitioning(schema: StructType, partitionBy: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of partitionBy) {
    const field = schema.fields.find((candidate) => candidate.name === name);
    if (field === undefined) {
      throw invalid(
        `the table is partitioned by ${JSON.stringify(name)}, which is no column of it`,
      );
    }
    if (typeof field.type !== "string" || field.type === "variant") {
      throw invalid(
        `the table cannot be partitioned by ${JSON.stringify(name)} of type ${sqlTypeOf(field.type)}`,
      );
    }
    if (seen.has(name)) throw invalid(`the table is partitioned by ${JSON.stringify(name)} twice`);
    seen.add(name);
  }
  if (partitionBy.length > 0 && partitionBy.length === schema.fields.length) {
    throw invalid("a table cannot be partitioned by all of its columns");
  }
}

function invalid(problem: string): DeltaError {
  return new DeltaError("invalid_argument", problem);
}
