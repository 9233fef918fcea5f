// SPDX-License-Identifier: Apache-2.0
import type { DataType, Row, StructField } from "@sluice/delta";
import { jsonText } from "../../terminal/json-text.ts";
import { textTable } from "../../terminal/text-table.ts";
import { cellText } from "../cell-text.ts";
import type { CommandContext } from "../context.ts";
import { type ReadOptions, scanOf, snapshotToRead } from "./read-state.ts";
import { openTarget } from "./target.ts";

const DAY_MS = 86_400_000;

export interface HeadOptions extends ReadOptions {
  readonly rows: number;
}

export async function headTableCommand(
  argument: string | undefined,
  options: HeadOptions,
  context: CommandContext,
): Promise<void> {
  const { screen } = context;
  const target = await openTarget(argument, options, context);
  const snapshot = await snapshotToRead(target, options);
  const { scan, fields } = scanOf(snapshot, options);
  const rows: Row[] = [];
  for await (const row of target.table.scan({ ...scan, limit: options.rows })) {
    if (options.json === true) await screen.print(jsonText(ingestible(row, fields)));
    else rows.push(row);
  }
  if (options.json === true) return;
  const titles = fields.map(({ name: title, type }) => ({ title, align: alignmentOf(type) }));
  const cells = rows.map((row) => fields.map((field) => cellText(row[field.name], field.type)));
  await screen.print(...textTable(titles, cells, screen));
  if (rows.length > 0) return;
  screen.tell(
    options.where === undefined
      ? `${target.name} has no rows`
      : `no row of ${target.name} meets the condition`,
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
