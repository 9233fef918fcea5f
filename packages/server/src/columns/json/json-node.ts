// SPDX-License-Identifier: Apache-2.0
import {
  type LayoutNode,
  type NestedLayout,
  nestedLayoutOf,
  type StructField,
} from "@sluice/delta";
import { isDate, isTimestamp } from "../calendar.ts";
import { JSON_VALUE, type JsonColumn, jsonColumnOf, type JsonOptions } from "./json-column.ts";

/** A part of a nested column as the JSON reader sees it. */
export interface JsonNode {
  readonly layout: LayoutNode;
  /** Its place among the labels of the column, by which faults name it. */
  readonly index: number;
  readonly label: JsonColumn;
  /** Of a struct: its fields by name, each with its place in an item. */
  readonly fields: ReadonlyMap<string, { readonly slot: number; readonly node: JsonNode }>;
  /** Of a list the element, of a map the value. */
  readonly element: JsonNode | undefined;
  /** Of a map. */
  readonly key: JsonNode | undefined;
}

export interface NestedJsonColumn {
  readonly field: StructField;
  readonly layout: NestedLayout;
  readonly columnIndex: number;
  readonly root: JsonNode;
  /** By {@link JsonNode.index}. */
  readonly labels: readonly JsonColumn[];
}

/** The plan of a column with parts, or `undefined` where JSON has no form for it: MAP keys are texts there. */
export function nestedJsonColumnOf(
  field: StructField,
  columnIndex: number,
  options: JsonOptions,
): NestedJsonColumn | undefined {
  const layout = nestedLayoutOf(field);
  if (layout === undefined) return undefined;
  const labels: JsonColumn[] = [];
  const root = nodeOf(field, layout.root, field.name, labels, options);
  return root === undefined ? undefined : { field, layout, columnIndex, root, labels };
}

/** Whether a whole number of 64 bits, as two int32 halves, is one that the leaf takes. */
export function fitsNode({ label }: JsonNode, low: number, high: number): boolean {
  const { integerBits, calendar } = label.limits;
  if (calendar === "timestamp") return isTimestamp(low, high);
  if (label.valueKind === JSON_VALUE.INT64) return true;
  const unused = integerBits === 0 ? 0 : 32 - integerBits;
  if (high !== low >> 31 || (low << unused) >> unused !== low) return false;
  return calendar === "none" || isDate(low);
}

const NO_FIELDS: JsonNode["fields"] = new Map();

function nodeOf(
  field: StructField,
  layout: LayoutNode,
  path: string,
  labels: JsonColumn[],
  options: JsonOptions,
): JsonNode | undefined {
  const label = labelOf(field, layout, path, options);
  if (label === undefined) return undefined;
  const index = labels.push(label) - 1;
  const plain = { layout, index, label, fields: NO_FIELDS, element: undefined, key: undefined };
  switch (layout.kind) {
    case "leaf":
    case "variant":
      return plain;
    case "struct": {
      const fields = new Map<string, { slot: number; node: JsonNode }>();
      for (const [slot, { field: inner, node }] of layout.fields.entries()) {
        const child = nodeOf(inner, node, `${path}.${inner.name}`, labels, options);
        if (child === undefined) return undefined;
        fields.set(inner.name, { slot, node: child });
      }
      return { ...plain, fields };
    }
    case "list": {
      const element = partOf("element", layout.element, path, labels, options);
      return element === undefined ? undefined : { ...plain, element };
    }
    case "map": {
      const key = partOf("key", layout.key, path, labels, options);
      const element = partOf("value", layout.value, path, labels, options);
      if (key === undefined || element === undefined || !isText(key)) return undefined;
      return { ...plain, key, element };
    }
  }
}

/** Whether values of a part can be written as the key of a JSON object. */
function isText({ layout, label }: JsonNode): boolean {
  return layout.kind === "leaf" && label.valueKind !== JSON_VALUE.BASE64;
}

function partOf(
  name: string,
  layout: LayoutNode,
  path: string,
  labels: JsonColumn[],
  options: JsonOptions,
): JsonNode | undefined {
  const type = layout.kind === "leaf" ? layout.type : "variant";
  const field: StructField = { name, type, nullable: layout.nullable, metadata: {} };
  return nodeOf(field, layout, `${path}.${name}`, labels, options);
}

const EXPECTATIONS: Readonly<Record<Exclude<LayoutNode["kind"], "leaf">, string>> = {
  struct: "a JSON object",
  list: "a JSON array",
  map: "a JSON object",
  variant: "a JSON string with JSON text",
};

function labelOf(
  field: StructField,
  layout: LayoutNode,
  path: string,
  options: JsonOptions,
): JsonColumn | undefined {
  const { kind, nullable } = layout;
  if (kind === "leaf") {
    const column = jsonColumnOf(field, options);
    return column === undefined ? undefined : { ...column, name: path };
  }
  return {
    name: path,
    sqlName: kind === "list" ? "ARRAY" : kind.toUpperCase(),
    nullable,
    limits: { integerBits: 0, maxCharacters: 0, decimal: undefined, calendar: "none" },
    valueKind: JSON_VALUE.NESTED,
    nestedIndex: -1,
    expectation: EXPECTATIONS[kind],
  };
}
