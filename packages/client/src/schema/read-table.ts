// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../core/zerobus-error.ts";
import { parseTypeJson } from "./parse-type-json.ts";
import { parseTypeText } from "./parse-type-text.ts";
import type { Column, ColumnType, TableSchema } from "./table-schema.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Kinds of tables that the service writes to. An answer that does not say is taken at its word. */
const WRITABLE_TYPES: ReadonlySet<unknown> = new Set([undefined, "MANAGED", "STREAMING_TABLE"]);
const WRITABLE_FORMATS: ReadonlySet<unknown> = new Set([undefined, "DELTA"]);

/**
 * Makes a schema of what Unity Catalog answers to `GET /api/2.1/unity-catalog/tables/{full_name}`: columns in the order
 * of their positions, each of the type in its `type_json`, or else in its `type_text`.
 * @throws ZerobusError `unimplemented` for a table or type the service or this client does not take, naming the column;
 *   `internal` for an answer that is none
 */
export function readTable(table: string, answer: unknown): TableSchema {
  if (!isObject(answer) || !Array.isArray(answer["columns"])) {
    throw malformed(`The catalog's answer names no columns of table ${table}`);
  }
  checkKind(table, answer);
  const columns = (answer["columns"] as unknown[])
    .map((column, index) => readColumn(table, column, index))
    .sort((left, right) => left.position - right.position)
    .map(({ column }) => column);
  if (columns.length === 0) throw malformed(`The catalog says that table ${table} has no columns`);
  return { table, columns };
}

function checkKind(table: string, answer: JsonObject): void {
  const { table_type: type, data_source_format: format } = answer;
  const kind = [type, format].filter((part) => typeof part === "string").join(" ");
  if (WRITABLE_TYPES.has(type) && WRITABLE_FORMATS.has(format)) return;
  throw new ZerobusError(
    "unimplemented",
    `Table ${table} is ${kind}; records can be written to managed Delta tables only`,
  );
}

function readColumn(
  table: string,
  value: unknown,
  index: number,
): { readonly column: Column; readonly position: number } {
  const named = isObject(value) ? value : {};
  const { name, position, nullable, comment } = named;
  if (typeof name !== "string" || name === "") {
    throw malformed(`The catalog's answer has no name for column ${index} of table ${table}`);
  }
  const found = typeOfColumn(table, name, named);
  const text = typeof comment === "string" ? comment : found.comment;
  return {
    column: {
      name,
      type: found.type,
      nullable: typeof nullable === "boolean" ? nullable : (found.nullable ?? true),
      ...(text === undefined || text === "" ? {} : { comment: text }),
    },
    position: typeof position === "number" ? position : index,
  };
}

interface FoundType {
  readonly type: ColumnType;
  readonly nullable?: boolean | undefined;
  readonly comment?: string | undefined;
}

function typeOfColumn(table: string, name: string, column: JsonObject): FoundType {
  const { type_json: json, type_text: text } = column;
  const fromJson = typeof json === "string" && json !== "" ? parseTypeJson(json) : undefined;
  const fromText = typeof text === "string" && text !== "" ? parseTypeText(text) : undefined;
  if (typeof fromJson === "object") {
    // A catalog may leave the limit of a text out of the JSON form, where it is metadata of Spark's.
    const isBounded =
      typeof fromText === "object" && (fromText.kind === "varchar" || fromText.kind === "char");
    return fromJson.type.kind === "string" && isBounded
      ? { ...fromJson, type: fromText }
      : fromJson;
  }
  if (typeof fromText === "object") return { type: fromText };
  const shown = fromText === undefined ? json : text;
  const problem = fromText ?? fromJson ?? "the catalog gives no type";
  const type = typeof shown === "string" ? ` of type ${JSON.stringify(shown.slice(0, 200))}` : "";
  throw new ZerobusError(
    "unimplemented",
    `Column ${JSON.stringify(name)} of table ${table} is${type === "" ? " of no known type" : type}, which this client cannot read: ${problem}`,
    { details: { column: name } },
  );
}

function malformed(message: string): ZerobusError {
  return new ZerobusError("internal", `${message}; is the URL that of a Unity Catalog service?`, {
    retryable: false,
  });
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
