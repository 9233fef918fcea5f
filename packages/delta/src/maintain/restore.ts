// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from "node:util";
import { DeltaError } from "../delta-error.ts";
import type { DomainMetadataAction, MetadataAction } from "../log/actions.ts";
import { vectorIdOf } from "../log/active-file.ts";
import type { ActiveFile } from "../log/file-set.ts";
import { loadSnapshot } from "../log/load-snapshot.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { hasInCommitTimestamps } from "../log/table-properties.ts";
import { type DataFileLocator, dataFileLocatorOf } from "../scan/data-file-locator.ts";
import { vectorFileOf } from "../scan/deletion-vectors/read-deletion-vector.ts";
import { MAX_COLUMN_ID } from "../schema/column-mapping.ts";
import type { ResolvedComponents } from "../table/components.ts";
import { withEnablementOf } from "../table/in-commit-timestamp.ts";
import { ROW_TRACKING_DOMAIN } from "../table/row-tracking.ts";
import { supportedFeaturesOf, withFeatures } from "../table/table-protocol.ts";
import type { CommitResult, TransactionRequest } from "../table/transaction-request.ts";
import { inParallel } from "./in-parallel.ts";

/** Which state to go back to: a version, or the newest version that is not younger than a time. */
export type RestoreTarget = { readonly version: number } | { readonly timestampMs: number };

export type RestoreResult =
  | {
      readonly kind: "restored";
      /** The new version that has the old state. */
      readonly version: number;
      readonly restoredVersion: number;
      readonly restoredFileCount: number;
      readonly removedFileCount: number;
    }
  /** The table is in that state already; nothing was committed. */
  | { readonly kind: "unchanged"; readonly version: number };

/** What a restore uses of a table. */
export interface RestoreAccess {
  readonly components: Pick<ResolvedComponents, "store">;
  refresh(): Promise<Snapshot>;
  commit(request: TransactionRequest): Promise<CommitResult>;
}

/** Attempts, each after another writer has changed the table meanwhile. */
const MAX_ATTEMPTS = 10;
const LOOK_UP_CONCURRENCY = 32;

/**
 * Makes a new version with the files and the metadata of an earlier one. The protocol keeps what it has and gets what the
 * earlier version needs.
 * @throws DeltaError `not_found` for a version that there never was, or is no longer; `data_loss` if a file of it has been
 *   deleted (by a vacuum), naming it; `invalid_argument` where the table is append-only; `unavailable` if other writers
 *   changed the table during each attempt.
 */
export async function restore(
  access: RestoreAccess,
  target: RestoreTarget,
): Promise<RestoreResult> {
  const { store } = access.components;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const latest = await access.refresh();
    const source = await loadSnapshot(store, target);
    const changes = changesBetween(latest, source);
    if (changes === undefined) return { kind: "unchanged", version: latest.version };
    await checkFilesExist(changes.adds, dataFileLocatorOf(store, []));
    const result = await access.commit(requestOf(latest, source, changes, target));
    if (result.kind === "committed") {
      return {
        kind: "restored",
        version: result.version,
        restoredVersion: source.version,
        restoredFileCount: changes.adds.length,
        removedFileCount: changes.removes.length,
      };
    }
  }
  throw new DeltaError(
    "unavailable",
    `the table was changed by other writers during each of ${MAX_ATTEMPTS} attempts to restore it; try again when they write less`,
  );
}

interface RestoreChanges {
  readonly adds: readonly ActiveFile[];
  readonly removes: readonly ActiveFile[];
  readonly domains: readonly DomainMetadataAction[];
  readonly metadata?: MetadataAction;
}

/** `undefined` if there is nothing to do. */
function changesBetween(latest: Snapshot, source: Snapshot): RestoreChanges | undefined {
  const adds = filesMissingIn(latest, source);
  const removes = filesMissingIn(source, latest);
  const domains = domainsOf(latest, source);
  const metadata = metadataOf(latest, source);
  const isSameMetadata = isDeepStrictEqual(metadata, latest.metadata);
  if (adds.length + removes.length + domains.length === 0 && isSameMetadata) return undefined;
  return { adds, removes, domains, ...(isSameMetadata ? {} : { metadata }) };
}

/** Files of `from` that `other` does not have, or has with other rows deleted. */
function filesMissingIn(other: Snapshot, from: Snapshot): ActiveFile[] {
  const missing: ActiveFile[] = [];
  for (const file of from.files) {
    const same = other.files.get(file.path);
    if (same === undefined || vectorIdOf(same.deletionVector) !== vectorIdOf(file.deletionVector)) {
      missing.push(file);
    }
  }
  return missing;
}

function requestOf(
  latest: Snapshot,
  source: Snapshot,
  changes: RestoreChanges,
  target: RestoreTarget,
): TransactionRequest {
  const protocol = withFeatures(latest.protocol, supportedFeaturesOf(source.protocol));
  const { adds, removes } = changes;
  return {
    readSnapshot: latest,
    reads: "table",
    operation: "RESTORE",
    operationParameters: {
      version: "version" in target ? target.version : null,
      timestamp: "timestampMs" in target ? new Date(target.timestampMs).toISOString() : null,
    },
    operationMetrics: {
      numRestoredFiles: String(adds.length),
      restoredFilesSize: String(byteCountOf(adds)),
      numRemovedFiles: String(removes.length),
      removedFilesSize: String(byteCountOf(removes)),
      numOfFilesAfterRestore: String(source.files.fileCount),
      tableSizeAfterRestore: String(source.files.sizeBytes),
    },
    ...changes,
    ...(protocol === undefined ? {} : { protocol }),
  };
}

/**
 * Metadata as it was; but column ids are never given twice, so their highest number stays, and so does what says since
 * when commits carry their time.
 */
function metadataOf(latest: Snapshot, { metadata }: Snapshot): MetadataAction {
  const isTimed = [latest.metadata, metadata].every((known) =>
    hasInCommitTimestamps(latest.protocol, known),
  );
  const timed = isTimed ? withEnablementOf(metadata, latest.metadata) : metadata;
  const highest = latest.metadata.configuration[MAX_COLUMN_ID];
  const restored = metadata.configuration[MAX_COLUMN_ID];
  if (highest === undefined || Number(highest) <= Number(restored ?? -1)) return timed;
  return { ...timed, configuration: { ...timed.configuration, [MAX_COLUMN_ID]: highest } };
}

/** Domains as they were; but row ids are never given twice, so their high-water mark stays. */
function domainsOf(latest: Snapshot, source: Snapshot): readonly DomainMetadataAction[] {
  const changed: DomainMetadataAction[] = [];
  for (const [domain, action] of source.domains) {
    if (domain === ROW_TRACKING_DOMAIN) continue;
    if (latest.domains.get(domain)?.configuration !== action.configuration) changed.push(action);
  }
  for (const [domain, action] of latest.domains) {
    if (domain === ROW_TRACKING_DOMAIN || source.domains.has(domain)) continue;
    changed.push({ ...action, removed: true });
  }
  return changed;
}

/** @throws DeltaError `data_loss` naming a file, or one of deletion vectors, that has been deleted. */
async function checkFilesExist(
  files: readonly ActiveFile[],
  locator: DataFileLocator,
): Promise<void> {
  const paths = new Set<string>();
  for (const { path, deletionVector } of files) {
    paths.add(path);
    const vectorPath = deletionVector === undefined ? undefined : vectorFileOf(deletionVector);
    if (vectorPath !== undefined) paths.add(vectorPath);
  }
  await inParallel(paths, LOOK_UP_CONCURRENCY, async (path) => {
    const place = locator(path);
    if ((await place.store.head(place.path)) !== undefined) return;
    throw new DeltaError(
      "data_loss",
      `the version to restore needs the file ${JSON.stringify(path)}, which has been deleted (by a vacuum?); restore a later version`,
      { details: { path } },
    );
  });
}

function byteCountOf(files: readonly ActiveFile[]): number {
  return files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}
