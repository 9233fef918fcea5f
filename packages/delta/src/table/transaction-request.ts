// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { DomainMetadataAction, MetadataAction, ProtocolAction } from "../log/actions.ts";
import type { ActiveFile } from "../log/file-set.ts";
import type { Snapshot } from "../log/snapshot.ts";

/** How far an application has come; recorded with the rows, so that a repeated commit adds nothing. */
export interface AppendTxn {
  /** Names the application and its part, such as a log; few and long-lived, since a table keeps every one. */
  readonly appId: string;
  /** Grows with each commit; 0 to 2^53 - 1. */
  readonly version: number;
}

type RequiredFileFacts =
  | "path"
  | "sizeBytes"
  | "modificationTimeMs"
  | "rowCount"
  | "partitionValues";

/**
 * A file that a transaction adds: a new one, or one of the table's own again, as with another deletion vector. Where
 * the table tracks rows, a file without `baseRowId` gets new row ids.
 */
export type AddedFile = Pick<ActiveFile, RequiredFileFacts> &
  Partial<Omit<ActiveFile, RequiredFileFacts>>;

/**
 * What a transaction has read, and so what other writers must not have changed when it is committed:
 * - `nothing`: a blind append, or a change of the metadata that holds whatever the rows are.
 * - `removedFiles`: the files that it removes.
 * - `table`: all files; a file that was added or removed meanwhile is a conflict.
 */
export type ReadScope = "nothing" | "removedFiles" | "table";

/** One version to be made of a table. */
export interface TransactionRequest {
  /** What the transaction was worked out from. */
  readonly readSnapshot: Snapshot;
  /** @default "removedFiles" */
  readonly reads?: ReadScope;
  /** The name for `commitInfo`, in the words that other writers use: `OPTIMIZE`, `SET TBLPROPERTIES`. */
  readonly operation: string;
  /** JSON values; by custom of other writers a list or map is given as its JSON text. */
  readonly operationParameters?: Readonly<Record<string, unknown>>;
  readonly operationMetrics?: Readonly<Record<string, string>>;
  readonly txn?: AppendTxn;
  readonly adds?: readonly AddedFile[];
  readonly removes?: readonly ActiveFile[];
  /**
   * Whether rows of the table come or go. `false` is for files that hold rows the table has already: compaction.
   * @default true
   */
  readonly dataChange?: boolean;
  /** The table's new metadata; a change by another writer meanwhile is a conflict. */
  readonly metadata?: MetadataAction;
  /** The table's new protocol. */
  readonly protocol?: ProtocolAction;
  /** Each domain once; a change of one of them by another writer meanwhile is a conflict. */
  readonly domains?: readonly DomainMetadataAction[];
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
  /** A file that the transaction removes, or has read, was removed or got another deletion vector meanwhile. */
  | "concurrentDelete"
  /** Files were added to a table that the transaction has read as a whole. */
  | "concurrentAppend"
  /** A metadata domain that the transaction sets was set by another writer meanwhile. */
  | "domainChanged"
  /** Other writers were faster each time until the budget was used up; try again. */
  | "contention";

export type CommitResult =
  | { readonly kind: "committed"; readonly version: number }
  /** The table holds this `txn` version or a later one already; nothing was changed. */
  | { readonly kind: "alreadyCommitted"; readonly version?: number }
  /** Nothing was changed. `version` is the table version that stands against it. */
  | { readonly kind: "conflict"; readonly reason: ConflictReason; readonly version: number };

/** @throws DeltaError `invalid_argument` naming the rule. */
export function validateTxn(txn: AppendTxn | undefined): void {
  if (txn === undefined) return;
  if (txn.appId === "") throw new DeltaError("invalid_argument", "the txn's appId is empty");
  checkCount("the txn's version", txn.version);
}

/** @throws DeltaError `invalid_argument` where `value` is not a whole number that a double holds exactly. */
export function checkCount(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new DeltaError(
      "invalid_argument",
      `${what} is ${value}; it must be a whole number from 0 to 2^53 - 1`,
    );
  }
}

/** @throws DeltaError `invalid_argument` for a transaction that no commit may hold. */
export function validateTransactionRequest(request: TransactionRequest): void {
  const { adds = [], removes = [], domains = [], txn, metadata, protocol } = request;
  validateTxn(txn);
  const actionCount = adds.length + removes.length + domains.length;
  if (actionCount === 0 && txn === undefined && metadata === undefined && protocol === undefined) {
    throw new DeltaError("invalid_argument", "the transaction changes nothing");
  }
  checkUnique("added", adds, ({ path }) => path);
  checkUnique("removed", removes, ({ path }) => path);
  checkUnique("set as a domain", domains, ({ domain }) => domain);
}

function checkUnique<T>(what: string, items: readonly T[], nameOf: (item: T) => string): void {
  const names = new Set<string>();
  for (const item of items) {
    const name = nameOf(item);
    if (names.has(name)) {
      throw new DeltaError("invalid_argument", `${JSON.stringify(name)} is ${what} twice`);
    }
    names.add(name);
  }
}
