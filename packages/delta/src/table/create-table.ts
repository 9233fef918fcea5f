// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { Action } from "../log/actions.ts";
import { tryWriteChecksum } from "../log/checksum.ts";
import { encodeCommit, parseCommit } from "../log/commit-codec.ts";
import { commitPath, LOG_DIRECTORY } from "../log/log-files.ts";
import { listLog } from "../log/log-listing.ts";
import { replayCommits } from "../log/snapshot.ts";
import { hasInCommitTimestamps } from "../log/table-properties.ts";
import { pathOf } from "../schema/field-path.ts";
import { resolveComponents, type TableComponents } from "./components.ts";
import { DeltaTable } from "./delta-table.ts";
import { ENGINE_INFO } from "./engine-info.ts";
import { definitionOfNewTable, type NewTable, type TableActions } from "./table-definition.ts";

export interface CreateTableOptions extends TableComponents, NewTable {
  /** The table's directory; made if needed. It may hold other files, but no Delta table. */
  readonly location: string;
}

/**
 * Makes an empty table: version 0 of its log, which is durable when the promise is fulfilled.
 * @throws DeltaError `already_exists` if there is a table in `location`, `invalid_argument` for a schema, property or
 *   option that cannot be, `unsupported` for an expression that is not evaluated here, and what the store throws.
 */
export async function createTable(options: CreateTableOptions): Promise<DeltaTable> {
  const components = await resolveComponents(options.location, options);
  const { store, clock, randomUuid } = components;
  const nowMs = clock();
  const definition = definitionOfNewTable(options, { nowMs, randomUuid });
  if ((await listLog(store)).length > 0) throw alreadyExists(store.location);
  const actions = actionsOfCreate(options, definition, { nowMs, txnId: randomUuid() });
  const bytes = encodeCommit(actions);
  const snapshot = replayCommits(undefined, [parseCommit(0, bytes)]);
  await store.prepareDirectory(LOG_DIRECTORY);
  const result = await store.putIfAbsent(commitPath(0), bytes);
  if (result.kind === "exists") throw alreadyExists(store.location);
  await tryWriteChecksum(store, snapshot);
  return new DeltaTable(snapshot, components);
}

function actionsOfCreate(
  { description, partitionBy = [], clusterBy = [] }: NewTable,
  { protocol, metadata, domains }: TableActions,
  { nowMs, txnId }: { readonly nowMs: number; readonly txnId: string },
): Action[] {
  return [
    {
      commitInfo: {
        ...(hasInCommitTimestamps(protocol, metadata) ? { inCommitTimestamp: nowMs } : {}),
        timestamp: nowMs,
        operation: "CREATE TABLE",
        operationParameters: {
          isManaged: "false",
          description: description ?? null,
          partitionBy: JSON.stringify(partitionBy),
          clusterBy: JSON.stringify(clusterBy.map((column) => pathOf(column).join("."))),
          properties: JSON.stringify(metadata.configuration),
        },
        isolationLevel: "Serializable",
        isBlindAppend: true,
        operationMetrics: {},
        engineInfo: ENGINE_INFO,
        txnId,
      },
    },
    { protocol },
    { metaData: metadata },
    ...domains.map((domainMetadata) => ({ domainMetadata })),
  ];
}

function alreadyExists(location: string): DeltaError {
  return new DeltaError("already_exists", `there is a Delta table in ${location} already`, {
    details: { location },
  });
}
