// SPDX-License-Identifier: Apache-2.0
import { columnKindOf, type ColumnKind, type StructField, type StructType } from "@sluice/delta";
import { quoted, sqlNameOfField } from "../column-labels.ts";
import { type SetupFailure, type SetupProblem, setupFailure } from "../decoder.ts";
import type {
  DescriptorModel,
  FieldModel,
  ProtoScalarType,
} from "../descriptor/descriptor-model.ts";
import { unsupportedColumn } from "../setup-problems.ts";
import { declaredTypeOf, expectationOf, limitsOf } from "../value-limits.ts";
import type { ProtoField, ProtoFieldPlan, ReadOperation } from "./proto-field.ts";

type Mapping = Readonly<Partial<Record<ProtoScalarType, ReadOperation>>>;

const TO_INT: Mapping = { int32: "int32", sint32: "sint32", sfixed32: "sfixed32" };
const TO_LONG: Mapping = { int64: "int64", sint64: "sint64", sfixed64: "sfixed64" };

/**
 * Which protobuf types fill a column of each type. The first of each is the service's own mapping; the others hold no
 * value that the column cannot. A 64-bit or unsigned field that could overflow its column is refused rather than
 * checked record by record, and so is an enum: it does not say whether its number or its name is meant.
 */
const MAPPINGS: Readonly<Record<string, Mapping>> = {
  string: { string: "string" },
  binary: { bytes: "bytes" },
  boolean: { bool: "bool" },
  byte: TO_INT,
  short: TO_INT,
  integer: TO_INT,
  date: TO_INT,
  long: {
    ...TO_LONG,
    int32: "int32AsInt64",
    sint32: "sint32AsInt64",
    sfixed32: "sfixed32AsInt64",
    uint32: "uint32AsInt64",
    fixed32: "fixed32AsInt64",
  },
  timestamp: TO_LONG,
  timestamp_ntz: TO_LONG,
  float: { float: "float" },
  double: { double: "double", float: "floatAsDouble" },
};

const TO_DECIMAL: Mapping = { string: "decimal" };

const WIRE_TYPES: Readonly<Record<ReadOperation, number>> = {
  bool: 0,
  int32: 0,
  sint32: 0,
  int64: 0,
  sint64: 0,
  int32AsInt64: 0,
  sint32AsInt64: 0,
  uint32AsInt64: 0,
  sfixed64: 1,
  double: 1,
  string: 2,
  decimal: 2,
  bytes: 2,
  sfixed32: 5,
  sfixed32AsInt64: 5,
  fixed32AsInt64: 5,
  float: 5,
  floatAsDouble: 5,
};

/**
 * Checks a descriptor against a table. Names are matched exactly, case included. A descriptor field that the table
 * lacks, a field of another type than its column's and a NOT NULL column without a field are refused; a nullable
 * column without a field stays null. What proto2 calls `required` is of no consequence: the table decides.
 */
export function matchFields(
  schema: StructType,
  descriptor: DescriptorModel,
): ProtoFieldPlan | SetupFailure {
  const columnIndexes = new Map(schema.fields.map((column, index) => [column.name, index]));
  const problems: SetupProblem[] = [];
  const fields: ProtoField[] = [];
  const filled = new Set<number>();
  for (const field of descriptor.root.fields) {
    const columnIndex = columnIndexes.get(field.name);
    if (columnIndex === undefined) {
      problems.push(fieldNotInTable(field, schema));
      continue;
    }
    filled.add(columnIndex);
    const matched = matchField(field, schema.fields[columnIndex] as StructField, columnIndex);
    if ("reason" in matched) problems.push(matched);
    else fields.push(matched);
  }
  for (const [index, column] of schema.fields.entries()) {
    if (columnKindOf(column.type) === undefined) {
      if (!filled.has(index)) problems.push(unsupportedColumn(column));
    } else if (!column.nullable && !filled.has(index)) {
      problems.push(missingColumn(column));
    }
  }
  if (problems.length > 0) return setupFailure(problems);
  fields.sort((left, right) => left.number - right.number);
  return { fields, columns: schema.fields.map(columnLabel) };
}

function matchField(
  field: FieldModel,
  column: StructField,
  columnIndex: number,
): ProtoField | SetupProblem {
  const columnKind: ColumnKind | undefined = columnKindOf(column.type);
  if (columnKind === undefined) return unsupportedColumn(column);
  const limits = limitsOf(column.type, declaredTypeOf(column));
  const mapping =
    limits.decimal === undefined ? (MAPPINGS[column.type as string] ?? {}) : TO_DECIMAL;
  const operation =
    field.type.kind === "scalar" && !field.isRepeated ? mapping[field.type.scalar] : undefined;
  if (operation === undefined) {
    const accepted = Object.keys(mapping).join(", ");
    return {
      field: field.name,
      reason: "type_incompatible",
      message: `descriptor field ${quoted(field.name)} is ${describeField(field)}, but the table's column is ${sqlNameOfField(column)}, which takes ${accepted}`,
    };
  }
  const tag = field.number * 8 + WIRE_TYPES[operation];
  return {
    number: field.number,
    tag,
    operation,
    columnIndex,
    columnKind,
    limits,
    name: field.name,
  };
}

function describeField(field: FieldModel): string {
  const { type } = field;
  const name =
    type.kind === "scalar" ? type.scalar : type.kind === "enum" ? "an enum" : "a message";
  return field.isRepeated ? `repeated (${name})` : name;
}

function fieldNotInTable(field: FieldModel, schema: StructType): SetupProblem {
  const similar = schema.fields.find(
    (column) => column.name.toLowerCase() === field.name.toLowerCase(),
  );
  const hint =
    similar === undefined
      ? ""
      : `; it has ${quoted(similar.name)}, and names are matched with their case`;
  return {
    field: field.name,
    reason: "field_not_in_table",
    message: `descriptor field ${quoted(field.name)} is not a column of the table${hint}`,
  };
}

function missingColumn(column: StructField): SetupProblem {
  return {
    field: column.name,
    reason: "missing_required_column",
    message: `the descriptor has no field for column ${quoted(column.name)}, which is NOT NULL`,
  };
}

function columnLabel(column: StructField): ProtoFieldPlan["columns"][number] {
  return {
    name: column.name,
    sqlName: sqlNameOfField(column),
    expectation: expectationOf(column),
    nullable: column.nullable,
  };
}
