// SPDX-License-Identifier: Apache-2.0
import { Command } from "commander";
import { dataOption, jsonOption } from "./command-options.ts";
import type { AccessOptions } from "./commands/access.ts";
import type { CommandContext } from "./commands/context.ts";
import type { DropOptions, RegisterOptions } from "./commands/table-registration.ts";

function accessCommands(): Promise<typeof import("./commands/access.ts")> {
  return import("./commands/access.ts");
}

function registrationCommands(): Promise<typeof import("./commands/table-registration.ts")> {
  return import("./commands/table-registration.ts");
}

/** `sluice client`. */
export function clientCommand(context: CommandContext): Command {
  const client = new Command("client")
    .description("make the clients that may write, beside the server's own identity")
    .addHelpText(
      "after",
      `
Examples:
  $ sluice client create collector
  $ sluice grant 'USE CATALOG' main --to collector
  $ sluice grant 'USE SCHEMA' main.default --to collector
  $ sluice grant SELECT,MODIFY main.default.events --to collector
  $ sluice client list`,
    );
  const descriptions = {
    create: "make a client and show its secret",
    rotate: "give a client another secret; the earlier one is of no use from then on",
  } as const;
  for (const action of ["create", "rotate"] as const) {
    client
      .command(action)
      .description(descriptions[action])
      .argument("<name>", action === "create" ? "for people to read" : "its name or id")
      .addOption(dataOption())
      .addOption(jsonOption())
      .addHelpText("after", `\nExample:\n  $ sluice client ${action} collector --json`)
      .action(async (name: string, options: AccessOptions) =>
        (await accessCommands()).makeSecretCommand(action, name, options, context),
      );
  }
  client
    .command("list")
    .description("list the clients and what was granted to them")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  $ sluice client list --data /var/lib/sluice")
    .action(async (options: AccessOptions) =>
      (await accessCommands()).listClientsCommand(options, context),
    );
  client
    .command("delete")
    .description("remove a client and what was granted to it")
    .argument("<name>", "its name or id")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  $ sluice client delete collector")
    .action(async (name: string, options: AccessOptions) =>
      (await accessCommands()).deleteClientCommand(name, options, context),
    );
  return client;
}

interface GrantOptions extends AccessOptions {
  readonly to: string;
}

interface RevokeOptions extends AccessOptions {
  readonly from: string;
}

/** `sluice grant`. */
export function grantCommand(context: CommandContext): Command {
  return changeCommand("grant", "let a client do something")
    .requiredOption("--to <client>", "its name or id")
    .action(async (privileges: string, object: string, { to, ...options }: GrantOptions) => {
      const { changeGrantsCommand } = await accessCommands();
      await changeGrantsCommand("grant", { privileges, object, client: to }, options, context);
    });
}

/** `sluice revoke`. */
export function revokeCommand(context: CommandContext): Command {
  return changeCommand("revoke", "take back what a client was let do; streams that are open go on")
    .requiredOption("--from <client>", "its name or id")
    .action(async (privileges: string, object: string, { from, ...options }: RevokeOptions) => {
      const { changeGrantsCommand } = await accessCommands();
      await changeGrantsCommand("revoke", { privileges, object, client: from }, options, context);
    });
}

function changeCommand(action: "grant" | "revoke", description: string): Command {
  const whom = action === "grant" ? "--to" : "--from";
  return new Command(action)
    .description(description)
    .argument("<privileges>", "USE CATALOG, USE SCHEMA, SELECT, MODIFY; separated by commas")
    .argument("<object>", "catalog, catalog.schema or catalog.schema.table")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Writing to a table needs USE CATALOG on its catalog, USE SCHEMA on its schema, SELECT and MODIFY on the table itself.
ALL PRIVILEGES can be granted and does not stand for them, as in the service.

Example:
  $ sluice ${action} SELECT,MODIFY main.default.events ${whom} collector`,
    );
}

/** Adds the commands that give names to tables, and take them away, to `sluice table`. */
export function addRegistrationCommands(table: Command, context: CommandContext): void {
  table
    .command("register")
    .description("give a name to a Delta table that exists")
    .argument("<name>", "catalog.schema.table")
    .argument("<location>", "the table's directory")
    .addOption(dataOption())
    .option("--comment <text>", "what the table is for")
    .option("--owner <name>", "whom to ask about it; grants nothing")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  $ sluice table register main.default.events /data/events --owner me",
    )
    .action(async (name: string, location: string, options: RegisterOptions) =>
      (await registrationCommands()).registerTableCommand(name, location, options, context),
    );
  table
    .command("drop")
    .description("take a table out of the catalog; streams to it end")
    .argument("<name>", "catalog.schema.table")
    .addOption(dataOption())
    .option("--keep-files", "keep the files of a table that Sluice made, too")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
The files of a table that was made with \`sluice table create\` are removed; those of one that was registered stay.

Example:
  $ sluice table drop main.default.events --keep-files`,
    )
    .action(async (name: string, options: DropOptions) =>
      (await registrationCommands()).dropTableCommand(name, options, context),
    );
}
