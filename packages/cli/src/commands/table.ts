// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import {
  type DataType,
  type DeltaTable,
  type Row,
  type StructField,
  type StructType,
  sqlOfField,
  sqlTypeOf,
} from "@sluice/delta";
import { Catalog } from "@sluice/server";
import { requireTableName } from "../environment.ts";
import { jsonText } from "../terminal/json-text.ts";
import { formatBytes, formatCount } from "../terminal/numbers.ts";
import { textTable } from "../terminal/text-table.ts";
import type { CommandContext } from "./context.ts";
import { openCatalog } from "./open-catalog.ts";
import { tableDefinition } from "./table-definition.ts";
import { cellText } from "./cell-text.ts";

const DAY_MS = 86_400_000;

export interface TableOptions {
  readonly data: string;
  readonly json?: boolean;
}

export interface CreateTableOptions extends TableOptions {
  readonly property: Readonly<Record<string, string>>;
}

export async function createTableCommand(
  nameText: string,
  columns: string,
  options: CreateTableOptions,
  { screen }: CommandContext,
): Promise<void> {
  const { name, schema } = tableDefinition(nameText, columns);
  const entry = await new Catalog(resolve(options.data)).create(name, schema, options.property);
  if (options.json === true) await screen.print(JSON.stringify({ name, location: entry.location }));
  else await screen.print(`created ${screen.style.bold(name)} at ${entry.location}`);
}

export async function listTablesCommand(
  options: TableOptions,
  { screen }: CommandContext,
): Promise<void> {
  const catalog = await openCatalog(options.data);
  const tables = [];
  for (const { name, location } of await catalog.list()) {
    const { version, schema } = (await catalog.openTable(name)).snapshot();
    tables.push({ name, version, columns: schema.fields.length, location });
  }
  if (options.json === true) {
    await screen.print(JSON.stringify(tables));
    return;
  }
  if (tables.length === 0) {
    screen.tell(`no tables in ${resolve(options.data)}; create one with \`sluice table create\``);
    return;
  }
  const rows = tables.map(({ name, version, columns, location }) => [
    name,
    String(version),
    String(columns),
    location,
  ]);
  const head = [
    { title: "table" },
    { title: "version", align: "right" },
    { title: "columns", align: "right" },
    { title: "location" },
  ] as const;
  await screen.print(...textTable(head, rows, screen));
}

export async function showTableCommand(
  nameArgument: string | undefined,
  options: TableOptions,
  context: CommandContext,
): Promise<void> {
  const { screen } = context;
  const { name, table } = await openNamedTable(nameArgument, options, context);
  const { version, schema, files } = table.snapshot();
  const rowCount = await table.countRows();
  let byteCount = 0;
  for (const file of files) byteCount += file.sizeBytes;
  if (options.json === true) {
    const columns = schema.fields.map((field) => ({
      name: field.name,
      type: sqlTypeOf(field.type),
      nullable: field.nullable,
    }));
    const shown = {
      name,
      location: table.location,
      version,
      rows: rowCount,
      files: files.fileCount,
      bytes: byteCount,
      columns,
    };
    await screen.print(JSON.stringify(shown));
    return;
  }
  const { style } = screen;
  const rows: [string, string][] = [
    ["location", table.location],
    ["version", formatCount(version)],
    ["rows", formatCount(rowCount)],
    ["files", `${formatCount(files.fileCount)} (${formatBytes(byteCount)})`],
  ];
  await screen.print(
    style.bold(name),
    ...rows.map(([title, value]) => `  ${style.dim(title.padEnd(10))}${value}`),
    "",
    ...columnTable(schema, context),
  );
}

export interface HeadOptions extends TableOptions {
  readonly rows: number;
}

export async function headTableCommand(
  nameArgument: string | undefined,
  options: HeadOptions,
  context: CommandContext,
): Promise<void> {
  const { screen } = context;
  const { name, table } = await openNamedTable(nameArgument, options, context);
  const { fields } = table.snapshot().schema;
  const rows: Row[] = [];
  for await (const row of table.scan({ limit: options.rows })) {
    if (options.json === true) await screen.print(jsonText(ingestible(row, fields)));
    else rows.push(row);
  }
  if (options.json === true) return;
  const titles = fields.map(({ name: title, type }) => ({ title, align: alignmentOf(type) }));
  const cells = rows.map((row) => fields.map((field) => cellText(row[field.name], field.type)));
  await screen.print(...textTable(titles, cells, screen));
  if (rows.length === 0) screen.tell(`${name} has no rows`);
}

export async function countTableCommand(
  nameArgument: string | undefined,
  options: TableOptions,
  context: CommandContext,
): Promise<void> {
  const { name, table } = await openNamedTable(nameArgument, options, context);
  const rows = await table.countRows();
  const { version } = table.snapshot();
  await context.screen.print(
    options.json === true ? JSON.stringify({ name, version, rows }) : String(rows),
  );
}

/** A row as records are ingested: dates as days since 1970-01-01, beside timestamps, which are microseconds already. */
function ingestible(row: Row, fields: readonly StructField[]): Row {
  const result: Row = {};
  for (const { name, type } of fields) {
    const value = row[name];
    result[name] =
      type === "date" && typeof value === "string" ? Date.parse(value) / DAY_MS : value;
  }
  return result;
}

async function openNamedTable(
  nameArgument: string | undefined,
  { data }: TableOptions,
  { environment }: CommandContext,
): Promise<{ name: string; table: DeltaTable }> {
  const name = requireTableName(nameArgument, environment);
  const catalog = await openCatalog(data);
  return { name, table: await catalog.openTable(name) };
}

function columnTable(schema: StructType, { screen }: CommandContext): string[] {
  const rows = schema.fields.map((field) => {
    const comment = field.metadata["comment"];
    return [
      field.name,
      sqlOfField({
        ...field,
        name: "c",
        nullable: true,
        metadata: withoutComment(field.metadata),
      }).slice(2),
      field.nullable ? "" : "NOT NULL",
      typeof comment === "string" ? comment : "",
    ];
  });
  const columns = [{ title: "column" }, { title: "type" }, { title: "" }, { title: "comment" }];
  const hasComment = rows.some((row) => row[3] !== "");
  return textTable(hasComment ? columns : columns.slice(0, 3), rows, screen);
}

function withoutComment(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== "comment"));
}

const NUMERIC_TYPES: ReadonlySet<unknown> = new Set([
  "byte",
  "short",
  "integer",
  "long",
  "float",
  "double",
]);

function alignmentOf(type: DataType): "left" | "right" {
  return NUMERIC_TYPES.has(type) ? "right" : "left";
}
