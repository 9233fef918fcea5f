// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { Catalog } from "@sluice/server";
import type { CommandContext } from "./context.ts";
import { openCatalog } from "./open-catalog.ts";

export interface RegisterOptions {
  readonly data: string;
  readonly comment?: string;
  readonly owner?: string;
  readonly json?: boolean;
}

export async function registerTableCommand(
  nameText: string,
  location: string,
  options: RegisterOptions,
  { screen }: CommandContext,
): Promise<void> {
  const { comment, owner } = options;
  const { name, ...entry } = await new Catalog(resolve(options.data)).register(nameText, location, {
    ...(comment === undefined ? {} : { comment }),
    ...(owner === undefined ? {} : { owner }),
  });
  if (options.json === true) {
    await screen.print(JSON.stringify({ name, location: entry.location }));
  } else await screen.print(`registered ${screen.style.bold(name)} at ${entry.location}`);
}

export interface DropOptions {
  readonly data: string;
  readonly keepFiles?: boolean;
  readonly json?: boolean;
}

export async function dropTableCommand(
  nameText: string,
  options: DropOptions,
  { screen }: CommandContext,
): Promise<void> {
  const catalog = await openCatalog(options.data);
  const { name, location, kind } =
    options.keepFiles === true ? await catalog.unregister(nameText) : await catalog.drop(nameText);
  const filesRemoved = kind === "managed" && options.keepFiles !== true;
  if (options.json === true) {
    await screen.print(JSON.stringify({ name, location, filesRemoved }));
    return;
  }
  const rest = filesRemoved ? "and its files" : `its files stay at ${location}`;
  await screen.print(`dropped ${screen.style.bold(name)}${filesRemoved ? " " : "; "}${rest}`);
}
