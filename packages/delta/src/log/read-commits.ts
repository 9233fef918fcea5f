// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { CommitInfoAction } from "./actions.ts";
import { type Commit, digestOfCommit, parseCommit, parseCompacted } from "./commit-codec.ts";
import { isJsonObject } from "./json-fields.ts";
import { commitPath, LOG_DIRECTORY } from "./log-files.ts";
import type { SegmentPiece } from "./log-segment.ts";
import { missingCommit } from "./snapshot.ts";

/** Files that are fetched at once, as long as they are small. */
const READ_CONCURRENCY = 16;
const MAX_BYTES_AHEAD = 64 << 20;

/** One commit, or `undefined` if there is no such version (yet, or any more). */
export async function readCommit(store: ObjectStore, version: number): Promise<Commit | undefined> {
  const bytes = await store.get(commitPath(version));
  return bytes === undefined ? undefined : parseCommit(version, bytes);
}

/** What a commit file says about itself. */
export interface CommitHead {
  readonly digest: string;
  readonly commitInfo: CommitInfoAction | undefined;
}

/** The head of a commit, or `undefined` if there is no such file; the rest of it is not looked at. */
export async function readCommitHead(
  store: ObjectStore,
  version: number,
): Promise<CommitHead | undefined> {
  const bytes = await store.get(commitPath(version));
  return bytes === undefined
    ? undefined
    : { digest: digestOfCommit(bytes), commitInfo: commitInfoOf(bytes) };
}

/**
 * Reads pieces of a log in their order, some ahead. A compacted file that is damaged or gone is replaced by the commits
 * it was made of.
 * @throws DeltaError while iterating: `data_loss` naming the file that is damaged, or the version that is missing.
 */
export async function* readPieces(
  store: ObjectStore,
  pieces: readonly SegmentPiece[],
): AsyncGenerator<Commit, void, undefined> {
  const ahead: Promise<Fetched>[] = [];
  let next = 0;
  let largestBytes = 1;
  try {
    for (let index = 0; index < pieces.length; index += 1) {
      const limit = Math.max(1, Math.floor(MAX_BYTES_AHEAD / largestBytes));
      while (next < pieces.length && ahead.length < Math.min(limit, READ_CONCURRENCY)) {
        ahead.push(fetchPiece(store, pieces[next] as SegmentPiece));
        next += 1;
      }
      const fetched = await (ahead.shift() as Promise<Fetched>);
      if (fetched.kind === "failed") throw fetched.error;
      largestBytes = Math.max(largestBytes, fetched.bytes?.length ?? 0);
      yield* parsePiece(
        store,
        pieces[index] as SegmentPiece,
        fetched.bytes,
        index + 1 === pieces.length,
      );
    }
  } finally {
    await Promise.all(ahead);
  }
}

/** Never rejected: a fetch may fail while an earlier one is looked at. */
type Fetched =
  | { readonly kind: "fetched"; readonly bytes: Uint8Array | undefined }
  | { readonly kind: "failed"; readonly error: unknown };

async function fetchPiece(store: ObjectStore, piece: SegmentPiece): Promise<Fetched> {
  const path =
    piece.kind === "commit" ? commitPath(piece.version) : `${LOG_DIRECTORY}/${piece.file.name}`;
  try {
    return { kind: "fetched", bytes: await store.get(path) };
  } catch (error) {
    return { kind: "failed", error };
  }
}

async function* parsePiece(
  store: ObjectStore,
  piece: SegmentPiece,
  bytes: Uint8Array | undefined,
  isLast: boolean,
): AsyncGenerator<Commit, void, undefined> {
  if (piece.kind === "commit") {
    if (bytes === undefined) throw missingCommit(piece.version);
    yield parseCommit(piece.version, bytes, isLast);
    return;
  }
  const { file } = piece;
  let damage: unknown;
  if (bytes !== undefined) {
    try {
      yield parseCompacted(file, bytes);
      return;
    } catch (error) {
      if (!(error instanceof DeltaError) || error.code !== "data_loss") throw error;
      damage = error;
    }
  }
  for (let { version } = file; version <= file.endVersion; version += 1) {
    const commit = await readCommit(store, version);
    if (commit === undefined) throw damage ?? missingCommit(version);
    yield commit;
  }
}

const NEWLINE = 0x0a;
/** Where commits carry a timestamp the info comes first; else any of the first lines. */
const MAX_LINES = 8;

function commitInfoOf(bytes: Uint8Array): CommitInfoAction | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  for (let line = 0; line < MAX_LINES && start < buffer.length; line += 1) {
    const newline = buffer.indexOf(NEWLINE, start);
    const end = newline === -1 ? buffer.length : newline;
    try {
      const value: unknown = JSON.parse(buffer.toString("utf8", start, end));
      if (isJsonObject(value) && isJsonObject(value["commitInfo"])) return value["commitInfo"];
    } catch {
      // The line is not needed here; whoever needs it reports the damage.
    }
    start = end + 1;
  }
  return undefined;
}
