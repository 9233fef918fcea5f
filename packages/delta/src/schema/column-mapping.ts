// SPDX-License-Identifier: Apache-2.0
import { columnIdOf, type ColumnMappingMode, physicalNameOf } from "../log/column-mapping.ts";
import type { DataType, StructField, StructType } from "./types.ts";

export const COLUMN_MAPPING_MODE = "delta.columnMapping.mode";
export const MAX_COLUMN_ID = "delta.columnMapping.maxColumnId";
const ID_KEY = "delta.columnMapping.id";
const PHYSICAL_NAME_KEY = "delta.columnMapping.physicalName";
/** By which a field of a physical schema carries its id; see `ParquetFileEncoder`. */
const PARQUET_FIELD_ID_KEY = "parquet.field.id";

/**
 * The schema as data files have it: physical names, each field with its id for Parquet. Where columns are not mapped it
 * is the schema itself.
 * @throws DeltaError `data_loss` as {@link physicalNameOf}.
 */
export function physicalSchemaOf(schema: StructType, mode: ColumnMappingMode): StructType {
  if (mode === "none") return schema;
  return mapFields(schema, (field) => ({
    ...field,
    name: physicalNameOf(field, mode),
    metadata: { ...field.metadata, [PARQUET_FIELD_ID_KEY]: columnIdOf(field) },
  }));
}

export interface MappedSchema {
  readonly schema: StructType;
  /** The highest id given out; the table keeps it under `delta.columnMapping.maxColumnId`. */
  readonly maxColumnId: number;
}

/**
 * Gives an id to every field that has none, and the physical name that `physicalName` makes for it.
 * @param maxColumnId the highest id that was ever given out in the table; 0 for a new one.
 */
export function assignColumnIds(
  schema: StructType,
  maxColumnId: number,
  physicalName: (field: StructField) => string,
): MappedSchema {
  let highest = Math.max(maxColumnId, highestIdIn(schema));
  const mapped = mapFields(schema, (field) => {
    if (field.metadata[ID_KEY] !== undefined) return field;
    highest += 1;
    const mapping = { [ID_KEY]: highest, [PHYSICAL_NAME_KEY]: physicalName(field) };
    return { ...field, metadata: { ...field.metadata, ...mapping } };
  });
  return { schema: mapped, maxColumnId: highest };
}

/** The schema without ids and physical names, such as that of another table. */
export function withoutColumnIds(schema: StructType): StructType {
  return mapFields(schema, (field) => {
    const {
      [ID_KEY]: _id,
      [PHYSICAL_NAME_KEY]: _name,
      [PARQUET_FIELD_ID_KEY]: _fieldId,
      ...metadata
    } = field.metadata;
    return { ...field, metadata };
  });
}

/** A schema with every field changed, those inside of structs, arrays and maps included; a field before its own parts. */
export function mapFields(
  schema: StructType,
  change: (field: StructField) => StructField,
): StructType {
  return {
    type: "struct",
    fields: schema.fields.map((field) => {
      const changed = change(field);
      return { ...changed, type: mapTypeFields(changed.type, change) };
    }),
  };
}

function mapTypeFields(type: DataType, change: (field: StructField) => StructField): DataType {
  if (typeof type === "string") return type;
  switch (type.type) {
    case "struct":
      return mapFields(type, change);
    case "array":
      return { ...type, elementType: mapTypeFields(type.elementType, change) };
    case "map":
      return {
        ...type,
        keyType: mapTypeFields(type.keyType, change),
        valueType: mapTypeFields(type.valueType, change),
      };
  }
}

function highestIdIn(schema: StructType): number {
  let highest = 0;
  mapFields(schema, (field) => {
    const id = field.metadata[ID_KEY];
    if (typeof id === "number" && id > highest) highest = id;
    return field;
  });
  return highest;
}
