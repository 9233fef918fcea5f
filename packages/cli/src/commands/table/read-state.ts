// SPDX-License-Identifier: Apache-2.0
import { loadSnapshot, type ScanOptions, type Snapshot, type StructField } from "@sluice/delta";
import { CliError } from "../../cli-error.ts";
import type { Target, TargetOptions } from "./target.ts";

/** Which state of a table is read. */
export interface StateOptions extends TargetOptions {
  readonly version?: number;
  /** Milliseconds since the epoch. */
  readonly at?: number;
}

/** Which rows of it. */
export interface RowOptions extends StateOptions {
  /** A condition in SQL. */
  readonly where?: string;
}

/** And which columns of these. */
export interface ReadOptions extends RowOptions {
  readonly columns?: readonly string[];
}

/** The state of the table that is to be read. @throws CliError where two were asked for. */
export async function snapshotToRead(
  { table, store }: Target,
  { version, at }: StateOptions,
): Promise<Snapshot> {
  if (version !== undefined && at !== undefined) {
    throw new CliError("--version and --at exclude each other; give one of them");
  }
  if (version !== undefined) return loadSnapshot(store, { version });
  if (at !== undefined) return loadSnapshot(store, { timestampMs: at });
  return table.snapshot();
}

/** The scan of these rows of a state, and the columns that it gives. */
export function scanOf(
  snapshot: Snapshot,
  { columns, where }: ReadOptions,
): { readonly scan: ScanOptions; readonly fields: readonly StructField[] } {
  const scan: ScanOptions = {
    version: snapshot.version,
    ...(columns === undefined ? {} : { columns }),
    ...(where === undefined ? {} : { where }),
  };
  const { fields } = snapshot.schema;
  if (columns === undefined) return { scan, fields };
  const chosen = [...new Set(columns)].map((name) => {
    const field = fields.find((known) => known.name === name);
    if (field !== undefined) return field;
    throw new CliError(`the table has no column ${JSON.stringify(name)}`, {
      hints: [`It has ${fields.map((known) => known.name).join(", ")}.`],
    });
  });
  return { scan, fields: chosen };
}
