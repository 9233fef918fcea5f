// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { checkStorePath } from "../store/store-path.ts";

/** Encodes a data file's relative path as the URI that `add.path` holds; `/` between names stays. */
export function encodeDataPath(path: string): string {
  return path.split("/").map(encodeName).join("/");
}

/**
 * The path that `add.path` or `remove.path` names. It may be absolute (a shallow clone names files of its source so).
 * @throws DeltaError `data_loss` if the percent encoding is broken.
 */
export function decodeDataPath(uri: string): string {
  if (!uri.includes("%")) return uri;
  try {
    return decodeURIComponent(uri);
  } catch (cause) {
    throw new DeltaError(
      "data_loss",
      `the log names the file ${JSON.stringify(uri)}, whose percent encoding is broken`,
      { cause, details: { path: uri } },
    );
  }
}

/**
 * Checks that a data file's decoded path can be read from the table's own store.
 * @throws DeltaError `unsupported` for a file outside the table (absolute path or URI), `data_loss` for a path that
 *   tries to leave the table.
 */
export function checkDataPath(path: string): void {
  if (path.startsWith("/") || /^[A-Za-z][A-Za-z0-9+.-]*:\//.test(path)) {
    throw new DeltaError(
      "unsupported",
      `the table refers to ${JSON.stringify(path)}, a file outside the table (a shallow clone?), which is not supported`,
      { details: { path } },
    );
  }
  try {
    checkStorePath(path);
  } catch (cause) {
    throw new DeltaError(
      "data_loss",
      `the log names the file ${JSON.stringify(path)}, which does not lie in the table`,
      { cause, details: { path } },
    );
  }
}

/** Characters that `encodeURIComponent` encodes though a path may hold them as they are (RFC 2396, `pchar`). */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll("%3D", "=").replaceAll("%40", "@");
}
