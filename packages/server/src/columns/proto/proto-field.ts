// SPDX-License-Identifier: Apache-2.0
import type { ColumnKind } from "@sluice/delta";
import type { ValueLimits } from "../value-limits.ts";

/**
 * How a field's wire value becomes a column's value. The name is the protobuf type; `As` marks a widening that loses
 * nothing.
 */
export type ReadOperation =
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

/** One descriptor field and the column it fills. */
export interface ProtoField {
  readonly number: number;
  /** The tag as it stands on the wire: number and wire type, unsigned. */
  readonly tag: number;
  readonly operation: ReadOperation;
  readonly columnIndex: number;
  readonly columnKind: ColumnKind;
  readonly limits: ValueLimits;
  readonly name: string;
}

/** What both proto decoders work from: descriptor fields by number, and every column of the table. */
export interface ProtoFieldPlan {
  readonly fields: readonly ProtoField[];
  readonly columns: readonly ProtoColumn[];
}

export interface ProtoColumn {
  readonly name: string;
  readonly sqlName: string;
  /** The values that the column takes, where the wire type has others. */
  readonly expectation: string;
  readonly nullable: boolean;
}
