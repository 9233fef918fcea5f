// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { textTable } from "../../terminal/text-table.ts";
import type { CommandContext } from "../context.ts";
import { openCatalog } from "../open-catalog.ts";
import type { TargetOptions } from "./target.ts";

export async function listTablesCommand(
  options: TargetOptions,
  { screen }: CommandContext,
): Promise<void> {
  const catalog = await openCatalog(options.data);
  const tables = [];
  for (const { name, location } of await catalog.list()) {
    const { version, schema } = (await catalog.openTable(name)).snapshot();
    tables.push({ name, version, columns: schema.fields.length, location });
  }
  if (options.json === true) {
    await screen.print(JSON.stringify(tables));
    return;
  }
  if (tables.length === 0) {
    screen.tell(`no tables in ${resolve(options.data)}; create one with \`sluice table create\``);
    return;
  }
  const rows = tables.map(({ name, version, columns, location }) => [
    name,
    String(version),
    String(columns),
    location,
  ]);
  const head = [
    { title: "table" },
    { title: "version", align: "right" },
    { title: "columns", align: "right" },
    { title: "location" },
  ] as const;
  await screen.print(...textTable(head, rows, screen));
}
