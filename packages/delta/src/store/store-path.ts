// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";

/**
 * Checks a path inside a store: relative, `/` between names, no empty name, no `.` or `..`, no NUL and no backslash
 * (a separator on some systems).
 * @throws DeltaError `invalid_argument` naming the path and the rule.
 */
export function checkStorePath(path: string): void {
  const problem = problemOf(path);
  if (problem !== undefined) {
    throw new DeltaError(
      "invalid_argument",
      `the path ${JSON.stringify(path)} ${problem}; a path inside a table is relative and stays below its root`,
      { details: { path } },
    );
  }
}

/** Whether {@link checkStorePath} takes a path. */
export function isStorePath(path: string): boolean {
  return problemOf(path) === undefined;
}

function problemOf(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.includes("\0")) return "holds a NUL character";
  if (path.includes("\\")) return "holds a backslash";
  if (path.startsWith("/")) return "is absolute";
  for (const name of path.split("/")) {
    if (name === "") return "has an empty name in it";
    if (name === "." || name === "..") return `has ${JSON.stringify(name)} in it`;
  }
  return undefined;
}

/** The directory of a path, "" for the root. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}
