// SPDX-License-Identifier: Apache-2.0
import { formatBytes, formatCount } from "../../terminal/numbers.ts";
import { textTable } from "../../terminal/text-table.ts";
import type { CommandContext } from "../context.ts";
import { columnTree } from "./column-tree.ts";
import { factLines } from "./facts.ts";
import {
  type ApplicationFacts,
  applicationFacts,
  type TableFacts,
  tableFacts,
} from "./table-facts.ts";
import { openTarget, type TargetOptions } from "./target.ts";

export interface DescribeOptions extends TargetOptions {
  /** How far applications have come, too. */
  readonly verbose?: boolean;
}

export async function describeTableCommand(
  argument: string | undefined,
  options: DescribeOptions,
  context: CommandContext,
): Promise<void> {
  const { screen } = context;
  const target = await openTarget(argument, options, context);
  const facts = await tableFacts(target);
  const snapshot = target.table.snapshot();
  const applications = options.verbose === true ? applicationFacts(snapshot) : undefined;
  if (options.json === true) {
    await screen.print(
      JSON.stringify(applications === undefined ? facts : { ...facts, applications }),
    );
    return;
  }
  const { style } = screen;
  await screen.print(
    style.bold(facts.name),
    ...overview(facts, context),
    ...section("constraints", facts.constraints, context),
    ...section("properties", facts.properties, context),
    "",
    ...columnTree(snapshot.schema, screen),
    ...(applications === undefined ? [] : applicationLines(applications, context)),
  );
}

function overview(facts: TableFacts, { screen }: CommandContext): string[] {
  const { features, partitionColumns, clusterColumns, checkpointVersion } = facts;
  const version = formatCount(facts.version);
  const size = `${formatCount(facts.files)} (${formatBytes(facts.bytes)})`;
  const deleted = facts.filesWithDeletedRows;
  return factLines(
    [
      ["location", facts.location],
      ["id", facts.id],
      ["comment", facts.comment ?? undefined],
      ["created", facts.createdAt ?? undefined],
      ["version", facts.changedAt === null ? version : `${version} of ${facts.changedAt}`],
      ["rows", formatCount(facts.rows)],
      ["files", deleted === 0 ? size : `${size}, ${formatCount(deleted)} with deleted rows`],
      [
        "checkpoint",
        checkpointVersion === null ? "none" : `version ${formatCount(checkpointVersion)}`,
      ],
      ["protocol", `reader ${facts.minReaderVersion}, writer ${facts.minWriterVersion}`],
      ["features", features.length === 0 ? undefined : features.join(", ")],
      ["partitioned by", partitionColumns.length === 0 ? undefined : partitionColumns.join(", ")],
      ["clustered by", clusterColumns.length === 0 ? undefined : clusterColumns.join(", ")],
    ],
    screen,
  );
}

function section(
  title: string,
  values: Readonly<Record<string, string>>,
  { screen }: CommandContext,
): string[] {
  const entries = Object.entries(values).sort(([left], [right]) => (left < right ? -1 : 1));
  return entries.length === 0 ? [] : ["", title, ...factLines(entries, screen)];
}

function applicationLines(
  applications: readonly ApplicationFacts[],
  { screen }: CommandContext,
): string[] {
  if (applications.length === 0) return ["", "no application has recorded how far it has come"];
  const rows = applications.map(({ appId, version, updatedAt }) => [
    appId,
    formatCount(version),
    updatedAt ?? "",
  ]);
  const titles = [
    { title: "application" },
    { title: "version", align: "right" },
    { title: "updated" },
  ] as const;
  return ["", ...textTable(titles, rows, screen)];
}
