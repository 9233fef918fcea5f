// SPDX-License-Identifier: Apache-2.0
import { Command } from "commander";
import { addConnectionOptions, wholeNumber } from "./command-options.ts";
import type { CommandContext } from "./commands/context.ts";
import type { DlqListOptions, DlqReplayOptions, DlqShowOptions } from "./commands/dlq.ts";

const MAX_LIMIT = 1_000_000_000;

/** `sluice dlq`: what the server refused, as the producer's dead-letter files keep it. */
export function dlqCommand(context: CommandContext, onExitCode: (code: number) => void): Command {
  const dlq = new Command("dlq")
    .description("look into records that were refused, and send them again")
    .addHelpText("after", DLQ_HELP);
  filtered(dlq.command("list"))
    .description("count what waits in a directory of dead letters, by table and error")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ sluice dlq list /var/lib/app/dead-letters")
    .action(async (directory: string, options: DlqListOptions) =>
      (await dlqCommands()).listDeadLettersCommand(directory, options, context),
    );
  filtered(dlq.command("show"))
    .description("show dead letters, oldest first: record, reason, time")
    .option("--limit <number>", "most letters", wholeNumber(1, MAX_LIMIT), 20)
    .option("--all", "those that were replayed too")
    .option(
      "--json",
      "print one JSON object per letter, the record in base64 and, if it is JSON, as it is",
    )
    .addHelpText(
      "after",
      "\nExample:\n  $ sluice dlq show dead-letters --table main.default.events --limit 5",
    )
    .action(async (directory: string, options: DlqShowOptions) =>
      (await dlqCommands()).showDeadLettersCommand(directory, options, context),
    );
  addConnectionOptions(
    filtered(dlq.command("replay"))
      .description("send dead letters to their tables again")
      .option("--limit <number>", "most letters", wholeNumber(1, MAX_LIMIT)),
  )
    .option("--json", "print the summary as JSON")
    .addHelpText("after", REPLAY_HELP)
    .action(async (directory: string, options: DlqReplayOptions) => {
      const { replayDeadLettersCommand } = await dlqCommands();
      onExitCode(await replayDeadLettersCommand(directory, options, context));
    });
  return dlq;
}

const DLQ_HELP = `
A producer with deadLetters: { directory } keeps there what the server refused, one line of JSON for each record.

Examples:
  $ sluice dlq list dead-letters
  $ sluice dlq show dead-letters --limit 5
  $ sluice dlq replay dead-letters --table main.default.events`;

const REPLAY_HELP = `
Letters that are acknowledged are marked as replayed and are not sent again; what is refused again stays. Run it once the
table or the server was corrected. Letters are marked some hundreds at a time: if the command is ended in the middle, the
last of them may be sent twice. Let one replay run at a time.

Exit code 0: everything chosen was acknowledged. 1: some letters stay.

Examples:
  $ sluice dlq replay dead-letters
  $ sluice dlq replay dead-letters --code schema_mismatch --limit 1 --json`;

/** Loaded when run, as the other commands are. */
function dlqCommands(): Promise<typeof import("./commands/dlq.ts")> {
  return import("./commands/dlq.ts");
}

function filtered(command: Command): Command {
  return command
    .argument("<directory>", "where the dead letters are")
    .option("--table <name>", "letters for this table only")
    .option("--code <code>", "letters with this error only, such as schema_mismatch");
}
