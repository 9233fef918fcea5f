// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { LOG_DIRECTORY, type LogFile, paddedVersion, parseLogFileName } from "./log-files.ts";
import { completeCheckpoints } from "./log-segment.ts";

/**
 * The files of the log that are known by their names, in the order of their names.
 * @param firstVersion only files of this version and later; compacted files count by their first version.
 */
export async function listLog(
  store: ObjectStore,
  firstVersion: number = 0,
): Promise<readonly LogFile[]> {
  const options = firstVersion === 0 ? {} : { startAfter: paddedVersion(firstVersion) };
  const names = await store.list(LOG_DIRECTORY, options);
  return names.map(parseLogFileName).filter((file) => file !== undefined);
}

/** The earliest version that can still be read, given the whole listing of a log; `undefined` for an empty one. */
export function earliestVersionOf(files: readonly LogFile[]): number | undefined {
  const startsAtZero = files.some(
    ({ kind, version }) => version === 0 && (kind === "commit" || kind === "compacted"),
  );
  return startsAtZero ? 0 : completeCheckpoints(files, Number.MAX_SAFE_INTEGER).at(-1)?.version;
}

export function noTable(location: string): DeltaError {
  return new DeltaError("not_found", `there is no Delta table in ${location}`, {
    details: { location },
  });
}
