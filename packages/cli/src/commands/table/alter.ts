// SPDX-License-Identifier: Apache-2.0
import type { ConflictReason, TableChange } from "@sluice/delta";
import { CliError } from "../../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { openTarget, type TargetOptions } from "./target.ts";

/** What stands against a change, and what to do. */
const CONFLICTS: Readonly<Record<ConflictReason, string>> = {
  schemaChanged: "another writer changed its columns meanwhile; look at them and try again",
  metadataChanged: "another writer changed its definition meanwhile; look at it and try again",
  protocolChanged: "another writer changed its protocol meanwhile; look at it and try again",
  tableReplaced: "it was replaced by another table meanwhile; look at it and try again",
  txnChanged: "another writer committed meanwhile; try again",
  concurrentDelete: "another writer removed rows that were being checked; try again",
  concurrentAppend: "another writer added rows while those before were checked; try again",
  domainChanged: "another writer changed the same settings meanwhile; look at them and try again",
  contention: "other writers were faster each time; try again when they write less",
};

/** Changes a table's definition in one version. */
export async function alterCommand(
  argument: string,
  change: TableChange,
  options: TargetOptions,
  context: CommandContext,
): Promise<void> {
  const { screen } = context;
  const { name, table } = await openTarget(argument, options, context);
  const result = await table.alter(change);
  if (result.kind === "conflict") {
    throw new CliError(`${name} was not changed: ${CONFLICTS[result.reason]}`);
  }
  const { version = table.snapshot().version } = result;
  if (options.json === true)
    await screen.print(JSON.stringify({ name, change: change.kind, version }));
  else await screen.print(`changed ${screen.style.bold(name)}, in version ${version}`);
}
