// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { Action } from "../log/actions.ts";
import { encodeDataPath } from "../log/data-path.ts";
import { isJsonObject } from "../log/json-fields.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { checkStorePath } from "../store/store-path.ts";
import { ENGINE_INFO } from "./engine-info.ts";

/** A data file that lies in the table's directory, durable, and is to become part of the table. */
export interface AppendedFile {
  /** Relative to the table's root, not encoded; see `newDataFilePath`. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modificationTimeMs: number;
  readonly rowCount: number;
  /**
   * Statistics as JSON text, as the protocol's "Per-file Statistics" has them; `numRecords` must equal `rowCount`.
   * @default only `numRecords`
   */
  readonly stats?: string;
}

/** How far an application has come; recorded with the rows, so that a repeated append adds nothing. */
export interface AppendTxn {
  /** Names the application and its part, such as a log; few and long-lived, since a table keeps every one. */
  readonly appId: string;
  /** Grows with each append; 0 to 2^53 - 1. */
  readonly version: number;
}

export interface AppendRequest {
  /** May be empty where `txn` is given: then only the progress is recorded. */
  readonly files: readonly AppendedFile[];
  readonly txn?: AppendTxn;
  /**
   * The snapshot whose schema the files were written for. If the table's metadata or protocol has changed since, the
   * append is a conflict.
   * @default the table's snapshot at the time of the call
   */
  readonly writtenFor?: Snapshot;
  /** @default "STREAMING UPDATE" with a `txn`, "WRITE" without */
  readonly operation?: string;
  /** @default "Sluice/<version>" */
  readonly engineInfo?: string;
  readonly userMetadata?: string;
}

export type ConflictReason =
  /** The schema is another: encode the rows again for it. */
  | "schemaChanged"
  /** Another part of the metadata has changed, such as a property: check that it still holds, then try again. */
  | "metadataChanged"
  | "protocolChanged"
  /** The table that the files were written for is gone, and there is another one in its place. */
  | "tableReplaced"
  /** Another writer that uses the same `appId` has committed a lower version meanwhile: two of them are at work. */
  | "txnChanged"
  /** Other writers were faster each time until the budget was used up; try again. */
  | "contention";

export type AppendResult =
  | { readonly kind: "committed"; readonly version: number }
  /** The table holds this `txn` version or a later one already; nothing was added. */
  | { readonly kind: "alreadyCommitted"; readonly version?: number }
  /** Nothing was added. `version` is the table version that stands against it. */
  | { readonly kind: "conflict"; readonly reason: ConflictReason; readonly version: number };

/** @throws DeltaError `invalid_argument` naming the file and the rule. */
export function validateAppendRequest({ files, txn }: AppendRequest): void {
  if (files.length === 0 && txn === undefined) {
    throw new DeltaError("invalid_argument", "an append without a txn needs at least one file");
  }
  if (txn !== undefined) {
    if (txn.appId === "") throw new DeltaError("invalid_argument", "the txn's appId is empty");
    checkCount("the txn's version", txn.version);
  }
  const paths = new Set<string>();
  for (const file of files) {
    validateFile(file);
    if (paths.has(file.path)) {
      throw new DeltaError(
        "invalid_argument",
        `the file ${JSON.stringify(file.path)} is given twice`,
      );
    }
    paths.add(file.path);
  }
}

export interface CommitContext {
  readonly nowMs: number;
  readonly txnId: string;
  readonly readVersion: number;
}

/** The actions of the commit that an append makes; the same for each attempt but for `readVersion`. */
export function actionsOfAppend(request: AppendRequest, context: CommitContext): Action[] {
  const { files, txn, userMetadata } = request;
  const actions: Action[] = [
    {
      commitInfo: {
        timestamp: context.nowMs,
        operation: request.operation ?? (txn === undefined ? "WRITE" : "STREAMING UPDATE"),
        operationParameters: operationParameters(txn),
        readVersion: context.readVersion,
        isolationLevel: "WriteSerializable",
        isBlindAppend: true,
        operationMetrics: {
          numFiles: String(files.length),
          numOutputRows: String(sum(files, (file) => file.rowCount)),
          numOutputBytes: String(sum(files, (file) => file.sizeBytes)),
        },
        ...(userMetadata === undefined ? {} : { userMetadata }),
        engineInfo: request.engineInfo ?? ENGINE_INFO,
        txnId: context.txnId,
      },
    },
  ];
  if (txn !== undefined) {
    const { appId, version } = txn;
    actions.push({ txn: { appId, version, lastUpdated: context.nowMs } });
  }
  for (const file of files) {
    actions.push({
      add: {
        path: encodeDataPath(file.path),
        partitionValues: {},
        size: file.sizeBytes,
        modificationTime: file.modificationTimeMs,
        dataChange: true,
        stats: file.stats ?? JSON.stringify({ numRecords: file.rowCount }),
      },
    });
  }
  return actions;
}

function operationParameters(txn: AppendTxn | undefined): Record<string, string> {
  return txn === undefined
    ? { mode: "Append", partitionBy: "[]" }
    : { outputMode: "Append", queryId: txn.appId, epochId: String(txn.version) };
}

function validateFile(file: AppendedFile): void {
  const { path, stats, rowCount } = file;
  checkStorePath(path);
  if (/(^|\/)[._]/.test(path)) {
    throw new DeltaError(
      "invalid_argument",
      `the data file ${JSON.stringify(path)} has a name that starts with "_" or ".", which readers take for hidden`,
    );
  }
  const quoted = JSON.stringify(path);
  checkCount(`the size of ${quoted}`, file.sizeBytes);
  checkCount(`the modification time of ${quoted}`, file.modificationTimeMs);
  checkCount(`the row count of ${quoted}`, rowCount);
  if (stats !== undefined && recordCountOf(stats) !== rowCount) {
    throw new DeltaError(
      "invalid_argument",
      `the statistics of ${quoted} must be a JSON object with numRecords ${rowCount}`,
    );
  }
}

function recordCountOf(stats: string): unknown {
  try {
    const value: unknown = JSON.parse(stats);
    return isJsonObject(value) ? value["numRecords"] : undefined;
  } catch {
    return undefined;
  }
}

function checkCount(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new DeltaError(
      "invalid_argument",
      `${what} is ${value}; it must be a whole number from 0 to 2^53 - 1`,
    );
  }
}

function sum(files: readonly AppendedFile[], value: (file: AppendedFile) => number): number {
  return files.reduce((total, file) => total + value(file), 0);
}
