// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from "node:util";
import { DeltaError } from "../delta-error.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { FieldProblem, FieldReader, isJsonObject, type JsonObject } from "./json-fields.ts";
import { checksumPath } from "./log-files.ts";
import { parseMetadata, parseProtocol } from "./parse-actions.ts";
import type { Snapshot } from "./snapshot.ts";
import { hasInCommitTimestamps } from "./table-properties.ts";

/**
 * `v.crc` ("Version Checksum File" of the protocol): one JSON object that says what the table is at version v, so that
 * changes made behind the log's back can be told.
 */

/** The parts that are optional are left out where they are more than this: the file is written with each commit. */
const MAX_LISTED_COUNT = 1000;

/**
 * Writes the checksum of a snapshot's version, after its commit. One that is there already is left as it is.
 * @returns whether it was written; it is not where the table has in-commit timestamps and that of the version is not
 *   known.
 * @throws DeltaError what the store throws; the commit holds all the same.
 */
export async function writeChecksum(store: ObjectStore, snapshot: Snapshot): Promise<boolean> {
  const checksum = checksumOf(snapshot);
  if (checksum === undefined) return false;
  const bytes = Buffer.from(JSON.stringify(checksum));
  return (await store.putIfAbsent(checksumPath(snapshot.version), bytes)).kind === "created";
}

/** As {@link writeChecksum}; a failure is passed over, since a version is complete without its checksum. */
export async function tryWriteChecksum(store: ObjectStore, snapshot: Snapshot): Promise<void> {
  try {
    await writeChecksum(store, snapshot);
  } catch {
    // The commit holds; readers do without.
  }
}

/** The fields of a snapshot's checksum, or `undefined` where one that is required is not known. */
export function checksumOf(snapshot: Snapshot): JsonObject | undefined {
  const { protocol, metadata, files, txns, domains, inCommitTimestampMs } = snapshot;
  if (hasInCommitTimestamps(protocol, metadata) && inCommitTimestampMs === undefined) {
    return undefined;
  }
  return {
    tableSizeBytes: files.sizeBytes,
    numFiles: files.fileCount,
    numMetadata: 1,
    numProtocol: 1,
    ...(inCommitTimestampMs === undefined ? {} : { inCommitTimestampOpt: inCommitTimestampMs }),
    ...(txns.size > MAX_LISTED_COUNT ? {} : { setTransactions: txnActionsOf(snapshot) }),
    ...(domains.size > MAX_LISTED_COUNT ? {} : { domainMetadata: [...domains.values()] }),
    metadata,
    protocol,
  };
}

/** A field in which a checksum and a snapshot differ. */
export interface ChecksumDifference {
  readonly field: string;
  readonly inChecksum: unknown;
  readonly inSnapshot: unknown;
}

export type ChecksumVerdict =
  /** There is no checksum of the version. */
  | { readonly kind: "absent" }
  | { readonly kind: "matches" }
  /** Either the checksum is wrong or the log has been changed: which one, it does not tell. */
  | { readonly kind: "differs"; readonly differences: readonly ChecksumDifference[] }
  /** The checksum itself cannot be read; `problem` says why. */
  | { readonly kind: "unreadable"; readonly problem: string };

/**
 * Compares a snapshot with the checksum of its version. Loading a table does not: a wrong checksum of another writer is
 * no reason to refuse a sound log.
 */
export async function verifySnapshot(
  store: ObjectStore,
  snapshot: Snapshot,
): Promise<ChecksumVerdict> {
  const bytes = await store.get(checksumPath(snapshot.version));
  if (bytes === undefined) return { kind: "absent" };
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    const differences = differencesOf(value, snapshot);
    return differences.length === 0 ? { kind: "matches" } : { kind: "differs", differences };
  } catch (error) {
    if (!(error instanceof FieldProblem) && !(error instanceof SyntaxError)) throw error;
    return { kind: "unreadable", problem: error.message };
  }
}

/**
 * As {@link verifySnapshot}.
 * @throws DeltaError `data_loss` naming the file and the fields where they differ.
 */
export async function assertChecksumMatches(store: ObjectStore, snapshot: Snapshot): Promise<void> {
  const verdict = await verifySnapshot(store, snapshot);
  if (verdict.kind === "absent" || verdict.kind === "matches") return;
  const file = checksumPath(snapshot.version);
  const problem =
    verdict.kind === "unreadable"
      ? `cannot be read: ${verdict.problem}`
      : `does not match the log in ${verdict.differences.map(({ field }) => field).join(", ")}`;
  throw new DeltaError("data_loss", `the checksum ${file} ${problem}`, {
    details: { file, ...verdict },
  });
}

function differencesOf(value: unknown, snapshot: Snapshot): readonly ChecksumDifference[] {
  const fields = new FieldReader("checksum", value);
  const { files, protocol, metadata } = snapshot;
  const compared: (readonly [string, unknown, unknown])[] = [
    ["tableSizeBytes", fields.integer("tableSizeBytes"), files.sizeBytes],
    ["numFiles", fields.integer("numFiles"), files.fileCount],
    ["numMetadata", fields.integer("numMetadata"), 1],
    ["numProtocol", fields.integer("numProtocol"), 1],
  ];
  const recorded = isJsonObject(value) ? value : {};
  compared.push(["metadata", parseMetadata(recorded["metadata"]), metadata]);
  compared.push([
    "protocol",
    comparableProtocol(recorded["protocol"]),
    comparableProtocol(protocol),
  ]);
  const timestamp = fields.optionalInteger("inCommitTimestampOpt");
  if (snapshot.inCommitTimestampMs !== undefined) {
    compared.push(["inCommitTimestampOpt", timestamp, snapshot.inCommitTimestampMs]);
  }
  return compared
    .filter(([, one, other]) => !isDeepStrictEqual(one, other))
    .map(([field, inChecksum, inSnapshot]) => ({ field, inChecksum, inSnapshot }));
}

/** The order of features means nothing. */
function comparableProtocol(value: unknown): object {
  const protocol = parseProtocol(value);
  return {
    ...protocol,
    readerFeatures: protocol.readerFeatures?.toSorted(),
    writerFeatures: protocol.writerFeatures?.toSorted(),
  };
}

function txnActionsOf({ txns }: Snapshot): readonly object[] {
  return [...txns].map(([appId, { version, lastUpdatedMs }]) => ({
    appId,
    version,
    ...(lastUpdatedMs === undefined ? {} : { lastUpdated: lastUpdatedMs }),
  }));
}
