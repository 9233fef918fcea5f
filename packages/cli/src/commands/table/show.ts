// SPDX-License-Identifier: Apache-2.0
import { formatBytes, formatCount } from "../../terminal/numbers.ts";
import type { CommandContext } from "../context.ts";
import { columnTree, describedColumns } from "./column-tree.ts";
import { factLines } from "./facts.ts";
import { openTarget, type TargetOptions } from "./target.ts";

export async function showTableCommand(
  argument: string | undefined,
  options: TargetOptions,
  context: CommandContext,
): Promise<void> {
  const { screen } = context;
  const { name, table } = await openTarget(argument, options, context);
  const { version, schema, files } = table.snapshot();
  const rowCount = await table.countRows();
  let byteCount = 0;
  for (const file of files) byteCount += file.sizeBytes;
  if (options.json === true) {
    const shown = {
      name,
      location: table.location,
      version,
      rows: rowCount,
      files: files.fileCount,
      bytes: byteCount,
      columns: describedColumns(schema).map((column) => ({
        name: column.name,
        type: column.type,
        nullable: column.nullable,
      })),
    };
    await screen.print(JSON.stringify(shown));
    return;
  }
  const facts = [
    ["location", table.location],
    ["version", formatCount(version)],
    ["rows", formatCount(rowCount)],
    ["files", `${formatCount(files.fileCount)} (${formatBytes(byteCount)})`],
  ] as const;
  await screen.print(
    screen.style.bold(name),
    ...factLines(facts, screen),
    "",
    ...columnTree(schema, screen),
  );
}
