// SPDX-License-Identifier: Apache-2.0
import { type ClientInfo, parsePrivilege, parseSecurable } from "@sluice/server";
import { textTable } from "../terminal/text-table.ts";
import type { CommandContext } from "./context.ts";
import { openCatalog } from "./open-catalog.ts";

export interface AccessOptions {
  readonly data: string;
  readonly json?: boolean;
}

/** `sluice client create` and `sluice client rotate`. */
export async function makeSecretCommand(
  action: "create" | "rotate",
  name: string,
  options: AccessOptions,
  { screen }: CommandContext,
): Promise<void> {
  const { access } = await openCatalog(options.data);
  const client =
    action === "create" ? await access.createClient(name) : await access.rotateClient(name);
  if (options.json === true) {
    await screen.print(JSON.stringify(client));
    return;
  }
  const { style } = screen;
  await screen.print(
    `${style.dim("client id".padEnd(15))}${client.clientId}`,
    `${style.dim("client secret".padEnd(15))}${client.clientSecret}`,
  );
  screen.tell("The secret is shown this once.");
}

export async function listClientsCommand(
  options: AccessOptions,
  { screen }: CommandContext,
): Promise<void> {
  const { access } = await openCatalog(options.data);
  const clients = await access.listClients();
  const grants = await access.listGrants();
  const grantsOf = ({ clientId }: ClientInfo): string[] =>
    grants
      .filter(({ principal }) => principal === clientId)
      .map(({ privilege, name }) => `${privilege} on ${name}`);
  if (options.json === true) {
    const shown = clients.map((client) => ({ ...client, grants: grantsOf(client) }));
    await screen.print(JSON.stringify(shown));
    return;
  }
  const rows = clients.map((client) => [
    client.name,
    client.clientId,
    new Date(client.createdAtMs).toISOString(),
    grantsOf(client).join(", "),
  ]);
  const head = ["name", "client id", "created", "grants"].map((title) => ({ title }));
  if (rows.length === 0)
    screen.tell("no clients but the server's own; make one with `sluice client create`");
  else await screen.print(...textTable(head, rows, screen));
}

export async function deleteClientCommand(
  name: string,
  options: AccessOptions,
  { screen }: CommandContext,
): Promise<void> {
  await (await openCatalog(options.data)).access.deleteClient(name);
  if (options.json === true) await screen.print(JSON.stringify({ deleted: name }));
  else await screen.print(`deleted client ${screen.style.bold(name)}`);
}

/** `sluice grant` and `sluice revoke`. */
export async function changeGrantsCommand(
  action: "grant" | "revoke",
  args: { readonly privileges: string; readonly object: string; readonly client: string },
  options: AccessOptions,
  { screen }: CommandContext,
): Promise<void> {
  const { access } = await openCatalog(options.data);
  const privileges = args.privileges.split(",").map(parsePrivilege);
  const securable = parseSecurable(args.object);
  await access[action](args.client, privileges, securable);
  if (options.json === true) {
    await screen.print(JSON.stringify({ client: args.client, privileges, ...securable }));
    return;
  }
  const [done, preposition] = action === "grant" ? ["granted", "to"] : ["revoked", "from"];
  const what = `${privileges.join(", ")} on ${securable.kind.toLowerCase()} ${securable.name}`;
  await screen.print(`${done} ${what} ${preposition} ${args.client}`);
}
