// SPDX-License-Identifier: Apache-2.0
import type { ColumnKind } from "@sluice/delta";
import type { ValueLimits } from "../value-limits.ts";
import type { NestedProtoColumn } from "./nested-plan.ts";

/**
 * How a field's wire value becomes a column's value. The name is the protobuf type; `As` marks a widening that loses
 * nothing.
 */
export type ScalarOperation =
  | "bool"
  | "int32"
  | "sint32"
  | "sfixed32"
  | "int64"
  | "sint64"
  | "sfixed64"
  | "int32AsInt64"
  | "sint32AsInt64"
  | "sfixed32AsInt64"
  | "uint32AsInt64"
  | "fixed32AsInt64"
  | "float"
  | "floatAsDouble"
  | "double"
  | "string"
  | "decimal"
  | "bytes";

/** `nested` stands for a column with parts, which {@link NestedProtoColumn} describes. */
export type ReadOperation = ScalarOperation | "nested";

/** One descriptor field and the column it fills. */
export interface ProtoField {
  readonly number: number;
  /** The tag as it stands on the wire: number and wire type, unsigned. */
  readonly tag: number;
  readonly operation: ReadOperation;
  readonly columnIndex: number;
  readonly columnKind: ColumnKind;
  /** The index among the nested columns, -1 for a flat one. */
  readonly nestedIndex: number;
  /** A second tag that a list may have on the wire, 0 for none. */
  readonly otherTag: number;
  readonly limits: ValueLimits;
  /** Which of the record's oneofs the field is a member of, -1 for none. */
  readonly oneof: number;
  readonly name: string;
}

/** What both proto decoders work from: descriptor fields by number, and every column of the table. */
export interface ProtoFieldPlan {
  readonly fields: readonly ProtoField[];
  readonly columns: readonly ProtoColumn[];
  readonly nested: readonly NestedProtoColumn[];
  readonly oneofCount: number;
}

export interface ProtoColumn {
  readonly name: string;
  readonly sqlName: string;
  /** The values that the column takes, where the wire type has others. */
  readonly expectation: string;
  readonly nullable: boolean;
  readonly isNested: boolean;
}

/** Whether a record without a field for the column is refused at once; nested columns are judged by their parts. */
export function isRequired(column: ProtoColumn): boolean {
  return !column.nullable && !column.isNested;
}

/** Whether a record without the field makes a flat column null. */
export function fillsNullable(plan: ProtoFieldPlan, field: ProtoField): boolean {
  const column = plan.columns[field.columnIndex];
  return column !== undefined && column.nullable && !column.isNested;
}
