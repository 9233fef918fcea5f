// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { DomainMetadataAction } from "../log/actions.ts";
import { vectorIdOf } from "../log/active-file.ts";
import type { ActiveFile } from "../log/file-set.ts";
import { loadSnapshot } from "../log/load-snapshot.ts";
import type { Snapshot } from "../log/snapshot.ts";
import type { DataFileLocator } from "../scan/data-file-locator.ts";
import { dataFileLocatorOf } from "../scan/data-file-locator.ts";
import type { ResolvedComponents } from "../table/components.ts";
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
}

/** `undefined` if there is nothing to do. */
function changesBetween(latest: Snapshot, source: Snapshot): RestoreChanges | undefined {
  const adds = filesMissingIn(latest, source);
  const removes = filesMissingIn(source, latest);
  const isSame = adds.length === 0 && removes.length === 0 && isSameMetadata(latest, source);
  return isSame ? undefined : { adds, removes };
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

function isSameMetadata(latest: Snapshot, source: Snapshot): boolean {
  return JSON.stringify(latest.metadata) === JSON.stringify(source.metadata);
}

function requestOf(
  latest: Snapshot,
  source: Snapshot,
  { adds, removes }: RestoreChanges,
  target: RestoreTarget,
): TransactionRequest {
  const protocol = withFeatures(latest.protocol, supportedFeaturesOf(source.protocol));
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
    adds,
    removes,
    ...(isSameMetadata(latest, source) ? {} : { metadata: metadataOf(latest, source) }),
    ...(protocol === undefined ? {} : { protocol }),
    domains: domainsOf(latest, source),
  };
}

const COLUMN_ID_PROPERTY = "delta.columnMapping.maxColumnId";

/** Column ids are never given twice, so their highest number stays. */
function metadataOf(latest: Snapshot, { metadata }: Snapshot): Snapshot["metadata"] {
  const highest = latest.metadata.configuration[COLUMN_ID_PROPERTY];
  const restored = metadata.configuration[COLUMN_ID_PROPERTY];
  if (highest === undefined || Number(highest) <= Number(restored ?? -1)) return metadata;
  return {
    ...metadata,
    configuration: { ...metadata.configuration, [COLUMN_ID_PROPERTY]: highest },
  };
}

const ROW_TRACKING_DOMAIN = "delta.rowTracking";

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

/** @throws DeltaError `data_loss` naming a file that has been deleted. */
async function checkFilesExist(
  files: readonly ActiveFile[],
  locator: DataFileLocator,
): Promise<void> {
  await inParallel(files, LOOK_UP_CONCURRENCY, async ({ path }) => {
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
