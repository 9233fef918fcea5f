// SPDX-License-Identifier: Apache-2.0
import type { NestedLayout, StructField } from "@sluice/delta";
import type { ValueLimits } from "../value-limits.ts";
import type { ProtoColumn, ScalarOperation } from "./proto-field.ts";

export interface ScalarValue {
  readonly kind: "scalar";
  readonly operation: ScalarOperation;
  readonly wireType: number;
  readonly limits: ValueLimits;
}

/** A VARIANT, as JSON text in a string. */
export interface VariantValue {
  readonly kind: "variant";
}

export interface MessageValue {
  readonly kind: "message";
  /** The cells of an item: one for each field of the column's STRUCT, and behind them one for each oneof. */
  readonly cellCount: number;
  readonly edgeByTag: ReadonlyMap<number, ProtoEdge>;
  /** By field number, for a tag that is not in {@link MessageValue.edgeByTag}. */
  readonly edgeByNumber: ReadonlyMap<number, ProtoEdge>;
}

export type ProtoValue = ScalarValue | VariantValue | MessageValue;

/** A descriptor field and the part of the column that it fills. */
export interface ProtoEdge {
  readonly shape: "single" | "list" | "map";
  /** Of a list the element, of a map the value. */
  readonly value: ProtoValue;
  /** Of a map. */
  readonly key: ScalarValue | undefined;
  /** The field of the STRUCT, counted from 0; 0 for a column. */
  readonly slot: number;
  /** The cell that tells which member of the field's oneof is set, as its slot plus 1; -1 for no oneof. */
  readonly oneofCell: number;
  /** The tag of a packed list, 0 where it cannot be packed. */
  readonly packedTag: number;
  readonly label: ProtoColumn;
}

export interface NestedProtoColumn {
  readonly field: StructField;
  readonly layout: NestedLayout;
  readonly columnIndex: number;
  /** `undefined` where the descriptor has no field for the column. */
  readonly edge: ProtoEdge | undefined;
}
