// SPDX-License-Identifier: Apache-2.0
import {
  columnKindOf,
  type ColumnKind,
  flatKindOf,
  nestedLayoutOf,
  type StructField,
  type StructType,
} from "@sluice/delta";
import { quoted, sqlNameOfField } from "../column-labels.ts";
import { MAX_PROBLEMS, type SetupFailure, type SetupProblem, setupFailure } from "../decoder.ts";
import type { DescriptorModel, FieldModel } from "../descriptor/descriptor-model.ts";
import { unsupportedColumn } from "../setup-problems.ts";
import { declaredTypeOf, expectationOf, limitsOf } from "../value-limits.ts";
import { matchNested, tagsOf } from "./match-nested.ts";
import type { NestedProtoColumn } from "./nested-plan.ts";
import { OneofNumbers } from "./oneof-numbers.ts";
import type { ProtoField, ProtoFieldPlan } from "./proto-field.ts";
import { incompatible } from "./match-problems.ts";
import { mappingOf, WIRE_TYPES } from "./type-mappings.ts";

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
  const nested: NestedProtoColumn[] = [];
  const oneofs = new OneofNumbers();
  const filled = new Set<number>();
  for (const field of descriptor.root.fields) {
    if (problems.length >= MAX_PROBLEMS) return setupFailure(problems);
    const columnIndex = columnIndexes.get(field.name);
    if (columnIndex === undefined) {
      problems.push(fieldNotInTable(field, schema));
      continue;
    }
    filled.add(columnIndex);
    const column = schema.fields[columnIndex] as StructField;
    const layout = flatKindOf(column.type) === undefined ? nestedLayoutOf(column) : undefined;
    if (layout !== undefined) {
      const edge = matchNested(field, column, layout.root, problems);
      if (edge === undefined) continue;
      const tags = tagsOf(edge, field.number);
      fields.push(nestedField(field, columnIndex, nested.length, tags, oneofs.of(field)));
      nested.push({ field: column, layout, columnIndex, edge });
      continue;
    }
    const matched = matchField(field, column, columnIndex, oneofs.of(field));
    if ("reason" in matched) problems.push(matched);
    else fields.push(matched);
  }
  for (const [index, column] of schema.fields.entries()) {
    if (problems.length >= MAX_PROBLEMS) return setupFailure(problems);
    if (columnKindOf(column.type) === undefined) {
      if (!filled.has(index)) problems.push(unsupportedColumn(column));
    } else if (!column.nullable && !filled.has(index)) {
      problems.push(missingColumn(column));
    }
  }
  if (problems.length > 0) return setupFailure(problems);
  for (const [columnIndex, column] of schema.fields.entries()) {
    const layout = flatKindOf(column.type) === undefined ? nestedLayoutOf(column) : undefined;
    if (layout === undefined || filled.has(columnIndex)) continue;
    nested.push({ field: column, layout, columnIndex, edge: undefined });
  }
  fields.sort((left, right) => left.number - right.number);
  const columns = schema.fields.map(columnLabel);
  return { fields, columns, nested, oneofCount: oneofs.count };
}

function matchField(
  field: FieldModel,
  column: StructField,
  columnIndex: number,
  oneof: number,
): ProtoField | SetupProblem {
  const columnKind: ColumnKind | undefined = columnKindOf(column.type);
  if (columnKind === undefined) return unsupportedColumn(column);
  const limits = limitsOf(column.type, declaredTypeOf(column));
  const mapping = mappingOf(column.type);
  const operation =
    field.type.kind === "scalar" && !field.isRepeated ? mapping[field.type.scalar] : undefined;
  if (operation === undefined) {
    return incompatible(field.name, field, sqlNameOfField(column), Object.keys(mapping).join(", "));
  }
  const tag = field.number * 8 + WIRE_TYPES[operation];
  return {
    number: field.number,
    tag,
    operation,
    columnIndex,
    columnKind,
    nestedIndex: -1,
    otherTag: 0,
    limits,
    oneof,
    name: field.name,
  };
}

function nestedField(
  field: FieldModel,
  columnIndex: number,
  nestedIndex: number,
  { tag, otherTag }: { readonly tag: number; readonly otherTag: number },
  oneof: number,
): ProtoField {
  const { number, name } = field;
  const limits = limitsOf("variant", undefined);
  return {
    number,
    tag,
    operation: "nested",
    columnIndex,
    columnKind: "nested",
    nestedIndex,
    otherTag,
    limits,
    oneof,
    name,
  };
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
    isNested: flatKindOf(column.type) === undefined,
  };
}
