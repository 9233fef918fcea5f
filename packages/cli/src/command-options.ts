// SPDX-License-Identifier: Apache-2.0
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import type { LaneRange } from "./commands/produce.ts";
import { DEFAULT_DATA_DIRECTORY } from "./environment.ts";

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

export function collectProperty(
  text: string,
  known: Readonly<Record<string, string>>,
): Record<string, string> {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("It must be of the form KEY=VALUE.");
  return { ...known, [text.slice(0, equals)]: text.slice(equals + 1) };
}
