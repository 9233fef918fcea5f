// SPDX-License-Identifier: Apache-2.0
import { CliError } from "../../cli-error.ts";
import { type ExportFormat, exportRows } from "../../export/export-rows.ts";
import { openFileSink, screenSink } from "../../export/export-sink.ts";
import { formatOfPath } from "../../source/format.ts";
import { formatCounted } from "../../terminal/numbers.ts";
import type { CommandContext } from "../context.ts";
import { runInterruptible } from "./interruptible.ts";
import { type ReadOptions, scanOf, snapshotToRead } from "./read-state.ts";
import { openTarget, type Target } from "./target.ts";

export interface ExportOptions extends ReadOptions {
  readonly format?: ExportFormat;
  /** File to write instead of standard output. */
  readonly out?: string;
  readonly limit?: number;
}

/** Writes rows of a table to a file or to standard output. @returns the exit code. */
export async function exportTableCommand(
  argument: string | undefined,
  options: ExportOptions,
  context: CommandContext,
): Promise<number> {
  const { screen } = context;
  checkOptions(options, context);
  const format = formatOf(options);
  const target = await openTarget(argument, options, context);
  const snapshot = await snapshotToRead(target, options);
  const { scan, fields } = scanOf(snapshot, options);
  const { out, limit } = options;
  const totalRows = await knownRowCount(target, options, snapshot.version);
  const sink = out === undefined ? screenSink(screen) : await openFileSink(out);
  let rows = 0;
  const run = async (signal: AbortSignal): Promise<void> => {
    await exportRows(format, {
      table: target.table,
      scan: { ...scan, signal, ...(limit === undefined ? {} : { limit }) },
      fields,
      sink,
      onRows: (count) => (rows += count),
    });
    await sink.finish();
  };
  // On a terminal the rows themselves are what shows.
  const isShown = out !== undefined || screen.width === undefined;
  const progress = (): { doneCount: number; unit: "row"; fraction: number | undefined } => ({
    doneCount: rows,
    unit: "row",
    fraction: totalRows === undefined || totalRows === 0 ? undefined : rows / totalRows,
  });
  try {
    const result = await runInterruptible(isShown ? { run, progress } : { run }, context);
    if (result.kind === "stopped") {
      screen.tell(stoppedText(rows, out));
      return result.exitCode;
    }
  } finally {
    await sink.abort();
  }
  const { name } = target;
  if (options.json === true) {
    await screen.print(JSON.stringify({ name, version: snapshot.version, format, out, rows }));
  } else {
    const to = out === undefined ? "" : ` to ${out}`;
    screen.tell(`wrote ${formatCounted(rows, "row")} of version ${snapshot.version}${to}`);
  }
  return 0;
}

function checkOptions({ json, out, format }: ExportOptions, { screen }: CommandContext): void {
  if (json === true && out === undefined) {
    throw new CliError("--json tells of a file that was written; name it with --out", {
      hints: ["Rows as JSON are --format ndjson, which is the default."],
    });
  }
  if (out === undefined && format === "parquet" && screen.width !== undefined) {
    throw new CliError(
      "a Parquet file is not for a terminal; name a file with --out, or use a pipe",
    );
  }
}

/** The format that was asked for, else that of the file's name, else NDJSON. */
function formatOf({ format, out }: ExportOptions): ExportFormat {
  if (format !== undefined) return format;
  const named = out === undefined ? "ndjson" : formatOfPath(out);
  if (named === "ndjson" || named === "csv" || named === "parquet") return named;
  throw new CliError(
    `the name ${JSON.stringify(out)} does not tell the format; give it with --format`,
    {
      hints: ["Known are ndjson, csv and parquet."],
    },
  );
}

/** `undefined` where only the export itself tells. */
async function knownRowCount(
  { table }: Target,
  { where, limit }: ExportOptions,
  version: number,
): Promise<number | undefined> {
  if (where !== undefined) return undefined;
  const rows = await table.countRows({ version });
  return limit === undefined ? rows : Math.min(rows, limit);
}

function stoppedText(rows: number, out: string | undefined): string {
  return out === undefined
    ? `stopped after ${formatCounted(rows, "row")}`
    : `stopped after ${formatCounted(rows, "row")}; ${out} was not written`;
}
