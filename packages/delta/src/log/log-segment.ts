// SPDX-License-Identifier: Apache-2.0
import type { CheckpointFile, CheckpointForm, CompactedFile, LogFile } from "./log-files.ts";

/** A checkpoint of which every file has been listed. */
export interface CheckpointFiles {
  readonly version: number;
  readonly form: CheckpointForm;
  /** Names in `_delta_log`: one, or the parts in their order. */
  readonly names: readonly string[];
}

/** Of several checkpoints of one version the cheapest to read first; all of them hold the same. */
const FORM_ORDER: Readonly<Record<CheckpointForm, number>> = { uuid: 0, classic: 1, multiPart: 2 };

/**
 * The complete checkpoints among some files of a log, the newest first. A multi-part checkpoint with missing parts
 * counts for nothing, as the protocol asks.
 * @param maxVersion none after this version.
 */
export function completeCheckpoints(
  files: readonly LogFile[],
  maxVersion: number,
): readonly CheckpointFiles[] {
  const groups = new Map<string, CheckpointFile[]>();
  for (const file of files) {
    if (file.kind !== "checkpoint" || file.version > maxVersion) continue;
    const { version, form, name, partCount } = file;
    const key = form === "multiPart" ? `${version} ${partCount}` : name;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  const complete: CheckpointFiles[] = [];
  for (const group of groups.values()) {
    const { version, form, partCount = 1 } = group[0] as CheckpointFile;
    const parts = group.toSorted((one, other) => (one.part ?? 1) - (other.part ?? 1));
    const isComplete =
      parts.length === partCount && parts.every(({ part = 1 }, index) => part === index + 1);
    if (isComplete) complete.push({ version, form, names: parts.map(({ name }) => name) });
  }
  return complete.toSorted(
    (one, other) => other.version - one.version || FORM_ORDER[one.form] - FORM_ORDER[other.form],
  );
}

/** A commit to read, or several as the one file that they were made. */
export type SegmentPiece =
  | { readonly kind: "commit"; readonly version: number }
  | { readonly kind: "compacted"; readonly file: CompactedFile };

/**
 * What to read for the versions from `firstVersion` to `lastVersion`: compacted files that lie within them where there
 * are any, the longest first, commits for the rest.
 */
export function segmentPieces(
  compacted: readonly CompactedFile[],
  firstVersion: number,
  lastVersion: number,
): readonly SegmentPiece[] {
  const longestFrom = new Map<number, CompactedFile>();
  for (const file of compacted) {
    if (file.endVersion > lastVersion || file.endVersion <= file.version) continue;
    const known = longestFrom.get(file.version);
    if (known === undefined || known.endVersion < file.endVersion) {
      longestFrom.set(file.version, file);
    }
  }
  const pieces: SegmentPiece[] = [];
  for (let version = firstVersion; version <= lastVersion; ) {
    const file = longestFrom.get(version);
    pieces.push(file === undefined ? { kind: "commit", version } : { kind: "compacted", file });
    version = (file?.endVersion ?? version) + 1;
  }
  return pieces;
}

/** The newest version that some files of a log speak of, or `undefined` for none. */
export function newestVersionOf(files: readonly LogFile[]): number | undefined {
  let newest: number | undefined;
  for (const file of files) {
    if (file.kind === "checksum") continue;
    const version = file.kind === "compacted" ? file.endVersion : file.version;
    if (newest === undefined || version > newest) newest = version;
  }
  return newest;
}
