// SPDX-License-Identifier: Apache-2.0
import { Command } from "commander";
import { addConnectionOptions, jsonOption, nameArgument, wholeNumber } from "./command-options.ts";
import type { CommandContext } from "./commands/context.ts";
import type { DoctorOptions } from "./commands/doctor.ts";
import type { HealthOptions } from "./commands/health.ts";

/** `sluice health`. */
export function healthCommand(
  context: CommandContext,
  onExitCode: (code: number) => void,
): Command {
  const command = new Command("health")
    .description("open a stream to a table and close it: exit 0 where that goes well, else 1")
    .addArgument(nameArgument());
  return withCheckOptions(command)
    .addHelpText("after", "\nExample:\n  $ sluice health main.default.events --json")
    .action(async (table: string | undefined, options: HealthOptions) => {
      const { runHealth } = await import("./commands/health.ts");
      onExitCode(await runHealth(table, options, context));
    });
}

/** `sluice doctor`. */
export function doctorCommand(
  context: CommandContext,
  onExitCode: (code: number) => void,
): Command {
  const command = new Command("doctor")
    .description("look at each part of the way to a table, and say what to do about what is wrong")
    .addArgument(nameArgument())
    .option(
      "--schema <file>",
      "columns that records are made for, as `sluice types --json` prints them",
    );
  return withCheckOptions(command)
    .addHelpText(
      "after",
      `
One line each: ok, warn, fail or skipped (an earlier one that it needs has failed), and the fix below. Exit 1 where
something fails.

Example:
  $ sluice doctor main.default.events`,
    )
    .action(async (table: string | undefined, options: DoctorOptions) => {
      const { runDoctor } = await import("./commands/doctor.ts");
      onExitCode(await runDoctor(table, options, context));
    });
}

function withCheckOptions(command: Command): Command {
  return addConnectionOptions(command)
    .option("--timeout <seconds>", "longest wait for each answer", wholeNumber(1, 600), 10)
    .addOption(jsonOption());
}
