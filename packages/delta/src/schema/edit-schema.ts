// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { type FieldPath, pathText } from "./field-path.ts";
import type { DataType, StructField, StructType } from "./types.ts";

/** What becomes of the fields of a struct. */
type FieldsChange = (fields: readonly StructField[]) => readonly StructField[];

/**
 * The schema with one field changed.
 * @throws DeltaError `invalid_argument` where there is no such field.
 */
export function changeField(
  schema: StructType,
  path: FieldPath,
  change: (field: StructField) => StructField,
): StructType {
  return changeSiblings(schema, path, (fields, index) =>
    fields.map((field, position) => (position === index ? change(field) : field)),
  );
}

/** The schema without one field; see {@link changeField}. */
export function removeField(schema: StructType, path: FieldPath): StructType {
  return changeSiblings(schema, path, (fields, index) => {
    if (fields.length === 1) {
      throw new DeltaError(
        "invalid_argument",
        `column ${pathText(path)} is the last of its struct or table and cannot be dropped`,
        { details: { column: path.join(".") } },
      );
    }
    return fields.filter((_, position) => position !== index);
  });
}

/**
 * The schema with a field more, behind the others.
 * @param parent the struct that it goes into; empty for a column of the table.
 * @throws DeltaError `invalid_argument` where there is no such struct, or a field of that name in it.
 */
export function addField(schema: StructType, parent: FieldPath, field: StructField): StructType {
  return changeStruct(schema, parent, parent, (fields) => {
    const folded = field.name.toLowerCase();
    const known = fields.find(({ name }) => name.toLowerCase() === folded);
    if (known === undefined) return [...fields, field];
    throw new DeltaError(
      "invalid_argument",
      `there is a column ${pathText([...parent, known.name])} already`,
      { details: { column: known.name } },
    );
  }) as StructType;
}

/** A type that a path leads to. */
export interface TypePlace {
  readonly type: DataType;
  /** To the field that the type is of, or that it lies in. */
  readonly fieldPath: FieldPath;
  /** The rest of the way: into the ARRAYs and MAPs of that field. Empty for the field's own type. */
  readonly innerPath: FieldPath;
}

/**
 * Finds the type of a field, or of what an ARRAY or MAP holds.
 * @throws DeltaError `invalid_argument` where the path leads nowhere.
 */
export function findType(schema: StructType, path: FieldPath): TypePlace {
  let type: DataType = schema;
  let fieldCount = 0;
  for (const [index, name] of path.entries()) {
    if (typeof type === "object" && type.type === "struct") fieldCount = index + 1;
    const part = partOf(type, name);
    if (part === undefined) throw missing(path);
    type = part;
  }
  if (fieldCount === 0) throw new DeltaError("invalid_argument", "the column path is empty");
  return { type, fieldPath: path.slice(0, fieldCount), innerPath: path.slice(fieldCount) };
}

/** The type with another one in the place that a way into its ARRAYs and MAPs leads to. */
export function changeInnerType(type: DataType, innerPath: FieldPath, target: DataType): DataType {
  const [name, ...deeper] = innerPath;
  if (name === undefined) return target;
  if (typeof type === "string" || type.type === "struct") throw missing(innerPath);
  if (type.type === "array") {
    return { ...type, elementType: changeInnerType(type.elementType, deeper, target) };
  }
  return name === "key"
    ? { ...type, keyType: changeInnerType(type.keyType, deeper, target) }
    : { ...type, valueType: changeInnerType(type.valueType, deeper, target) };
}

function partOf(type: DataType, name: string): DataType | undefined {
  if (typeof type === "string") return undefined;
  switch (type.type) {
    case "struct":
      return type.fields.find((field) => field.name === name)?.type;
    case "array":
      return name === "element" ? type.elementType : undefined;
    case "map":
      if (name === "key") return type.keyType;
      return name === "value" ? type.valueType : undefined;
  }
}

function changeSiblings(
  schema: StructType,
  path: FieldPath,
  change: (fields: readonly StructField[], index: number) => readonly StructField[],
): StructType {
  const name = path.at(-1);
  if (name === undefined) throw new DeltaError("invalid_argument", "the column path is empty");
  return changeStruct(schema, path.slice(0, -1), path, (fields) => {
    const index = fields.findIndex((field) => field.name === name);
    if (index === -1) throw missing(path);
    return change(fields, index);
  }) as StructType;
}

function changeStruct(
  type: DataType,
  rest: FieldPath,
  path: FieldPath,
  change: FieldsChange,
): DataType {
  if (typeof type === "string") throw missing(path);
  const [name, ...deeper] = rest;
  switch (type.type) {
    case "struct": {
      if (name === undefined) return { ...type, fields: change(type.fields) };
      const index = type.fields.findIndex((field) => field.name === name);
      if (index === -1) throw missing(path);
      const fields = type.fields.map((field, position) =>
        position === index
          ? { ...field, type: changeStruct(field.type, deeper, path, change) }
          : field,
      );
      return { ...type, fields };
    }
    case "array":
      if (name !== "element") throw missing(path);
      return { ...type, elementType: changeStruct(type.elementType, deeper, path, change) };
    case "map":
      if (name === "key") {
        return { ...type, keyType: changeStruct(type.keyType, deeper, path, change) };
      }
      if (name !== "value") throw missing(path);
      return { ...type, valueType: changeStruct(type.valueType, deeper, path, change) };
  }
}

function missing(path: FieldPath): DeltaError {
  return new DeltaError(
    "invalid_argument",
    `the table has no column ${pathText(path)}; the way into an ARRAY is "element", into a MAP "key" or "value"`,
    { details: { column: path.join(".") } },
  );
}
