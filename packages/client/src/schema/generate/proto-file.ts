// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../../core/zerobus-error.ts";
import type { FieldModel, MessageModel } from "../descriptor/message-model.ts";
import { messageOfSchema } from "../descriptor/message-of-schema.ts";
import { type Column, sqlTypeText, type TableSchema } from "../table-schema.ts";

export interface ProtoFileOptions {
  /** The file's package. @default none */
  readonly packageName?: string;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The text of a proto2 file with the message of a table's records: what {@link descriptorOfSchema} describes.
 * @throws ZerobusError `unimplemented` naming a column that protobuf has no form for, or whose name it cannot hold
 */
export function protoFileOf(schema: TableSchema, options: ProtoFileOptions = {}): string {
  const { packageName } = options;
  if (packageName !== undefined && !packageName.split(".").every((part) => IDENTIFIER.test(part))) {
    throw new ZerobusError(
      "invalid_argument",
      `${JSON.stringify(packageName)} is not a package name such as acme.events`,
    );
  }
  const message = messageOfSchema(schema);
  const lines = [
    `// Records of the table ${commentText(schema.table)}.`,
    `syntax = "proto2";`,
    "",
    ...(packageName === undefined ? [] : [`package ${packageName};`, ""]),
    ...messageLines(message, schema.columns, "", []),
  ];
  return `${lines.join("\n")}\n`;
}

function messageLines(
  message: MessageModel,
  columns: readonly Column[],
  indent: string,
  path: readonly string[],
): string[] {
  const inner = `${indent}  `;
  const lines = [`${indent}message ${message.name} {`];
  for (const [index, field] of message.fields.entries()) {
    const column = columns[index] as Column;
    const fieldPath = [...path, column.name];
    checkName(column.name, fieldPath);
    const nested = structOf(field);
    const fields = nested === undefined ? undefined : structColumnsOf(column);
    if (nested !== undefined && fields !== undefined) {
      lines.push(...messageLines(nested, fields, inner, fieldPath));
    }
    if (column.comment !== undefined) lines.push(`${inner}// ${commentText(column.comment)}`);
    lines.push(`${inner}${fieldText(field)}; // ${commentText(sqlTypeText(column.type))}`);
  }
  lines.push(`${indent}}`);
  return lines;
}

function fieldText(field: FieldModel): string {
  const { type } = field;
  const rest = `${field.name} = ${field.number}${field.isPacked ? " [packed = true]" : ""}`;
  if (type.kind === "message" && type.isMapEntry) {
    const [key, value] = type.fields;
    return `map<${typeName(key as FieldModel)}, ${typeName(value as FieldModel)}> ${rest}`;
  }
  return `${field.label} ${typeName(field)} ${rest}`;
}

function typeName({ type }: FieldModel): string {
  return type.kind === "scalar" ? type.scalar : type.name;
}

/** The message that a field, or the value of a map field, is of. */
function structOf({ type }: FieldModel): MessageModel | undefined {
  if (type.kind !== "message") return undefined;
  if (!type.isMapEntry) return type;
  const value = type.fields[1]?.type;
  return value?.kind === "message" ? value : undefined;
}

function structColumnsOf({ type }: Column): readonly Column[] | undefined {
  const inner = type.kind === "array" ? type.element : type.kind === "map" ? type.value : type;
  return inner.kind === "struct" ? inner.fields : undefined;
}

function checkName(name: string, path: readonly string[]): void {
  if (IDENTIFIER.test(name)) return;
  const column = path.join(".");
  throw new ZerobusError(
    "unimplemented",
    `The name of column ${JSON.stringify(column)} cannot stand in a .proto file, which takes ASCII letters, digits and underscores; the hosted service takes no others either. Fetch the schema, or send JSON records`,
    { details: { column } },
  );
}

/** Text for one line of a comment. */
function commentText(text: string): string {
  return text.replaceAll(/[\p{Control}\u2028\u2029]+/gu, " ").trim();
}
