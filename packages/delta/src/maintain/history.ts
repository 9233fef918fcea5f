// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { CommitInfoAction } from "../log/actions.ts";
import { isJsonObject } from "../log/json-fields.ts";
import { commitPath, LOG_DIRECTORY, parseLogFileName } from "../log/log-files.ts";
import { readCommit } from "../log/read-commits.ts";
import type { ObjectStore } from "../store/object-store.ts";

/** What a version's commit says of itself ("Commit Provenance Information"). Its fields are optional for writers. */
export interface HistoryEntry {
  readonly version: number;
  /**
   * Milliseconds since the epoch: the version's own time where the table has in-commit timestamps, what the writer has
   * put down otherwise, the time of the commit file if it has put down nothing.
   */
  readonly timestampMs: number;
  /** In the writer's words, such as `WRITE`, `OPTIMIZE`, `SET TBLPROPERTIES`. */
  readonly operation: string | undefined;
  readonly operationParameters: Readonly<Record<string, unknown>>;
  readonly operationMetrics: Readonly<Record<string, unknown>>;
  /** The version that the writer has worked from. */
  readonly readVersion: number | undefined;
  readonly isolationLevel: string | undefined;
  readonly isBlindAppend: boolean | undefined;
  readonly engineInfo: string | undefined;
  readonly userMetadata: string | undefined;
  /** The writer's id of the commit. */
  readonly txnId: string | undefined;
}

export interface HistoryOptions {
  /**
   * At most so many versions.
   * @default all that the log still has
   */
  readonly limit?: number;
}

/**
 * The versions of a table, the newest first, as far back as the log has their commits.
 * @throws DeltaError while iterating: `invalid_argument` for a limit that is no count, `not_found` if there is no table,
 *   `data_loss` for a damaged commit.
 */
export async function* readHistory(
  store: ObjectStore,
  { limit = Infinity }: HistoryOptions = {},
): AsyncGenerator<HistoryEntry, void, undefined> {
  if (!(limit >= 0)) {
    throw new DeltaError("invalid_argument", `limit is ${limit}; it must be 0 or more`);
  }
  const names = await store.list(LOG_DIRECTORY);
  const versions = names.flatMap((name) => {
    const file = parseLogFileName(name);
    return file?.kind === "commit" ? [file.version] : [];
  });
  if (versions.length === 0) {
    throw new DeltaError("not_found", `there is no Delta table in ${store.location}`, {
      details: { location: store.location },
    });
  }
  versions.sort((left, right) => right - left);
  for (const version of versions.slice(0, limit)) {
    const commit = await readCommit(store, version);
    // A cleanup of the log may have come between: older ones are gone as well.
    if (commit === undefined) return;
    yield await entryOf(store, version, commit.commitInfo ?? {});
  }
}

async function entryOf(
  store: ObjectStore,
  version: number,
  info: CommitInfoAction,
): Promise<HistoryEntry> {
  const { inCommitTimestamp, operationParameters, operationMetrics } = info;
  const written = numberOf(inCommitTimestamp) ?? numberOf(info.timestamp);
  const timestampMs = written ?? (await store.head(commitPath(version)))?.modifiedAtMs ?? 0;
  return {
    version,
    timestampMs,
    operation: textOf(info.operation),
    operationParameters: isJsonObject(operationParameters) ? operationParameters : {},
    operationMetrics: isJsonObject(operationMetrics) ? operationMetrics : {},
    readVersion: numberOf(info["readVersion"]),
    isolationLevel: textOf(info["isolationLevel"]),
    isBlindAppend: info["isBlindAppend"] === undefined ? undefined : info["isBlindAppend"] === true,
    engineInfo: textOf(info["engineInfo"]),
    userMetadata: textOf(info["userMetadata"]),
    txnId: textOf(info.txnId),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
