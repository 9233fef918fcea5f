// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import {
  byteCount,
  dataOption,
  duration,
  jsonOption,
  moment,
  percentage,
  tableArgument,
  wholeNumber,
} from "./command-options.ts";
import type { CommandContext } from "./commands/context.ts";
import type { CheckpointCommandOptions } from "./commands/table/checkpoint.ts";
import type { OptimizeCommandOptions } from "./commands/table/optimize.ts";
import type { RestoreCommandOptions } from "./commands/table/restore.ts";
import type { VacuumCommandOptions } from "./commands/table/vacuum.ts";

type OnExitCode = (code: number) => void;

/** Adds the commands that tidy a table. */
export function addMaintenanceCommands(
  table: Command,
  context: CommandContext,
  onExitCode: OnExitCode,
): void {
  addOptimize(table, context, onExitCode);
  addVacuum(table, context, onExitCode);
  addCheckpoint(table, context);
  addRestore(table, context);
}

function addOptimize(table: Command, context: CommandContext, onExitCode: OnExitCode): void {
  table
    .command("optimize")
    .description("write small files, and files with many deleted rows, together into larger ones")
    .addArgument(tableArgument())
    .addOption(dataOption())
    .option("--where <condition>", "only these partitions: SQL on partition columns")
    .option(
      "--target-size <bytes>",
      "size of new files (default: delta.targetFileSize, or 256MiB)",
      byteCount,
    )
    .option(
      "--min-size <bytes>",
      "files from this size on stay (default: 3/4 of the target)",
      byteCount,
    )
    .option(
      "--max-deleted <percent>",
      "a file with more deleted rows than this is written again (default: 5%)",
      percentage,
    )
    .option("--max-input <bytes>", "read at most so much; the next run goes on", byteCount)
    .option("--jobs <number>", "files written at once; each takes memory", wholeNumber(1, 64), 1)
    .option("--dry-run", "change nothing, and tell what would be done")
    .addOption(jsonOption())
    .addHelpText("after", OPTIMIZE_HELP)
    .action(async (name: string | undefined, options: OptimizeCommandOptions) => {
      const { optimizeCommand } = await import("./commands/table/optimize.ts");
      onExitCode(await optimizeCommand(name, options, context));
    });
}

const OPTIMIZE_HELP = `
The rows stay what they are. Other writers, such as a running server, may go on meanwhile: where one removes rows of a
file that is being written again, the new file is given up and the table keeps what the other one did. The old files stay
until a vacuum, for those who read earlier versions. SIGINT and SIGTERM end it in order: what is committed stays.

Examples:
  $ sluice table optimize main.default.events
  $ sluice table optimize s3://bucket/events --where "day = '2024-01-31'" --target-size 512MB --json`;

function addVacuum(table: Command, context: CommandContext, onExitCode: OnExitCode): void {
  table
    .command("vacuum")
    .description("delete files that no recent version of a table needs")
    .addArgument(tableArgument())
    .addOption(dataOption())
    .option(
      "--retain <time>",
      "keep what was needed within this time (default: the table's own, or 7d)",
      duration,
    )
    .option("--force-short-retention", "allow a time below the table's own")
    .option(
      "--max-files <number>",
      "delete at most so many; the next run goes on",
      wholeNumber(1, 1_000_000_000),
    )
    .option("--dry-run", "delete nothing, and tell what would be")
    .option("-v, --verbose", "name the files")
    .addOption(jsonOption())
    .addHelpText("after", VACUUM_HELP)
    .action(async (name: string | undefined, options: VacuumCommandOptions) => {
      const { vacuumCommand } = await import("./commands/table/vacuum.ts");
      onExitCode(await vacuumCommand(name, options, context));
    });
}

const VACUUM_HELP = `
Versions older than the time can not be read or restored any more. A time below the table's own retention can take files
from readers of earlier versions and from writers that have not committed yet: it needs --force-short-retention, and that
nobody else uses the table.

Examples:
  $ sluice table vacuum main.default.events --dry-run --verbose
  $ sluice table vacuum ./events --retain 14d`;

function addCheckpoint(table: Command, context: CommandContext): void {
  table
    .command("checkpoint")
    .description("write a checkpoint of the newest version, from which readers start")
    .addArgument(tableArgument())
    .addOption(dataOption())
    .option("--clean-up", "delete commits that are older than delta.logRetentionDuration, too")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  $ sluice table checkpoint main.default.events --clean-up")
    .action(async (name: string | undefined, options: CheckpointCommandOptions) => {
      const { checkpointCommand } = await import("./commands/table/checkpoint.ts");
      await checkpointCommand(name, options, context);
    });
}

function addRestore(table: Command, context: CommandContext): void {
  table
    .command("restore")
    .description("make a new version that has the rows and columns of an earlier one")
    .addArgument(tableArgument())
    .addOption(dataOption())
    .option(
      "--version <number>",
      "the version to go back to",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .option(
      "--at <time>",
      "the newest version of this time or before, ISO 8601, UTC where no zone is given",
      moment,
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
The versions between stay in the history, so that a restore can be taken back by another one.

Examples:
  $ sluice table restore main.default.events --version 41
  $ sluice table restore ./events --at 2024-01-31T10:00:00Z`,
    )
    .action(async (name: string | undefined, options: RestoreCommandOptions) => {
      const { restoreCommand } = await import("./commands/table/restore.ts");
      await restoreCommand(name, options, context);
    });
}
