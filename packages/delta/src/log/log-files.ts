// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";

export const LOG_DIRECTORY = "_delta_log";

/**
 * The files of `_delta_log` by their names; `v` is a version of 20 digits:
 *
 *     v.json                              commit
 *     v.checkpoint.parquet                checkpoint, classic
 *     v.checkpoint.n.m.parquet            checkpoint, part n of m (10 digits each)
 *     v.checkpoint.uuid.(json|parquet)    checkpoint, v2
 *
 * Everything else there (checksums, compacted commits, `_last_checkpoint`, files under way) is not needed to read a
 * table and is passed over.
 */
export type LogFile =
  | { readonly kind: "commit"; readonly version: number; readonly name: string }
  | {
      readonly kind: "checkpoint";
      readonly form: CheckpointForm;
      readonly version: number;
      readonly name: string;
    };

export type CheckpointForm = "classic" | "multiPart" | "uuid";

/** The path of a version's commit file within the table. */
export function commitPath(version: number): string {
  return `${LOG_DIRECTORY}/${commitName(version)}`;
}

export function commitName(version: number): string {
  return `${paddedVersion(version)}.json`;
}

/** A version as log file names have it. */
export function paddedVersion(version: number): string {
  return String(version).padStart(20, "0");
}

/** The file that a name in `_delta_log` stands for, or `undefined` if it is none that matters for reading. */
export function parseLogFileName(name: string): LogFile | undefined {
  const match =
    /^(\d{20})\.(?:(json)|checkpoint\.(?:(parquet)|(\d{10}\.\d{10}\.parquet)|([0-9a-fA-F-]{36}\.(?:json|parquet))))$/.exec(
      name,
    );
  if (match === null) return undefined;
  const version = Number(match[1]);
  if (!Number.isSafeInteger(version)) {
    throw new DeltaError("unsupported", `the log file ${name} has a version above 2^53`, {
      details: { file: name },
    });
  }
  if (match[2] !== undefined) return { kind: "commit", version, name };
  const form = match[3] !== undefined ? "classic" : match[4] !== undefined ? "multiPart" : "uuid";
  return { kind: "checkpoint", form, version, name };
}
