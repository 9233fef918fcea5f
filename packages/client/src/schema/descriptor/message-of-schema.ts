// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../../core/zerobus-error.ts";
import { ruleOfType, scalarOfRule, type ValueRule } from "../encode/value-rule.ts";
import { type Column, type ColumnType, sqlTypeText, type TableSchema } from "../table-schema.ts";
import {
  type FieldModel,
  mapEntryNameOf,
  type MessageModel,
  pascalCase,
  type ScalarModel,
} from "./message-model.ts";

/**
 * The message of a table's records, by the service's mapping: a field for each column, named as the column and numbered
 * by its place from 1; `required` for NOT NULL; STRUCT a nested message, ARRAY a repeated field, MAP a map field.
 * @throws ZerobusError `unimplemented` naming a column that protobuf has no form for
 */
export function messageOfSchema(schema: TableSchema): MessageModel {
  const table = schema.table.split(".").at(-1) ?? "";
  const name = `table_${table.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
  return messageOf(name, schema.columns, []);
}

type Path = readonly string[];

function messageOf(name: string, columns: readonly Column[], path: Path): MessageModel {
  const scope = new Scope(columns.map((column) => column.name));
  const fields = columns.map((column, index) => fieldOf(column, index + 1, scope, path));
  return { kind: "message", name, fields, nested: scope.nested, enums: [], isMapEntry: false };
}

/** The types declared in one message. Their names must differ from those of its fields as well. */
class Scope {
  readonly nested: MessageModel[] = [];
  readonly #taken: Set<string>;

  constructor(fieldNames: readonly string[]) {
    this.#taken = new Set(fieldNames);
  }

  declare(wantedName: string, make: (name: string) => MessageModel): MessageModel {
    let name = wantedName;
    for (let count = 2; this.#taken.has(name); count++) name = `${wantedName}_${count}`;
    this.#taken.add(name);
    const message = make(name);
    this.nested.push(message);
    return message;
  }
}

function fieldOf(column: Column, number: number, scope: Scope, parent: Path): FieldModel {
  const { name, type, nullable } = column;
  const path = [...parent, name];
  const base = { name, key: name, number };
  if (type.kind === "array") {
    const element = valueOf(type.element, name, scope, path);
    const isPacked =
      element.kind === "scalar" && element.scalar !== "string" && element.scalar !== "bytes";
    return { ...base, label: "repeated", isPacked, type: element };
  }
  if (type.kind === "map") {
    const entry = scope.declare(mapEntryNameOf(name), (entryName) =>
      entryOf(entryName, type, name, scope, path),
    );
    return { ...base, label: "repeated", isPacked: false, type: entry };
  }
  const label = nullable ? "optional" : "required";
  return { ...base, label, isPacked: false, type: valueOf(type, name, scope, path) };
}

function entryOf(
  entryName: string,
  type: ColumnType & { kind: "map" },
  columnName: string,
  scope: Scope,
  path: Path,
): MessageModel {
  const keyRule = ruleOfType(type.key);
  if (keyRule === undefined || !isKeyRule(keyRule)) {
    throw withoutForm(path, type, `keys of type ${sqlTypeText(type.key)}`);
  }
  const part = { label: "optional", isPacked: false } as const;
  const key: FieldModel = { ...part, name: "key", key: "key", number: 1, type: scalar(keyRule) };
  const value = valueOf(type.value, columnName, scope, [...path, "value"]);
  return {
    kind: "message",
    name: entryName,
    fields: [key, { ...part, name: "value", key: "value", number: 2, type: value }],
    nested: [],
    enums: [],
    isMapEntry: true,
  };
}

function valueOf(
  type: ColumnType,
  columnName: string,
  scope: Scope,
  path: Path,
): ScalarModel | MessageModel {
  const rule = ruleOfType(type);
  if (rule !== undefined) return scalar(rule);
  if (type.kind === "struct") {
    return scope.declare(pascalCase(columnName), (name) => messageOf(name, type.fields, path));
  }
  throw withoutForm(path, type, "an ARRAY or MAP directly inside of an ARRAY or MAP");
}

function scalar(rule: ValueRule): ScalarModel {
  return { kind: "scalar", scalar: scalarOfRule(rule), rule };
}

function isKeyRule(rule: ValueRule): boolean {
  return rule.kind !== "variant" && !["double", "float", "bytes"].includes(scalarOfRule(rule));
}

function withoutForm(path: Path, type: ColumnType, what: string): ZerobusError {
  const column = path.join(".");
  return new ZerobusError(
    "unimplemented",
    `Column ${JSON.stringify(column)} has the type ${sqlTypeText(type)}; protobuf has no form for ${what}; send JSON records instead`,
    { details: { column } },
  );
}
