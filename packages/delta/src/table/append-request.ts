// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { PartitionValues } from "../log/actions.ts";
import { isJsonObject } from "../log/json-fields.ts";
import { columnMappingModeOf, physicalNameOf } from "../log/column-mapping.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { type AppendDuty, validateAppendable } from "../log/table-features.ts";
import { checkStorePath } from "../store/store-path.ts";
import { clusteringColumnsOf } from "./clustering.ts";
import {
  type AddedFile,
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
  /**
   * What the table asks of rows and files that the writer of these files has seen to; a table that asks for more is
   * refused. `partitioning` is seen to by `partitionValues`.
   * @default nothing
   */
  readonly seenTo?: readonly Exclude<AppendDuty, "partitioning">[];
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

/**
 * Checks that the files of an append can become part of a table.
 * @throws DeltaError `unsupported` as `validateAppendable`, `invalid_argument` for a file whose partition values or
 *   statistics are not what the table asks for.
 */
export function checkAppendable({ files, seenTo = [] }: AppendRequest, latest: Snapshot): void {
  const hasValues = files.every(({ partitionValues }) => partitionValues !== undefined);
  const duties = new Set<AppendDuty>([
    ...seenTo,
    ...(hasValues ? (["partitioning"] as const) : []),
  ]);
  validateAppendable(latest, duties);
  const names = partitionNamesOf(latest);
  for (const file of files) checkPartitionValues(file, names);
  checkClusteringStatistics(files, latest);
}

/**
 * Checks that new files have statistics of the columns that a table is clustered by, which may have become others since.
 * @throws DeltaError `invalid_argument` naming the file and the column.
 */
export function checkClusteringStatistics(
  files: readonly Pick<AddedFile, "path" | "rowCount" | "stats">[],
  latest: Snapshot,
): void {
  for (const column of clusteringColumnsOf(latest.domains)) {
    for (const file of files) checkColumnStatistics(file, column);
  }
}

function partitionNamesOf({ metadata, protocol, schema }: Snapshot): readonly string[] {
  const mode = columnMappingModeOf(protocol, metadata);
  return metadata.partitionColumns.map((name) => {
    const field = schema.fields.find((candidate) => candidate.name === name);
    return field === undefined ? name : physicalNameOf(field, mode);
  });
}

function checkPartitionValues(
  { path, partitionValues = {} }: AppendedFile,
  names: readonly string[],
): void {
  const given = Object.keys(partitionValues);
  if (given.length === names.length && names.every((name) => given.includes(name))) return;
  throw new DeltaError(
    "invalid_argument",
    `the file ${JSON.stringify(path)} has partition values for [${given.join(", ")}]; the table is partitioned by [${names.join(", ")}]`,
    { details: { path } },
  );
}

function checkColumnStatistics(
  { path, rowCount, stats }: Pick<AddedFile, "path" | "rowCount" | "stats">,
  column: readonly string[],
): void {
  if (rowCount === 0) return;
  let value: unknown = stats === undefined ? undefined : JSON.parse(stats);
  for (const name of ["nullCount", ...column]) {
    value = isJsonObject(value) ? value[name] : undefined;
  }
  if (typeof value === "number") return;
  throw new DeltaError(
    "invalid_argument",
    `the file ${JSON.stringify(path)} has no statistics of ${JSON.stringify(column.join("."))}, which the table is clustered by`,
    { details: { path, column: column.join(".") } },
  );
}

/** The blind append as a transaction. */
export function transactionOfAppend(
  request: AppendRequest,
  writtenFor: Snapshot,
): TransactionRequest {
  const { files, txn, operation, engineInfo, userMetadata } = request;
  return {
    readSnapshot: writtenFor,
    reads: "nothing",
    ...writeOperationOf(files, txn),
    ...(operation === undefined ? {} : { operation }),
    adds: files.map((file) => ({ ...file, partitionValues: file.partitionValues ?? {} })),
    ...(txn === undefined ? {} : { txn }),
    ...(engineInfo === undefined ? {} : { engineInfo }),
    ...(userMetadata === undefined ? {} : { userMetadata }),
  };
}

/** What `commitInfo` says of a write, in the words of other writers. */
export function writeOperationOf(
  files: readonly WrittenFile[],
  txn: AppendTxn | undefined,
): Pick<TransactionRequest, "operation" | "operationParameters" | "operationMetrics"> {
  return {
    operation: txn === undefined ? "WRITE" : "STREAMING UPDATE",
    operationParameters: operationParameters(txn),
    operationMetrics: {
      numFiles: String(files.length),
      numOutputRows: String(sum(files, (file) => file.rowCount ?? 0)),
      numOutputBytes: String(sum(files, (file) => file.sizeBytes)),
    },
  };
}

type WrittenFile = Pick<AddedFile, "rowCount" | "sizeBytes">;

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

function sum(files: readonly WrittenFile[], value: (file: WrittenFile) => number): number {
  return files.reduce((total, file) => total + value(file), 0);
}
