// SPDX-License-Identifier: Apache-2.0
import type { ActiveFile } from "./active-file.ts";
import type { AddLayout } from "./checkpoint-schema.ts";
import { parsedPartitionValuesOf, parsedStatsOf } from "./parsed-stats.ts";
import type { Snapshot } from "./snapshot.ts";
import type { LogProperties } from "./table-properties.ts";
import type { Tombstone } from "./tombstones.ts";

/** An action of a checkpoint: the column it goes into, and its fields. */
export interface CheckpointAction {
  readonly column: string;
  readonly value: object;
}

/** The actions of a snapshot besides its files. */
export function* stateActions(
  snapshot: Snapshot,
  properties: LogProperties,
  nowMs: number,
): Generator<CheckpointAction, void, undefined> {
  const { protocol, metadata, domains } = snapshot;
  const { minReaderVersion, minWriterVersion, readerFeatures, writerFeatures } = protocol;
  yield {
    column: "protocol",
    value: {
      minReaderVersion,
      minWriterVersion,
      // The protocol wants them to be null in all other versions.
      readerFeatures: minReaderVersion >= 3 ? readerFeatures : undefined,
      writerFeatures: minWriterVersion >= 7 ? writerFeatures : undefined,
    },
  };
  yield { column: "metaData", value: metadata };
  for (const value of liveTxns(snapshot, properties, nowMs)) yield { column: "txn", value };
  for (const value of domains.values()) yield { column: "domainMetadata", value };
}

/** A `txn` that does not say how old it is never expires. */
export function* liveTxns(
  { txns }: Snapshot,
  { setTransactionRetentionMs }: LogProperties,
  nowMs: number,
): Generator<{ appId: string; version: number; lastUpdated?: number }, void, undefined> {
  const oldestMs = nowMs - (setTransactionRetentionMs ?? Infinity);
  for (const [appId, { version, lastUpdatedMs }] of txns) {
    if (lastUpdatedMs === undefined) yield { appId, version };
    else if (lastUpdatedMs > oldestMs) yield { appId, version, lastUpdated: lastUpdatedMs };
  }
}

/** `dataChange` is about the commit that added the file; in a checkpoint nothing changes. */
export function addOf(file: ActiveFile, layout: AddLayout): object {
  const stats = layout.hasStatsText || layout.statsFields !== undefined ? file.stats : undefined;
  const { partitionValues } = file;
  return {
    path: file.encodedPath,
    partitionValues,
    size: file.sizeBytes,
    modificationTime: file.modificationTimeMs,
    dataChange: false,
    stats,
    tags: file.tags,
    deletionVector: file.deletionVector,
    baseRowId: file.baseRowId,
    defaultRowCommitVersion: file.defaultRowCommitVersion,
    clusteringProvider: file.clusteringProvider,
    partitionValues_parsed:
      layout.partitionFields.length === 0
        ? undefined
        : parsedPartitionValuesOf(partitionValues, layout.partitionFields),
    stats_parsed:
      layout.statsFields === undefined ? undefined : parsedStatsOf(stats, layout.statsFields),
  };
}

export function removeOf(tombstone: Tombstone): object {
  return { ...tombstone, dataChange: false };
}
