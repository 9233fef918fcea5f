// SPDX-License-Identifier: Apache-2.0
import type { LayoutNode, LeafNode, MapNode, StructField, StructNode } from "@sluice/delta";
import { quoted, sqlNameOf, sqlNameOfField } from "../column-labels.ts";
import { MAX_PROBLEMS, type SetupProblem } from "../decoder.ts";
import type { FieldModel, MessageModel } from "../descriptor/descriptor-model.ts";
import { declaredTypeOf, expectationOf, limitsOf } from "../value-limits.ts";
import { incompatible } from "./match-problems.ts";
import type { MessageValue, ProtoEdge, ProtoValue, ScalarValue } from "./nested-plan.ts";
import type { ProtoColumn } from "./proto-field.ts";
import { OneofNumbers } from "./oneof-numbers.ts";
import { mappingOf, WIRE_TYPES } from "./type-mappings.ts";

/**
 * Checks a descriptor field against a column with parts: a STRUCT is a message, an ARRAY a repeated field, a MAP a map
 * field and a VARIANT a string with JSON text. An ARRAY or MAP directly in an ARRAY or MAP has no form in protobuf. What
 * does not fit is added to `problems`. The depth is that of the table's type, also where messages contain themselves.
 */
export function matchNested(
  field: FieldModel,
  column: StructField,
  node: LayoutNode,
  problems: SetupProblem[],
): ProtoEdge | undefined {
  return edgeOf(field, column, node, 0, field.name, problems);
}

/** The tags of a field: of a list that may be packed both ways, the packed one first. */
export function tagsOf(edge: ProtoEdge, number: number): { tag: number; otherTag: number } {
  const { value } = edge;
  const isPlain = value.kind === "scalar" && edge.shape !== "map";
  const tag = number * 8 + (isPlain ? value.wireType : 2);
  return edge.packedTag === 0 ? { tag, otherTag: 0 } : { tag: edge.packedTag, otherTag: tag };
}

function edgeOf(
  field: FieldModel,
  column: StructField,
  node: LayoutNode,
  slot: number,
  path: string,
  problems: SetupProblem[],
): ProtoEdge | undefined {
  const { type } = field;
  const label = labelOf(column, path);
  const refuse = (accepted: string): undefined => {
    problems.push(incompatible(path, field, label.sqlName, accepted));
    return undefined;
  };
  const isMap = field.isRepeated && type.kind === "message" && type.message.isMapEntry;
  if (node.kind === "map") {
    if (!isMap || type.kind !== "message") return refuse("a map field");
    return mapEdge(type.message, node, slot, label, path, problems);
  }
  if (node.kind === "list") {
    if (isMap || !field.isRepeated) return refuse("a repeated field");
    const { element } = node;
    if (element.kind === "list" || element.kind === "map") {
      problems.push(withoutForm(path, label.sqlName));
      return undefined;
    }
    const value = valueOf(field, column, element, path, problems);
    if (value === undefined) return undefined;
    const isPackable = value.kind === "scalar" && value.wireType !== 2;
    const packedTag = isPackable ? field.number * 8 + 2 : 0;
    return { shape: "list", value, key: undefined, slot, oneofCell: -1, packedTag, label };
  }
  if (field.isRepeated) return refuse("a field that is not repeated");
  const value = valueOf(field, column, node, path, problems);
  if (value === undefined) return undefined;
  return { shape: "single", value, key: undefined, slot, oneofCell: -1, packedTag: 0, label };
}

function mapEdge(
  entry: MessageModel,
  node: MapNode,
  slot: number,
  label: ProtoColumn,
  path: string,
  problems: SetupProblem[],
): ProtoEdge | undefined {
  const keyField = entry.fields.find(({ number }) => number === 1);
  const valueField = entry.fields.find(({ number }) => number === 2);
  if (keyField === undefined || valueField === undefined || keyField.isRepeated) {
    problems.push({
      field: path,
      reason: "malformed_descriptor",
      message: `descriptor field ${quoted(path)} is a map whose entry has no key 1 and value 2`,
    });
    return undefined;
  }
  if (node.value.kind === "list" || node.value.kind === "map" || node.key.kind !== "leaf") {
    problems.push(withoutForm(path, label.sqlName));
    return undefined;
  }
  const part = (name: string, type: LayoutNode): StructField => partOf(name, type);
  const key = valueOf(keyField, part("key", node.key), node.key, `${path}.key`, problems);
  const value = valueOf(
    valueField,
    part("value", node.value),
    node.value,
    `${path}.value`,
    problems,
  );
  if (key?.kind !== "scalar" || value === undefined) return undefined;
  return { shape: "map", value, key, slot, oneofCell: -1, packedTag: 0, label };
}

/** A key or value as a column of its own, for what is said about it. */
function partOf(name: string, node: LayoutNode): StructField {
  const type = node.kind === "leaf" ? node.type : "variant";
  return { name, type, nullable: node.nullable, metadata: {} };
}

function valueOf(
  field: FieldModel,
  column: StructField,
  node: LayoutNode,
  path: string,
  problems: SetupProblem[],
): ProtoValue | undefined {
  const { type } = field;
  switch (node.kind) {
    case "leaf":
      return scalarOf(field, column, node, path, problems);
    case "variant":
      if (type.kind === "scalar" && type.scalar === "string") return { kind: "variant" };
      problems.push(incompatible(path, field, "VARIANT", "string"));
      return undefined;
    case "struct":
      if (type.kind === "message" && !type.message.isMapEntry) {
        return messageOf(type.message, node, path, problems);
      }
      problems.push(incompatible(path, field, "STRUCT", "a message"));
      return undefined;
    case "list":
    case "map":
      problems.push(withoutForm(path, node.kind === "list" ? "ARRAY" : "MAP"));
      return undefined;
  }
}

function scalarOf(
  field: FieldModel,
  column: StructField,
  node: LeafNode,
  path: string,
  problems: SetupProblem[],
): ScalarValue | undefined {
  const mapping = mappingOf(node.type);
  const operation = field.type.kind === "scalar" ? mapping[field.type.scalar] : undefined;
  if (operation === undefined) {
    const accepted = Object.keys(mapping).join(", ");
    problems.push(incompatible(path, field, sqlNameOf(node.type), accepted));
    return undefined;
  }
  const limits = limitsOf(node.type, declaredTypeOf(column));
  return { kind: "scalar", operation, wireType: WIRE_TYPES[operation], limits };
}

function messageOf(
  message: MessageModel,
  node: StructNode,
  path: string,
  problems: SetupProblem[],
): MessageValue | undefined {
  const edgeByTag = new Map<number, ProtoEdge>();
  const edgeByNumber = new Map<number, ProtoEdge>();
  const filled = new Set<number>();
  const oneofs = new OneofNumbers();
  let isSound = true;
  for (const field of message.fields) {
    if (problems.length >= MAX_PROBLEMS) return undefined;
    const fieldPath = `${path}.${field.name}`;
    const slot = node.fields.findIndex(({ field: { name } }) => name === field.name);
    const part = node.fields[slot];
    if (part === undefined) {
      isSound = false;
      problems.push({
        field: fieldPath,
        reason: "field_not_in_table",
        message: `descriptor field ${quoted(fieldPath)} is not a field of the table's STRUCT`,
      });
      continue;
    }
    filled.add(slot);
    const matched = edgeOf(field, part.field, part.node, slot, fieldPath, problems);
    if (matched === undefined) {
      isSound = false;
      continue;
    }
    const oneof = oneofs.of(field);
    const edge = { ...matched, oneofCell: oneof < 0 ? -1 : node.fields.length + oneof };
    const { tag, otherTag } = tagsOf(edge, field.number);
    edgeByNumber.set(field.number, edge);
    edgeByTag.set(tag, edge);
    if (otherTag !== 0) edgeByTag.set(otherTag, edge);
  }
  for (const [slot, { field, node: part }] of node.fields.entries()) {
    if (filled.has(slot) || part.nullable) continue;
    if (problems.length >= MAX_PROBLEMS) return undefined;
    isSound = false;
    problems.push({
      field: `${path}.${field.name}`,
      reason: "missing_required_column",
      message: `the descriptor has no field for ${quoted(`${path}.${field.name}`)}, which is NOT NULL`,
    });
  }
  if (!isSound) return undefined;
  const cellCount = node.fields.length + oneofs.count;
  return { kind: "message", cellCount, edgeByTag, edgeByNumber };
}

function withoutForm(path: string, sqlName: string): SetupProblem {
  return {
    field: path,
    reason: "type_incompatible",
    message: `the table's column ${quoted(path)} has an ARRAY or MAP directly inside of its ${sqlName}, which protobuf has no form for; send JSON`,
  };
}

function labelOf(column: StructField, path: string): ProtoColumn {
  return {
    name: path,
    sqlName: sqlNameOfField(column),
    expectation: expectationOf(column),
    nullable: column.nullable,
    isNested: false,
  };
}
