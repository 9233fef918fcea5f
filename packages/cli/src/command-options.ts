// SPDX-License-Identifier: Apache-2.0
import type { FieldPath } from "@sluice/delta";
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import type { LaneRange } from "./commands/produce.ts";
import { parseColumnPaths } from "./column-paths.ts";
import { DEFAULT_DATA_DIRECTORY } from "./environment.ts";
import { parseDuration, parseMoment } from "./terminal/durations.ts";

/** Adds the options that say where records are sent to, and as whom. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option("--endpoint <url>", "the server (default: ZEROBUS_SERVER_ENDPOINT)")
    .option(
      "--workspace-url <url>",
      "for tokens (default: DATABRICKS_WORKSPACE_URL, or the endpoint)",
    )
    .option("--client-id <id>", "default: DATABRICKS_CLIENT_ID")
    .option(
      "--client-secret <secret>",
      "default: DATABRICKS_CLIENT_SECRET; better there, as others can see arguments",
    )
    .option("--no-auth", "for a server that was started with --no-auth")
    .option("--ca <file>", "certificates to trust, in PEM (default: SSL_CERT_FILE)");
}

export function dataOption(): Option {
  return new Option("--data <directory>", "where everything is kept").default(
    DEFAULT_DATA_DIRECTORY,
  );
}

export function jsonOption(description = "print JSON"): Option {
  return new Option("--json", description);
}

/** For commands that work on any table, with a name or without. */
export function tableArgument(): Argument {
  return new Argument(
    "[table]",
    "catalog.schema.table in the data directory, or a path or URL of a Delta table (default: ZEROBUS_TABLE_NAME)",
  );
}

export function nameArgument(): Argument {
  return new Argument("[name]", "catalog.schema.table (default: ZEROBUS_TABLE_NAME)");
}

/** Reads `N` or `MIN..MAX`. */
export function laneRange(text: string): LaneRange {
  const match = /^(\d{1,4})(?:\.\.(\d{1,4}))?$/.exec(text);
  const min = Number(match?.[1]);
  const max = Number(match?.[2] ?? match?.[1]);
  if (match !== null && min >= 1 && max >= min && max <= 1024) return { min, max };
  throw new InvalidArgumentError("It must be a number from 1 to 1024, or MIN..MAX.");
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && value >= 0.001 && value <= 1e12) return value;
  throw new InvalidArgumentError("It must be a number from 0.001.");
}

export function nameList(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => name !== "")) return names;
  throw new InvalidArgumentError("It must be names, separated by commas.");
}

const BYTE_FACTORS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

export function byteCount(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s?([kmgt]?)b?$/i.exec(text);
  const value = Number(match?.[1]) * (BYTE_FACTORS[match?.[2]?.toLowerCase() ?? ""] ?? Number.NaN);
  if (Number.isSafeInteger(Math.round(value))) return Math.round(value);
  throw new InvalidArgumentError("It must be a number of bytes, such as 500MB or 10GB.");
}

/** Reads an option's whole number and checks its range. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}

/** Reads a span of time, in milliseconds. */
export function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidArgumentError("It must be a span of time, such as 7d, 36h, 90m or 30s.");
}

/** Reads a moment, as milliseconds since the epoch. */
export function moment(text: string): number {
  const milliseconds = parseMoment(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidArgumentError(
    "It must be a time such as 2024-01-31T10:20:30Z or 2024-01-31; UTC where no zone is given.",
  );
}

/** Reads a percentage, as a part of 1. */
export function percentage(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s?%?$/.exec(text);
  const share = Number(match?.[1]) / 100;
  if (share >= 0 && share <= 1) return share;
  throw new InvalidArgumentError("It must be a percentage from 0 to 100.");
}

/** Reads columns, and fields inside of them, separated by commas. */
export function columnPaths(text: string): readonly FieldPath[] {
  const paths = parseColumnPaths(text);
  if (typeof paths !== "string") return paths;
  throw new InvalidArgumentError(`It must be columns, separated by commas: ${paths}.`);
}

/** Reads one column, or a field inside of one. */
export function columnPath(text: string): FieldPath {
  const [path, ...others] = columnPaths(text);
  if (path !== undefined && others.length === 0) return path;
  throw new InvalidArgumentError("It must be one column.");
}

/** Reads the name of one column. */
export function columnName(text: string): string {
  const [name = "", ...others] = columnNames(text);
  if (others.length === 0) return name;
  throw new InvalidArgumentError("It must be one column.");
}

/** Reads names of columns, separated by commas. */
export function columnNames(text: string): readonly string[] {
  return columnPaths(text).map((path) => {
    const [name = "", ...inside] = path;
    if (inside.length === 0) return name;
    throw new InvalidArgumentError(
      `${path.join(".")} is inside of a column; name whole columns, those with a dot between backticks.`,
    );
  });
}

export function collectProperty(
  text: string,
  known: Readonly<Record<string, string>>,
): Record<string, string> {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("It must be of the form KEY=VALUE.");
  return { ...known, [text.slice(0, equals)]: text.slice(equals + 1) };
}
