// SPDX-License-Identifier: Apache-2.0
import type {
  Action,
  AddAction,
  CommitInfoAction,
  DomainMetadataAction,
  MetadataAction,
  RemoveAction,
} from "../log/actions.ts";
import { encodeDataPath } from "../log/data-path.ts";
import type { ActiveFile } from "../log/file-set.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { hasInCommitTimestamps } from "../log/table-properties.ts";
import { ENGINE_INFO } from "./engine-info.ts";
import {
  firstInCommitTimestamp,
  nextInCommitTimestamp,
  withEnablement,
  withEnablementOf,
} from "./in-commit-timestamp.ts";
import { assignRowIds, assignsRowIds } from "./row-tracking.ts";
import type { AddedFile, TransactionRequest } from "./transaction-request.ts";

export interface AttemptContext {
  readonly nowMs: number;
  readonly txnId: string;
  /** What the commit is put on top of. */
  readonly latest: Snapshot;
  /** The `commitInfo` of that version. */
  readonly previous: CommitInfoAction | undefined;
}

/**
 * The actions of a commit. What depends on the version that it follows is worked out for each attempt: its own time, row
 * ids, the version that in-commit timestamps begin with.
 * @throws DeltaError `invalid_argument`, `data_loss` as {@link assignRowIds} and {@link nextInCommitTimestamp}.
 */
export function actionsOfTransaction(
  request: TransactionRequest,
  context: AttemptContext,
): Action[] {
  const { nowMs, latest } = context;
  const version = latest.version + 1;
  const { timestampMs, metadata } = timeOf(request, context, version);
  const protocol = request.protocol ?? latest.protocol;
  const { configuration } = request.metadata ?? latest.metadata;
  const files = request.adds ?? [];
  const plainAdds = files.map((file) => addActionOf(file, request));
  const { adds, domain } = assignsRowIds(protocol, configuration)
    ? assignRowIds(plainAdds, (index) => files[index]?.rowCount, latest, version)
    : { adds: plainAdds, domain: undefined };
  const actions: Action[] = [{ commitInfo: commitInfoOf(request, context, timestampMs) }];
  if (request.protocol !== undefined) actions.push({ protocol: request.protocol });
  if (metadata !== undefined) actions.push({ metaData: metadata });
  if (request.txn !== undefined) {
    actions.push({ txn: { ...txnOf(request.txn), lastUpdated: nowMs } });
  }
  for (const domainMetadata of domainsOf(request, domain)) actions.push({ domainMetadata });
  for (const file of request.removes ?? []) {
    actions.push({ remove: removeActionOf(file, request, nowMs) });
  }
  for (const add of adds) actions.push({ add });
  return actions;
}

function timeOf(
  request: TransactionRequest,
  { nowMs, latest, previous }: AttemptContext,
  version: number,
): {
  readonly timestampMs: number | undefined;
  readonly metadata: MetadataAction | undefined;
} {
  const { metadata } = request;
  if (!hasInCommitTimestamps(request.protocol ?? latest.protocol, metadata ?? latest.metadata)) {
    return { timestampMs: undefined, metadata: metadata && withEnablementOf(metadata, undefined) };
  }
  if (hasInCommitTimestamps(latest.protocol, latest.metadata)) {
    return {
      timestampMs: nextInCommitTimestamp(nowMs, previous, version),
      metadata: metadata && withEnablementOf(metadata, latest.metadata),
    };
  }
  const timestampMs = firstInCommitTimestamp(nowMs, previous);
  const enabling = metadata ?? latest.metadata;
  return { timestampMs, metadata: withEnablement(enabling, version, timestampMs) };
}

/** With in-commit timestamps the protocol wants them in the first action; `commitInfo` always is. */
function commitInfoOf(
  request: TransactionRequest,
  { nowMs, txnId, latest }: AttemptContext,
  inCommitTimestamp: number | undefined,
): CommitInfoAction {
  const { dataChange = true, reads, userMetadata, readSnapshot } = request;
  const isBlindAppend = reads === "nothing" && (request.removes ?? []).length === 0;
  const isRearrangement = !dataChange && request.metadata === undefined;
  return {
    ...(inCommitTimestamp === undefined ? {} : { inCommitTimestamp }),
    timestamp: inCommitTimestamp ?? nowMs,
    operation: request.operation,
    operationParameters: request.operationParameters ?? {},
    readVersion: isBlindAppend ? latest.version : readSnapshot.version,
    isolationLevel: isRearrangement ? "SnapshotIsolation" : "WriteSerializable",
    isBlindAppend: isBlindAppend && request.metadata === undefined,
    operationMetrics: request.operationMetrics ?? {},
    ...(userMetadata === undefined ? {} : { userMetadata }),
    engineInfo: request.engineInfo ?? ENGINE_INFO,
    txnId,
  };
}

function txnOf({ appId, version }: { readonly appId: string; readonly version: number }): {
  readonly appId: string;
  readonly version: number;
} {
  return { appId, version };
}

function domainsOf(
  { domains = [] }: TransactionRequest,
  assigned: DomainMetadataAction | undefined,
): readonly DomainMetadataAction[] {
  if (assigned === undefined) return domains;
  return [...domains.filter(({ domain }) => domain !== assigned.domain), assigned];
}

function addActionOf(file: AddedFile, { dataChange = true }: TransactionRequest): AddAction {
  const { rowCount } = file;
  const stats =
    file.stats ?? (rowCount === undefined ? undefined : JSON.stringify({ numRecords: rowCount }));
  const { tags, deletionVector, baseRowId, defaultRowCommitVersion, clusteringProvider } = file;
  return {
    path: file.encodedPath ?? encodeDataPath(file.path),
    partitionValues: file.partitionValues,
    size: file.sizeBytes,
    modificationTime: file.modificationTimeMs,
    dataChange,
    ...given({ stats, tags, deletionVector }),
    ...given({ baseRowId, defaultRowCommitVersion, clusteringProvider }),
  };
}

function removeActionOf(
  file: ActiveFile,
  { dataChange = true }: TransactionRequest,
  nowMs: number,
): RemoveAction {
  const { stats, tags, deletionVector, baseRowId, defaultRowCommitVersion } = file;
  return {
    path: file.encodedPath,
    deletionTimestamp: nowMs,
    dataChange,
    extendedFileMetadata: true,
    partitionValues: file.partitionValues,
    size: file.sizeBytes,
    ...given({ stats, tags, deletionVector, baseRowId, defaultRowCommitVersion }),
  };
}

type Given<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the members that are undefined. */
function given<T extends object>(members: T): Given<T> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Given<T>;
}
