// SPDX-License-Identifier: Apache-2.0
import { Command } from "commander";
import { clientCommand, grantCommand, revokeCommand } from "./access-program.ts";
import { doctorCommand, healthCommand } from "./check-program.ts";
import { dataOption, jsonOption, nameArgument, wholeNumber } from "./command-options.ts";
import type { CommandContext } from "./commands/context.ts";
import type { DevOptions } from "./commands/dev.ts";
import type { ProtoCommandOptions, TypesCommandOptions } from "./commands/schema-commands.ts";
import { dlqCommand } from "./dlq-program.ts";
import { DEFAULT_PORT } from "./environment.ts";
import { produceCommand } from "./produce-program.ts";
import { tableCommand } from "./table-program.ts";

/** The command line: names, options, help. `onExitCode` gets what a command that ended by itself returns. */
export function createProgram(
  version: string,
  context: CommandContext,
  onExitCode: (code: number) => void,
): Command {
  const program = new Command("sluice")
    .description("Push records straight into Delta Lake tables, over the Zerobus protocol.")
    .version(version)
    .showHelpAfterError("Run it with --help to see how it is used.")
    .exitOverride()
    // `--version` behind a command is that of a table.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => context.screen.output.write(text),
      writeErr: (text) => context.screen.errorOutput.write(text),
    })
    .addHelpText("after", ENVIRONMENT_HELP);
  program.addCommand(devCommand(context, onExitCode));
  program.addCommand(tableCommand(context, onExitCode));
  program.addCommand(clientCommand(context));
  program.addCommand(grantCommand(context));
  program.addCommand(revokeCommand(context));
  program.addCommand(produceCommand(context, onExitCode));
  program.addCommand(dlqCommand(context, onExitCode));
  program.addCommand(healthCommand(context, onExitCode));
  program.addCommand(doctorCommand(context, onExitCode));
  program.addCommand(protoCommand(context));
  program.addCommand(typesCommand(context));
  inheritSettings(program);
  return program;
}

function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inheritSettings(command);
  }
}

const ENVIRONMENT_HELP = `
Environment, each in place of an option that is not given:
  ZEROBUS_SERVER_ENDPOINT   where records are sent to: http://host:port or https://host
  DATABRICKS_WORKSPACE_URL  where tokens and tables are asked for
  ZEROBUS_TABLE_NAME        catalog.schema.table
  DATABRICKS_CLIENT_ID      the client's id
  DATABRICKS_CLIENT_SECRET  the client's secret
  NO_COLOR                  no colours if set

Examples:
  $ sluice dev --table 'main.default.events=id BIGINT NOT NULL, name STRING'
  $ sluice produce main.default.events events.ndjson
  $ sluice table head main.default.events`;

function devCommand(context: CommandContext, onExitCode: (code: number) => void): Command {
  return new Command("dev")
    .description("run a server on this machine: local disk, one port, no set-up")
    .addOption(dataOption())
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option(
      "--port <number>",
      `port, 0 for a free one (default: ${DEFAULT_PORT}, or that of ZEROBUS_SERVER_ENDPOINT if it is on this machine)`,
      wholeNumber(0, 65_535),
    )
    .option(
      "--table <definition>",
      "NAME='column TYPE, ...': a table to create if it is not there; may be repeated",
      (value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value],
    )
    .option("--no-auth", "let everybody write; on a loopback address only")
    .option("--tls-cert <file>", "certificate in PEM: the port speaks TLS beside plaintext")
    .option("--tls-key <file>", "its key in PEM")
    .option(
      "--commit-interval-ms <number>",
      "longest time before records become visible in their table (default: 500)",
      wholeNumber(10, 3_600_000),
    )
    .option("--no-compaction", "leave the small files of commits as they are")
    .option(
      "--vacuum-interval-ms <number>",
      "how often to delete files that no version of the retention needs (default: never)",
      wholeNumber(60_000, 2_592_000_000),
    )
    .option("--chaos <faults>", "make clients meet with faults, to test them; see below")
    .option("--json", "print one line of JSON when ready")
    .addHelpText(
      "after",
      `
Prints endpoint, credentials and the variables that clients read. Credentials are those of DATABRICKS_CLIENT_ID and
DATABRICKS_CLIENT_SECRET where both are set, else made at the first start and kept in the data directory. SIGINT and SIGTERM drain: streams may finish, what was acknowledged is committed, exit 0.

Examples:
  $ sluice dev
  $ sluice dev --port 0 --data /var/lib/sluice --json
  $ sluice dev --table 'main.default.events=id BIGINT NOT NULL, name STRING, at TIMESTAMP'
  $ sluice dev --tls-cert cert.pem --tls-key key.pem
  $ sluice dev --chaos 'drop=every 5s; rotate=every 30s grace 2s; ack-loss=1%; seed=7'

Faults, separated by semicolons (WHEN: \`every 30s\`, \`every 10s..60s\` or \`at 2m\`):
${CHAOS_HELP}`,
    )
    .action(async (options: DevOptions) => {
      const { runDev } = await import("./commands/dev.ts");
      onExitCode(await runDev(options, context));
    });
}

const CHAOS_HELP = `\
  drop=WHEN [one] [fin]            connections are cut, all or one, by a reset or (fin) in order
  blackhole=WHEN for TIME [one]    connections stay open and carry nothing
  away=WHEN for TIME               connections are cut and new ones refused
  latency=TIME[..TIME]             what connections carry arrives so much later
  bandwidth=BYTES/s                each connection takes so many bytes per second
  rotate=WHEN [grace TIME] [one]   streams get the close signal, and end after the grace
  end=WHEN [with STATUS] [one]     streams end with a gRPC status
  refuse=CHANCE [with STATUS]      new streams are refused
  ack-delay=TIME[..TIME]           acks come so much later
  ack-hold=WHEN for TIME [one]     acks are withheld
  ack-loss=CHANCE | WHEN [one]     records are durable and the stream ends before their ack
  throttle=REQUESTS/s              each stream has so many requests acknowledged, without an error
  token=refuse|error|hang [CHANCE] token requests get 401, 500 or no answer
  token=slow TIME[..TIME] [CHANCE] token requests are answered late
  seed=NUMBER                      the same seed, the same faults (default: 1)`;

function protoCommand(context: CommandContext): Command {
  const command = new Command("proto")
    .description("print the .proto file of a table's records")
    .addArgument(nameArgument())
    .option("--package <name>", "the file's package, such as acme.events (default: none)");
  return withSchemaOptions(command)
    .addHelpText(
      "after",
      `
Columns are fields of the same name, numbered by their place; NOT NULL is required. Programs that use @sluice/client need
no such file: it makes the records from the table's columns itself.

Examples:
  $ sluice proto main.default.events --out events.proto
  $ sluice proto main.default.events --package acme.events | protoc --descriptor_set_out=events.bin /dev/stdin`,
    )
    .action(async (table: string | undefined, options: ProtoCommandOptions) => {
      const { protoCommand: run } = await import("./commands/schema-commands.ts");
      await run(table, options, context);
    });
}

function typesCommand(context: CommandContext): Command {
  const command = new Command("types")
    .description("print the TypeScript type of a table's records")
    .addArgument(nameArgument())
    .option("--name <identifier>", "the interface's name (default: made of the table's)");
  return withSchemaOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  $ sluice types main.default.events --out src/events.ts
  $ sluice types main.default.events --name Event`,
    )
    .action(async (table: string | undefined, options: TypesCommandOptions) => {
      const { typesCommand: run } = await import("./commands/schema-commands.ts");
      await run(table, options, context);
    });
}

/** What both commands that ask the workspace for a table take. */
function withSchemaOptions(command: Command): Command {
  return command
    .option("-o, --out <file>", "write to a file instead of standard output")
    .option(
      "--workspace-url <url>",
      "where the table is asked for (default: DATABRICKS_WORKSPACE_URL)",
    )
    .option("--endpoint <url>", "stands in for it (default: ZEROBUS_SERVER_ENDPOINT)")
    .option("--client-id <id>", "default: DATABRICKS_CLIENT_ID")
    .option("--client-secret <secret>", "default: DATABRICKS_CLIENT_SECRET")
    .option("--no-auth", "for a server that was started with --no-auth")
    .option("--ca <file>", "certificates to trust, in PEM (default: SSL_CERT_FILE)")
    .addOption(jsonOption("the table's columns as JSON instead"));
}
