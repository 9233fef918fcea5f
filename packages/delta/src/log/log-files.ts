// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";

export const LOG_DIRECTORY = "_delta_log";
export const SIDECAR_DIRECTORY: string = `${LOG_DIRECTORY}/_sidecars`;
export const LAST_CHECKPOINT_PATH: string = `${LOG_DIRECTORY}/_last_checkpoint`;

/**
 * The files of `_delta_log` by their names; `v` is a version of 20 digits:
 *
 *     v.json                              commit
 *     v.w.compacted.json                  the commits from v to w as one
 *     v.checkpoint.parquet                checkpoint, classic
 *     v.checkpoint.n.m.parquet            checkpoint, part n of m (10 digits each)
 *     v.checkpoint.uuid.(json|parquet)    checkpoint, v2
 *     v.crc                               checksum of a version
 *
 * Everything else there (`_last_checkpoint`, files under way) is passed over.
 */
export type LogFile =
  | { readonly kind: "commit"; readonly version: number; readonly name: string }
  | { readonly kind: "checksum"; readonly version: number; readonly name: string }
  | CompactedFile
  | CheckpointFile;

export interface CompactedFile {
  readonly kind: "compacted";
  /** The first of its versions. */
  readonly version: number;
  readonly endVersion: number;
  readonly name: string;
}

export interface CheckpointFile {
  readonly kind: "checkpoint";
  readonly form: CheckpointForm;
  readonly version: number;
  readonly name: string;
  /** Of a multi-part checkpoint: which part it is, from 1, of how many. */
  readonly part?: number;
  readonly partCount?: number;
}

export type CheckpointForm = "classic" | "multiPart" | "uuid";

/** The path of a version's commit file within the table. */
export function commitPath(version: number): string {
  return `${LOG_DIRECTORY}/${commitName(version)}`;
}

export function commitName(version: number): string {
  return `${paddedVersion(version)}.json`;
}

export function checksumPath(version: number): string {
  return `${LOG_DIRECTORY}/${paddedVersion(version)}.crc`;
}

/** A version as log file names have it. */
export function paddedVersion(version: number): string {
  return String(version).padStart(20, "0");
}

const PATTERN =
  /^(\d{20})\.(?:(json|crc)|(\d{20})\.compacted\.json|checkpoint\.(?:(parquet)|(\d{10})\.(\d{10})\.parquet|([0-9a-fA-F-]{36}\.(?:json|parquet))))$/;

/**
 * The file that a name in `_delta_log` stands for, or `undefined` if it is none of them.
 * @throws DeltaError `unsupported` for a version above 2^53.
 */
export function parseLogFileName(name: string): LogFile | undefined {
  const match = PATTERN.exec(name);
  if (match === null) return undefined;
  const [, start = "", single, end, classic, part, partCount] = match;
  const version = versionOf(start, name);
  if (single !== undefined) {
    return { kind: single === "json" ? "commit" : "checksum", version, name };
  }
  if (end !== undefined) {
    return { kind: "compacted", version, endVersion: versionOf(end, name), name };
  }
  if (classic !== undefined) return { kind: "checkpoint", form: "classic", version, name };
  if (part === undefined) return { kind: "checkpoint", form: "uuid", version, name };
  return {
    kind: "checkpoint",
    form: "multiPart",
    version,
    name,
    part: Number(part),
    partCount: Number(partCount),
  };
}

function versionOf(digits: string, name: string): number {
  const version = Number(digits);
  if (Number.isSafeInteger(version)) return version;
  throw new DeltaError("unsupported", `the log file ${name} has a version above 2^53`, {
    details: { file: name },
  });
}
