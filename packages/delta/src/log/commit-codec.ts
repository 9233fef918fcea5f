// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { DeltaError } from "../delta-error.ts";
import {
  type Action,
  type AddAction,
  type CommitInfoAction,
  type DeletionVectorDescriptor,
  deletionVectorIdOf,
  type DomainMetadataAction,
  type MetadataAction,
  type ProtocolAction,
  type RemoveAction,
  type TxnAction,
} from "./actions.ts";
import { FieldProblem, isJsonObject, type JsonObject } from "./json-fields.ts";
import { type CompactedFile, commitName } from "./log-files.ts";
import {
  parseAdd,
  parseDomainMetadata,
  parseMetadata,
  parseProtocol,
  parseRemove,
  parseTxn,
} from "./parse-actions.ts";

/**
 * A commit file, `_delta_log/<version>.json`, in UTF-8:
 *
 *     file := line*          line := object "\n"          (the last "\n" may be missing)
 *
 * Each object has one key that names an action, and the action as its value. Unknown actions and fields are ignored.
 */

/** The actions of one version, or of several that were made one, sorted by kind. */
export interface Commit {
  /** The last of its versions. */
  readonly version: number;
  /** The first of its versions, where it is compacted from several. */
  readonly startVersion?: number;
  /** See {@link digestOfCommit}; `undefined` where it was not asked for. */
  readonly digest: string | undefined;
  readonly commitInfo: CommitInfoAction | undefined;
  readonly protocol: ProtocolAction | undefined;
  readonly metaData: MetadataAction | undefined;
  readonly txns: readonly TxnAction[];
  readonly domainMetadata: readonly DomainMetadataAction[];
  readonly adds: readonly AddAction[];
  readonly removes: readonly RemoveAction[];
}

export function encodeCommit(actions: readonly Action[]): Uint8Array {
  return Buffer.from(actions.map((action) => `${JSON.stringify(action)}\n`).join(""));
}

/** Tells a commit file from another one by its bytes, whatever has become of the file's times by copying it. */
export function digestOfCommit(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}

/**
 * Reads a commit file strictly.
 * @param isLast whether its digest is needed, which is so for the last commit of a snapshot.
 * @throws DeltaError `data_loss` naming the file and the line, for anything that no valid commit holds.
 */
export function parseCommit(version: number, bytes: Uint8Array, isLast: boolean = true): Commit {
  const builder = new CommitBuilder();
  readActions(commitName(version), bytes, (line) => builder.addLine(line));
  return builder.build(version, isLast ? digestOfCommit(bytes) : undefined);
}

/**
 * Reads a file of several commits made one.
 * @throws DeltaError as {@link parseCommit}.
 */
export function parseCompacted(
  { name, version, endVersion }: CompactedFile,
  bytes: Uint8Array,
): Commit {
  const builder = new CommitBuilder();
  readActions(name, bytes, (line) => builder.addLine(line));
  return { ...builder.build(endVersion, undefined), startVersion: version, commitInfo: undefined };
}

/**
 * Reads a file of actions, a JSON object a line.
 * @param file its name, for errors.
 * @throws DeltaError `data_loss` naming the file and the line; also where `addLine` throws a `FieldProblem`.
 */
export function readActions(
  file: string,
  bytes: Uint8Array,
  addLine: (line: JsonObject) => void,
): void {
  if (!isUtf8(bytes)) throw damaged(file, "is not valid UTF-8");
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let line = 0;
  let actionCount = 0;
  for (let start = 0; start < buffer.length; ) {
    const newline = buffer.indexOf(0x0a, start);
    const end = newline === -1 ? buffer.length : newline;
    line += 1;
    const text = buffer.toString("utf8", start, end);
    start = end + 1;
    if (text.trim() === "") continue;
    actionCount += 1;
    try {
      addLine(parseLine(text));
    } catch (cause) {
      if (!(cause instanceof FieldProblem)) throw cause;
      throw damaged(file, cause.message, line, cause);
    }
  }
  if (actionCount === 0) throw damaged(file, "is empty");
}

function parseLine(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FieldProblem(`the line is not valid JSON (${reason})`);
  }
  if (!isJsonObject(value)) throw new FieldProblem("the line is not a JSON object");
  return value;
}

/** Collects the actions of a commit and refuses what a commit must not hold twice. */
class CommitBuilder {
  #commitInfo: CommitInfoAction | undefined;
  #protocol: ProtocolAction | undefined;
  #metaData: MetadataAction | undefined;
  readonly #txns = new Map<string, TxnAction>();
  readonly #domains = new Map<string, DomainMetadataAction>();
  readonly #adds = new Map<string, AddAction>();
  readonly #removes = new Map<string, RemoveAction>();

  addLine(line: JsonObject): void {
    for (const [kind, value] of Object.entries(line)) {
      if (value !== null) this.#addAction(kind, value);
    }
  }

  build(version: number, digest: string | undefined): Commit {
    return {
      version,
      digest,
      commitInfo: this.#commitInfo,
      protocol: this.#protocol,
      metaData: this.#metaData,
      txns: [...this.#txns.values()],
      domainMetadata: [...this.#domains.values()],
      adds: [...this.#adds.values()],
      removes: [...this.#removes.values()],
    };
  }

  #addAction(kind: string, value: unknown): void {
    switch (kind) {
      case "add": {
        const add = parseAdd(value);
        return putOnce(this.#adds, fileKeyOf(add), add, "add of the path");
      }
      case "remove": {
        const remove = parseRemove(value);
        return putOnce(this.#removes, fileKeyOf(remove), remove, "remove of the path");
      }
      case "txn": {
        const txn = parseTxn(value);
        return putOnce(this.#txns, txn.appId, txn, "txn of the appId");
      }
      case "domainMetadata": {
        const domain = parseDomainMetadata(value);
        return putOnce(this.#domains, domain.domain, domain, "domainMetadata of the domain");
      }
      case "protocol":
        if (this.#protocol !== undefined) throw new FieldProblem("a second protocol action");
        this.#protocol = parseProtocol(value);
        return;
      case "metaData":
        if (this.#metaData !== undefined) throw new FieldProblem("a second metaData action");
        this.#metaData = parseMetadata(value);
        return;
      case "commitInfo":
        if (isJsonObject(value)) this.#commitInfo = value;
        return;
      default:
        return;
    }
  }
}

/** A path, alone or with a deletion vector: what two file actions of one kind must not share. */
function fileKeyOf(action: {
  readonly path: string;
  readonly deletionVector?: DeletionVectorDescriptor;
}): string {
  const { path, deletionVector } = action;
  return deletionVector === undefined ? path : `${path} ${deletionVectorIdOf(deletionVector)}`;
}

function putOnce<T>(map: Map<string, T>, key: string, action: T, what: string): void {
  if (map.has(key)) throw new FieldProblem(`a second ${what} ${JSON.stringify(key)}`);
  map.set(key, action);
}

function damaged(file: string, problem: string, line?: number, cause?: unknown): DeltaError {
  const place = line === undefined ? `the log file ${file}` : `the log file ${file}, line ${line}`;
  return new DeltaError("data_loss", `${place}: ${problem}`, {
    details: { file, ...(line === undefined ? {} : { line }) },
    cause,
  });
}
