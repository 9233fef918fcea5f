// SPDX-License-Identifier: Apache-2.0
import { scalarTypeOf } from "../expression/scalar-types.ts";
import { wasFloat } from "../schema/type-widening.ts";
import type { DataType, MapType, StructField, StructType } from "../schema/types.ts";
import type { MetadataAction, ProtocolAction } from "./actions.ts";
import { columnMappingModeOf, physicalNameOf } from "./column-mapping.ts";
import type { LogProperties } from "./table-properties.ts";

/** A table as far as the columns of its checkpoints depend on it. */
export interface CheckpointedTable {
  readonly protocol: ProtocolAction;
  readonly metadata: MetadataAction;
  readonly schema: StructType;
}

/** What the `add` column of a checkpoint has beyond the fields that each has. */
export interface AddLayout {
  readonly hasStatsText: boolean;
  /** Of `stats_parsed`; `undefined` where it is not written. */
  readonly statsFields: readonly StatsField[] | undefined;
  /** Of `partitionValues_parsed`, by physical names; empty where it is not written. */
  readonly partitionFields: readonly StructField[];
}

/** A column that statistics are kept of, under its physical name. */
export interface StatsField {
  readonly name: string;
  readonly type: DataType;
  /** Of a struct. */
  readonly fields: readonly StatsField[] | undefined;
  /** Whether smallest and largest values are kept, and not only how many are null. */
  readonly hasBounds: boolean;
  /** Whether the column was FLOAT before it became DOUBLE. */
  readonly wasFloat: boolean;
}

const DEFAULT_INDEXED_COLUMN_COUNT = 32;

export function addLayoutOf(table: CheckpointedTable, properties: LogProperties): AddLayout {
  const { metadata, schema } = table;
  const { writesStatsAsJson, writesStatsAsStruct } = properties;
  if (!writesStatsAsStruct) {
    return { hasStatsText: writesStatsAsJson, statsFields: undefined, partitionFields: [] };
  }
  const mode = columnMappingModeOf(table.protocol, metadata);
  const physicalName = (field: StructField): string => physicalNameOf(field, mode);
  const partitions = new Set(metadata.partitionColumns);
  const dataFields = schema.fields.filter(({ name }) => !partitions.has(name));
  const byName = new Map(schema.fields.map((field) => [field.name, field]));
  const partitionFields = metadata.partitionColumns.flatMap((name) => {
    const field = byName.get(name);
    return field === undefined ? [] : [optional(physicalName(field), field.type)];
  });
  const budget = { leaves: indexedColumnCount(metadata) };
  return {
    hasStatsText: writesStatsAsJson,
    statsFields: statsFieldsOf(dataFields, physicalName, budget),
    partitionFields,
  };
}

/** How many columns, counted by their leaves, statistics are kept of; -1 stands for all. */
function indexedColumnCount({ configuration }: MetadataAction): number {
  if (configuration["delta.dataSkippingStatsColumns"] !== undefined) return Infinity;
  const count = Number(configuration["delta.dataSkippingNumIndexedCols"] ?? NaN);
  if (!Number.isInteger(count)) return DEFAULT_INDEXED_COLUMN_COUNT;
  return count < 0 ? Infinity : count;
}

function statsFieldsOf(
  fields: readonly StructField[],
  physicalName: (field: StructField) => string,
  budget: { leaves: number },
): readonly StatsField[] {
  const indexed: StatsField[] = [];
  for (const field of fields) {
    if (budget.leaves <= 0) break;
    const { type } = field;
    const name = physicalName(field);
    if (typeof type === "object" && type.type === "struct") {
      const inner = statsFieldsOf(type.fields, physicalName, budget);
      if (inner.length > 0)
        indexed.push({
          name,
          type,
          fields: inner,
          hasBounds: inner.some((part) => part.hasBounds),
          wasFloat: false,
        });
    } else {
      budget.leaves -= 1;
      indexed.push({
        name,
        type,
        fields: undefined,
        hasBounds: hasBounds(type),
        wasFloat: wasFloat(field),
      });
    }
  }
  return indexed;
}

function hasBounds(type: DataType): boolean {
  const scalar = scalarTypeOf(type);
  return scalar !== undefined && scalar !== "boolean" && scalar !== "binary" && scalar !== "void";
}

const TEXTS: MapType = {
  type: "map",
  keyType: "string",
  valueType: "string",
  valueContainsNull: true,
};
const NAMES: DataType = { type: "array", elementType: "string", containsNull: true };

const DELETION_VECTOR = struct({
  storageType: "string",
  pathOrInlineDv: "string",
  offset: "integer",
  sizeInBytes: "integer",
  cardinality: "long",
});

const PROTOCOL = struct({
  minReaderVersion: "integer",
  minWriterVersion: "integer",
  readerFeatures: NAMES,
  writerFeatures: NAMES,
});

const METADATA = struct({
  id: "string",
  name: "string",
  description: "string",
  format: struct({ provider: "string", options: TEXTS }),
  schemaString: "string",
  partitionColumns: NAMES,
  configuration: TEXTS,
  createdTime: "long",
});

const REMOVE = struct({
  path: "string",
  deletionTimestamp: "long",
  dataChange: "boolean",
  extendedFileMetadata: "boolean",
  partitionValues: TEXTS,
  size: "long",
  deletionVector: DELETION_VECTOR,
  baseRowId: "long",
  defaultRowCommitVersion: "long",
});

/** Of a file that has all actions ("Checkpoint Schema"). */
export function checkpointSchema(layout: AddLayout, isV2: boolean): StructType {
  return struct({
    txn: struct({ appId: "string", version: "long", lastUpdated: "long" }),
    add: addType(layout),
    remove: REMOVE,
    metaData: METADATA,
    protocol: PROTOCOL,
    domainMetadata: struct({ domain: "string", configuration: "string", removed: "boolean" }),
    ...(isV2
      ? {
          checkpointMetadata: struct({ version: "long", tags: TEXTS }),
          sidecar: struct({
            path: "string",
            sizeInBytes: "long",
            modificationTime: "long",
            tags: TEXTS,
          }),
        }
      : {}),
  });
}

/** Of a file that has file actions only. */
export function sidecarSchema(layout: AddLayout): StructType {
  return struct({ add: addType(layout), remove: REMOVE });
}

function addType({ hasStatsText, statsFields, partitionFields }: AddLayout): StructType {
  return struct({
    path: "string",
    partitionValues: TEXTS,
    size: "long",
    modificationTime: "long",
    dataChange: "boolean",
    tags: TEXTS,
    deletionVector: DELETION_VECTOR,
    baseRowId: "long",
    defaultRowCommitVersion: "long",
    clusteringProvider: "string",
    ...(hasStatsText ? { stats: "string" } : {}),
    ...(partitionFields.length === 0
      ? {}
      : { partitionValues_parsed: { type: "struct", fields: partitionFields } }),
    ...(statsFields === undefined ? {} : { stats_parsed: parsedStatsType(statsFields) }),
  });
}

function parsedStatsType(fields: readonly StatsField[]): StructType {
  const bounds = boundsType(fields);
  const nulls = nullCountType(fields);
  return struct({
    numRecords: "long",
    ...(bounds === undefined ? {} : { minValues: bounds, maxValues: bounds }),
    ...(nulls === undefined ? {} : { nullCount: nulls }),
    tightBounds: "boolean",
  });
}

function boundsType(fields: readonly StatsField[]): StructType | undefined {
  const bounded = fields.filter((field) => field.hasBounds);
  if (bounded.length === 0) return undefined;
  return {
    type: "struct",
    fields: bounded.map((field) =>
      optional(field.name, (field.fields && boundsType(field.fields)) ?? field.type),
    ),
  };
}

function nullCountType(fields: readonly StatsField[]): StructType | undefined {
  if (fields.length === 0) return undefined;
  return {
    type: "struct",
    fields: fields.map((field) =>
      optional(field.name, (field.fields && nullCountType(field.fields)) ?? "long"),
    ),
  };
}

function struct(fields: Readonly<Record<string, DataType>>): StructType {
  return {
    type: "struct",
    fields: Object.entries(fields).map(([name, type]) => optional(name, type)),
  };
}

function optional(name: string, type: DataType): StructField {
  return { name, type, nullable: true, metadata: {} };
}
