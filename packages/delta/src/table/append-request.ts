// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { PartitionValues } from "../log/actions.ts";
import { isJsonObject } from "../log/json-fields.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { checkStorePath } from "../store/store-path.ts";
import {
  type AppendTxn,
  checkCount,
  type TransactionRequest,
  validateTxn,
} from "./transaction-request.ts";

/** A data file that lies in the table's directory, durable, and is to become part of the table. */
export interface AppendedFile {
  /** Relative to the table's root, not encoded; see `newDataFilePath`. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modificationTimeMs: number;
  readonly rowCount: number;
  /**
   * The value of each partition column, which all rows of the file have, as the protocol's "Partition Value
   * Serialization" has it; by physical name where the table maps columns.
   * @default none: the table is not partitioned
   */
  readonly partitionValues?: PartitionValues;
  /**
   * Statistics as JSON text, as the protocol's "Per-file Statistics" has them; `numRecords` must equal `rowCount`.
   * @default only `numRecords`
   */
  readonly stats?: string;
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

/** @throws DeltaError `invalid_argument` naming the file and the rule. */
export function validateAppendRequest({ files, txn }: AppendRequest): void {
  if (files.length === 0 && txn === undefined) {
    throw new DeltaError("invalid_argument", "an append without a txn needs at least one file");
  }
  validateTxn(txn);
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

/** The blind append as a transaction. */
export function transactionOfAppend(
  request: AppendRequest,
  writtenFor: Snapshot,
): TransactionRequest {
  const { files, txn, engineInfo, userMetadata } = request;
  return {
    readSnapshot: writtenFor,
    reads: "nothing",
    operation: request.operation ?? (txn === undefined ? "WRITE" : "STREAMING UPDATE"),
    operationParameters: operationParameters(txn),
    operationMetrics: {
      numFiles: String(files.length),
      numOutputRows: String(sum(files, (file) => file.rowCount)),
      numOutputBytes: String(sum(files, (file) => file.sizeBytes)),
    },
    adds: files.map((file) => ({ ...file, partitionValues: file.partitionValues ?? {} })),
    ...(txn === undefined ? {} : { txn }),
    ...(engineInfo === undefined ? {} : { engineInfo }),
    ...(userMetadata === undefined ? {} : { userMetadata }),
  };
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

function sum(files: readonly AppendedFile[], value: (file: AppendedFile) => number): number {
  return files.reduce((total, file) => total + value(file), 0);
}
