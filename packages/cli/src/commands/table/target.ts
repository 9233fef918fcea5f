// SPDX-License-Identifier: Apache-2.0
import { DeltaError, type DeltaTable, type ObjectStore, openStore, openTable } from "@sluice/delta";
import { parseTableName } from "@sluice/server";
import { CliError } from "../../cli-error.ts";
import { requireTableName } from "../../environment.ts";
import type { CommandContext } from "../context.ts";
import { openCatalog } from "../open-catalog.ts";

/** What every command on one table takes. */
export interface TargetOptions {
  /** The data directory, in which tables have names. */
  readonly data: string;
  readonly json?: boolean;
}

/** The table that a command is about. */
export interface Target {
  /** catalog.schema.table, or the location where the table was named by that. */
  readonly name: string;
  readonly table: DeltaTable;
  readonly store: ObjectStore;
}

/** Whether a table is named by where it is: a path or a URL. Names of tables have no such characters. */
export function isLocation(text: string): boolean {
  return /[/\\:]/.test(text) || text === "." || text === "..";
}

/**
 * Opens a table by its name in the data directory, or by its location; without either, that of `ZEROBUS_TABLE_NAME`.
 * @throws CliError where there is none; what `openTable` throws.
 */
export async function openTarget(
  argument: string | undefined,
  { data }: TargetOptions,
  { environment }: CommandContext,
): Promise<Target> {
  const text = requireTableName(argument, environment);
  return isLocation(text) ? openLocation(text) : openNamed(text, data);
}

async function openLocation(location: string): Promise<Target> {
  const store = await openStore(location);
  try {
    const table = await openTable(location, { store });
    return { name: table.location, table, store };
  } catch (cause) {
    if (!(cause instanceof DeltaError) || cause.code !== "not_found") throw cause;
    throw new CliError(cause.message, {
      cause,
      hints: [
        "The location is the directory that has _delta_log in it; `sluice table create` makes a table.",
      ],
    });
  }
}

async function openNamed(text: string, data: string): Promise<Target> {
  const name = parseTableName(text);
  if ("problem" in name) {
    throw new CliError(name.problem, {
      hints: [
        "A table is also named by its path or URL: ./events, /data/events, s3://bucket/events.",
      ],
    });
  }
  const entry = await (await openCatalog(data)).find(name);
  if (entry === undefined) {
    throw new CliError(
      `table ${name.full} does not exist; create it with \`sluice table create\``,
      { hints: ["`sluice table list` has those that do; --data names another data directory."] },
    );
  }
  const store = await openStore(entry.location);
  return { name: name.full, table: await openTable(entry.location, { store }), store };
}
