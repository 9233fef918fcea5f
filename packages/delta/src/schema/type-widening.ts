// SPDX-License-Identifier: Apache-2.0
import { mapFields } from "./column-mapping.ts";
import { type DecimalFormat, decimalOf } from "./decimal.ts";
import type { FieldPath } from "./field-path.ts";
import { isDecimalTypeName, isPrimitiveTypeName } from "./type-names.ts";
import type { DataType, PrimitiveTypeName, StructField, StructType } from "./types.ts";

/** The key of a field's metadata under which its earlier types stand ("Type Change Metadata" of the protocol). */
export const TYPE_CHANGES_METADATA_KEY = "delta.typeChanges";

export interface TypeChange {
  readonly fromType: DataType;
  readonly toType: DataType;
  /** The way from the field to what an ARRAY or MAP in it holds; empty for the field itself. */
  readonly innerPath: FieldPath;
}

const WIDER_TYPES: Readonly<Partial<Record<PrimitiveTypeName, readonly PrimitiveTypeName[]>>> = {
  byte: ["short", "integer", "long", "double"],
  short: ["integer", "long", "double"],
  integer: ["long", "double"],
  float: ["double"],
  date: ["timestamp_ntz"],
};

/** The narrowest DECIMAL that the protocol lets an integer become. */
const INT_DECIMAL: DecimalFormat = { precision: 10, scale: 0 };
const LONG_DECIMAL: DecimalFormat = { precision: 20, scale: 0 };
const DECIMALS_OF_INTEGERS: Readonly<Partial<Record<string, DecimalFormat>>> = {
  byte: INT_DECIMAL,
  short: INT_DECIMAL,
  integer: INT_DECIMAL,
  long: LONG_DECIMAL,
};

/** Whether the protocol allows the change: every value of the one type is a value of the other. */
export function isWidening(from: DataType, to: DataType): boolean {
  if (typeof from !== "string" || typeof to !== "string" || from === to) return false;
  const target = decimalOf(to);
  if (target === undefined) {
    const wider: readonly string[] = WIDER_TYPES[from as PrimitiveTypeName] ?? [];
    return wider.includes(to);
  }
  const source = decimalOf(from) ?? DECIMALS_OF_INTEGERS[from];
  if (source === undefined) return false;
  const addedScale = target.scale - source.scale;
  return addedScale >= 0 && target.precision - source.precision >= addedScale;
}

/** The field with a change noted behind those that it has. */
export function withTypeChange(
  field: StructField,
  { fromType, toType, innerPath }: TypeChange,
): StructField {
  const known = field.metadata[TYPE_CHANGES_METADATA_KEY];
  const change = {
    fromType,
    toType,
    ...(innerPath.length === 0 ? {} : { fieldPath: innerPath.join(".") }),
  };
  const changes = [...(Array.isArray(known) ? (known as unknown[]) : []), change];
  return { ...field, metadata: { ...field.metadata, [TYPE_CHANGES_METADATA_KEY]: changes } };
}

/** The schema without earlier types, of which a table without files of theirs has none. */
export function withoutTypeChanges(schema: StructType): StructType {
  return mapFields(schema, (field) => {
    const { [TYPE_CHANGES_METADATA_KEY]: _changes, ...metadata } = field.metadata;
    return { ...field, metadata };
  });
}

/** Whether the field itself was FLOAT once, so that statistics of files may be those of a FLOAT. */
export function wasFloat(field: Pick<StructField, "metadata">): boolean {
  return changesOf(field).some(
    (change) => change.fromType === "float" && change.fieldPath === undefined,
  );
}

/** The type changes of a schema that the protocol does not have, each as words for a message. */
export function foreignTypeChanges(schema: StructType): readonly string[] {
  const problems: string[] = [];
  mapFields(schema, (field) => {
    for (const { fromType, toType } of changesOf(field)) {
      if (isTypeName(fromType) && isTypeName(toType) && isWidening(fromType, toType)) continue;
      const [from, to] = [fromType, toType].map((type) => JSON.stringify(type));
      problems.push(`the type change of ${JSON.stringify(field.name)} from ${from} to ${to}`);
    }
    return field;
  });
  return problems;
}

function changesOf({ metadata }: Pick<StructField, "metadata">): readonly RecordedChange[] {
  const changes = metadata[TYPE_CHANGES_METADATA_KEY];
  if (changes === undefined) return [];
  // What is no list of changes is a change that nobody knows.
  if (!Array.isArray(changes)) return [{}];
  return changes.map((change: unknown) =>
    typeof change === "object" && change !== null ? (change as RecordedChange) : {},
  );
}

interface RecordedChange {
  readonly fromType?: unknown;
  readonly toType?: unknown;
  readonly fieldPath?: unknown;
}

function isTypeName(type: unknown): type is DataType {
  return typeof type === "string" && (isPrimitiveTypeName(type) || isDecimalTypeName(type));
}
