// SPDX-License-Identifier: Apache-2.0
import path from "node:path";
import { DeltaError } from "../delta-error.ts";
import { checkDataPath } from "../log/data-path.ts";
import { LocalStore } from "../store/local-store.ts";
import type { ObjectStore } from "../store/object-store.ts";

/**
 * Where a file is that the log names by a decoded path.
 * @throws DeltaError `unsupported` for a file outside of the table that may not be read, `data_loss` for a path that
 *   tries to leave the table.
 */
export type DataFileLocator = (dataPath: string) => {
  readonly store: ObjectStore;
  readonly path: string;
};

/**
 * Finds files in a table's own store, and those with absolute local paths in directories that may be read.
 * @param externalDirectories absolute; see `ScanOptions.externalDirectories`.
 */
export function dataFileLocatorOf(
  store: ObjectStore,
  externalDirectories: readonly string[],
): DataFileLocator {
  const roots = externalDirectories.map((directory) => {
    if (path.isAbsolute(directory)) return new LocalStore(directory);
    throw new DeltaError(
      "invalid_argument",
      `externalDirectories has ${JSON.stringify(directory)}; it must hold absolute paths`,
    );
  });
  return (dataPath) => {
    const prefix = `${store.location}/`;
    if (dataPath.startsWith(prefix)) {
      checkDataPath(dataPath.slice(prefix.length));
      return { store, path: dataPath.slice(prefix.length) };
    }
    const absolute = localPathOf(dataPath);
    if (absolute !== undefined) {
      const own = store instanceof LocalStore ? [store] : [];
      for (const root of [...own, ...roots]) {
        const relative = path.relative(root.location, absolute);
        if (relative !== "" && !path.isAbsolute(relative) && relative.split(path.sep)[0] !== "..") {
          return { store: root, path: relative.split(path.sep).join("/") };
        }
      }
    }
    checkDataPath(dataPath);
    return { store, path: dataPath };
  };
}

/** The local path that an absolute path or a `file:` URI stands for. The percent encoding has been taken off already. */
function localPathOf(dataPath: string): string | undefined {
  const local = /^file:(?:\/\/(?:localhost)?)?(\/.*)$/is.exec(dataPath)?.[1] ?? dataPath;
  return path.isAbsolute(local) ? path.resolve(local) : undefined;
}
