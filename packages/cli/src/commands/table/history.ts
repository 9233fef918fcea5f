// SPDX-License-Identifier: Apache-2.0
import type { HistoryEntry } from "@sluice/delta";
import { cutToWidth, printable } from "../../terminal/display-text.ts";
import { textTable } from "../../terminal/text-table.ts";
import type { CommandContext } from "../context.ts";
import { timeText } from "./table-facts.ts";
import { openTarget, type TargetOptions } from "./target.ts";

export interface HistoryOptions extends TargetOptions {
  readonly limit: number;
}

export async function historyCommand(
  argument: string | undefined,
  options: HistoryOptions,
  context: CommandContext,
): Promise<void> {
  const { screen } = context;
  const { name, table } = await openTarget(argument, options, context);
  const entries: HistoryEntry[] = [];
  for await (const entry of table.history({ limit: options.limit })) entries.push(entry);
  if (options.json === true) {
    await screen.print(JSON.stringify(entries.map(jsonOf)));
    return;
  }
  const titles = [
    { title: "version", align: "right", isWhole: true },
    { title: "time (UTC)", isWhole: true },
    { title: "operation", isWhole: true },
    { title: "parameters" },
    { title: "metrics" },
    { title: "engine" },
  ] as const;
  const rows = entries.map((entry) => [
    String(entry.version),
    timeText(entry.timestampMs)?.slice(0, -5).replace("T", " ") ?? "",
    entry.operation ?? "",
    pairsText(entry.operationParameters),
    pairsText(entry.operationMetrics),
    entry.engineInfo ?? "",
  ]);
  await screen.print(...textTable(titles, rows, screen));
  const oldest = entries.at(-1)?.version ?? 0;
  if (entries.length === options.limit && oldest > 0) {
    screen.tell(`${name} has earlier versions; --limit shows more`);
  }
}

function jsonOf({ timestampMs, ...entry }: HistoryEntry): Record<string, unknown> {
  return { ...entry, timestamp: timeText(timestampMs), timestampMs };
}

/** What a version's writer has put down, in short: values that say nothing are left out. */
export function pairsText(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(
      ([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)] as const,
    )
    .filter(([, text]) => !SAYS_NOTHING.has(text))
    .map(([key, text]) => `${key}=${cutToWidth(printable(text ?? ""), MAX_VALUE_WIDTH)}`)
    .join(" ");
}

const MAX_VALUE_WIDTH = 48;
const SAYS_NOTHING: ReadonlySet<string | undefined> = new Set([undefined, "", "null", "[]", "{}"]);
