// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from "commander";
import { addRegistrationCommands } from "./access-program.ts";
import {
  collectProperty,
  columnNames,
  columnPaths,
  dataOption,
  jsonOption,
  moment,
  nameList,
  tableArgument,
  wholeNumber,
} from "./command-options.ts";
import type { CommandContext } from "./commands/context.ts";
import type { CreateTableOptions } from "./commands/table/create.ts";
import type { DescribeOptions } from "./commands/table/describe.ts";
import type { ExportOptions } from "./commands/table/export.ts";
import type { HeadOptions } from "./commands/table/head.ts";
import type { HistoryOptions } from "./commands/table/history.ts";
import type { RowOptions } from "./commands/table/read-state.ts";
import type { TargetOptions } from "./commands/table/target.ts";
import { alterProgram } from "./table-alter-program.ts";
import { addMaintenanceCommands } from "./table-maintenance-program.ts";

type OnExitCode = (code: number) => void;

/** `sluice table`. Commands are loaded when they are run: each brings along much that the others do without. */
export function tableCommand(context: CommandContext, onExitCode: OnExitCode): Command {
  const table = new Command("table")
    .description(
      "create tables, look into them, change and tidy them, with or without a running server",
    )
    .addHelpText("after", TABLE_HELP);
  addCreate(table, context);
  addLooks(table, context);
  addReads(table, context, onExitCode);
  table.addCommand(alterProgram(context));
  addMaintenanceCommands(table, context, onExitCode);
  addRegistrationCommands(table, context);
  return table;
}

const TABLE_HELP = `
A table is named by catalog.schema.table, in the data directory, or by where it is: anything with a / or a : in it, such
as ./events, /data/events, s3://bucket/events, abfss://container@account.dfs.core.windows.net/events, gs://bucket/events.
Credentials for stores come from where the vendor's own tools look for them.

Examples:
  $ sluice table create main.default.events 'id BIGINT NOT NULL, name STRING'
  $ sluice table list
  $ sluice table head main.default.events -n 5
  $ sluice table describe s3://bucket/events
  $ sluice table export ./events --where "day >= '2024-01-01'" -o events.parquet`;

function addCreate(table: Command, context: CommandContext): void {
  table
    .command("create")
    .description("create a table")
    .argument("<table>", "catalog.schema.table in the data directory, or a path or URL")
    .argument("<columns>", "as in CREATE TABLE")
    .addOption(dataOption())
    .option("--partition-by <columns>", "columns that each data file has one value of", columnNames)
    .option(
      "--cluster-by <columns>",
      "columns that rows are to be brought together by",
      columnPaths,
    )
    .addOption(repeated("--property <KEY=VALUE>", "a table property; may be repeated"))
    .addOption(
      repeated(
        "--constraint <NAME=CONDITION>",
        "SQL that must be true for every row; may be repeated",
      ),
    )
    .addOption(
      repeated(
        "--default <COLUMN=VALUE>",
        "an SQL literal for rows that do not give the column; may be repeated",
      ),
    )
    .addOption(
      new Option(
        "--column-mapping <mode>",
        "columns have names of their own in files, so that they can be renamed and dropped",
      ).choices(["none", "name", "id"]),
    )
    .option(
      "--feature <names>",
      "table features to support, beyond those that the rest needs",
      nameList,
    )
    .option("--comment <text>", "what the table is for")
    .addOption(jsonOption())
    .addHelpText("after", CREATE_HELP)
    .action(async (name: string, columns: string, options: CreateTableOptions) => {
      const { createTableCommand } = await import("./commands/table/create.ts");
      await createTableCommand(name, columns, options, context);
    });
}

const CREATE_HELP = `
Properties:
  sluice.commitIntervalMs      longest wait of a record for its commit, 100 to 60000
  sluice.json.acceptIsoTexts   true: JSON may hold dates and timestamps as ISO 8601 texts
  delta.*                      as other writers of Delta have them, such as delta.appendOnly

Types: TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, DECIMAL(p,s), BOOLEAN, STRING, VARCHAR(n), CHAR(n), BINARY,
DATE, TIMESTAMP, TIMESTAMP_NTZ, VARIANT, STRUCT<...>, ARRAY<...>, MAP<...>.

Examples:
  $ sluice table create main.default.events 'id BIGINT NOT NULL, name STRING, at TIMESTAMP'
  $ sluice table create ./orders 'id BIGINT, day DATE, price DECIMAL(10,2)' --partition-by day \\
      --constraint 'positive=price > 0' --property delta.appendOnly=true`;

function addLooks(table: Command, context: CommandContext): void {
  table
    .command("list")
    .description("list the tables of the data directory")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  $ sluice table list --data /var/lib/sluice")
    .action(async (options: TargetOptions) => {
      const { listTablesCommand } = await import("./commands/table/list.ts");
      await listTablesCommand(options, context);
    });
  onTable(table, "show", "show a table's columns, location, version, rows and files")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  $ sluice table show main.default.events")
    .action(async (name: string | undefined, options: TargetOptions) => {
      const { showTableCommand } = await import("./commands/table/show.ts");
      await showTableCommand(name, options, context);
    });
  onTable(
    table,
    "describe",
    "show all that a table's log says: protocol, features, properties, constraints, columns",
  )
    .option("-v, --verbose", "how far applications have come in it, too")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice table describe main.default.events\n  $ sluice table describe s3://bucket/events --json",
    )
    .action(async (name: string | undefined, options: DescribeOptions) => {
      const { describeTableCommand } = await import("./commands/table/describe.ts");
      await describeTableCommand(name, options, context);
    });
  onTable(
    table,
    "history",
    "show a table's versions, the newest first: time, operation, parameters, metrics, engine",
  )
    .option("--limit <number>", "most versions", wholeNumber(1, 1_000_000_000), 20)
    .addOption(jsonOption("print one JSON array"))
    .addHelpText(
      "after",
      `
As far back as the log has its commits.

Example:
  $ sluice table history main.default.events --limit 5`,
    )
    .action(async (name: string | undefined, options: HistoryOptions) => {
      const { historyCommand } = await import("./commands/table/history.ts");
      await historyCommand(name, options, context);
    });
}

function addReads(table: Command, context: CommandContext, onExitCode: OnExitCode): void {
  withState(onTable(table, "head", "show a table's first rows"))
    .option("--columns <names>", "only these columns, in this order", columnNames)
    .option("-n, --rows <number>", "most rows", wholeNumber(0, 1_000_000), 10)
    .addOption(jsonOption("print one JSON object per row, as `sluice produce` reads it"))
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice table head main.default.events -n 3 --json\n  $ sluice table head ./events --where 'id > 100' --columns id,name --version 7",
    )
    .action(async (name: string | undefined, options: HeadOptions) => {
      const { headTableCommand } = await import("./commands/table/head.ts");
      await headTableCommand(name, options, context);
    });
  withState(onTable(table, "count", "count a table's rows"))
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExamples:\n  $ sluice table count main.default.events\n  $ sluice table count ./events --where \"name LIKE 'a%'\"",
    )
    .action(async (name: string | undefined, options: RowOptions) => {
      const { countTableCommand } = await import("./commands/table/count.ts");
      onExitCode(await countTableCommand(name, options, context));
    });
  withState(onTable(table, "export", "write a table's rows as NDJSON, CSV or Parquet"))
    .option("--columns <names>", "only these columns, in this order", columnNames)
    .option("--limit <number>", "most rows", wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .addOption(
      new Option("--format <format>", "default: by the file's name, else ndjson").choices([
        "ndjson",
        "csv",
        "parquet",
      ]),
    )
    .option("-o, --out <file>", "write to a file instead of standard output")
    .addOption(jsonOption("print what was written to the file as JSON"))
    .addHelpText("after", EXPORT_HELP)
    .action(async (name: string | undefined, options: ExportOptions) => {
      const { exportTableCommand } = await import("./commands/table/export.ts");
      onExitCode(await exportTableCommand(name, options, context));
    });
}

const EXPORT_HELP = `
Values in NDJSON: whole numbers with all their digits, DECIMAL as a string with all of its scale, DATE and TIMESTAMP as
ISO 8601 (with a Z; TIMESTAMP_NTZ without), BINARY as base64, NaN and Infinity as strings, a VARIANT as the value itself,
a MAP as an object. CSV is the same without the quotes; NULL is an empty field, an empty string is "", nested types are
JSON. Parquet keeps all types as they are, a VARIANT as the group of its two parts; columns are optional and have the
table's names.

A file is written under another name first, and takes its own when it is whole. Memory does not grow with the table.

Exit code 0: all was written, or the reader of the pipe wanted no more. 130, 143: stopped by SIGINT or SIGTERM.

Examples:
  $ sluice table export main.default.events -o events.parquet
  $ sluice table export ./events --format csv --columns id,name --at 2024-01-31T10:00:00Z | gzip > events.csv.gz
  $ sluice table export ./events --where "day = '2024-01-31'" | jq .name`;

/** A command on one table. */
function onTable(table: Command, name: string, description: string): Command {
  return table
    .command(name)
    .description(description)
    .addArgument(tableArgument())
    .addOption(dataOption());
}

/** Which rows, of which state. */
function withState(command: Command): Command {
  return command
    .option("--where <condition>", "only rows for which this SQL is true, see docs/expressions.md")
    .option(
      "--version <number>",
      "the table as of this version",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .option(
      "--at <time>",
      "the table as of this time, ISO 8601, UTC where no zone is given",
      moment,
    );
}

function repeated(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collectProperty).default({}, "none");
}
