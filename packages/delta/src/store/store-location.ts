// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DeltaError } from "../delta-error.ts";
import { checkStorePath } from "./store-path.ts";

/** A directory of a bucket or container. */
export interface BucketLocation {
  readonly bucket: string;
  /** Before each key: "" or with `/` at its end. */
  readonly keyPrefix: string;
  /** As a user would write it. */
  readonly text: string;
}

export interface AzureLocation extends BucketLocation {
  /** Host of the account, where the location names one. */
  readonly host?: string;
}

export type StoreLocation =
  | { readonly kind: "local"; readonly root: string }
  | { readonly kind: "s3"; readonly location: BucketLocation }
  | { readonly kind: "azure"; readonly location: AzureLocation }
  | { readonly kind: "gcs"; readonly location: BucketLocation };

/**
 * Reads a table's location: a path of the local file system, `file://`, `s3://bucket/path` (also `s3a`),
 * `abfss://container@account.dfs.core.windows.net/path`, `az://container/path`, `gs://bucket/path`. But for `file://`,
 * names are taken as they are: `%` is not decoded.
 * @throws DeltaError `invalid_argument` naming the location and what is wrong with it.
 */
export function parseStoreLocation(text: string): StoreLocation {
  const match = /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]+):\/\/(?<authority>[^/]*)(?<path>.*)$/su.exec(
    text,
  );
  if (match?.groups === undefined) return { kind: "local", root: text };
  const { scheme = "", authority = "", path = "" } = match.groups;
  switch (scheme.toLowerCase()) {
    case "file":
      return { kind: "local", root: fileRoot(text) };
    case "s3":
    case "s3a":
      return { kind: "s3", location: bucketLocation(text, "s3", authority, path) };
    case "gs":
      return { kind: "gcs", location: bucketLocation(text, "gs", authority, path) };
    case "az":
      return { kind: "azure", location: bucketLocation(text, "az", authority, path) };
    case "abfss":
    case "abfs":
      return { kind: "azure", location: abfsLocation(text, scheme, authority, path) };
    default:
      throw wrong(
        text,
        `has the scheme ${JSON.stringify(scheme)}; known are file, s3, s3a, abfss, az and gs`,
      );
  }
}

/**
 * The directory that a location of the local file system names.
 * @throws DeltaError `invalid_argument` for another store's location, and for a text that names no directory.
 */
export function localRootOf(text: string): string {
  const parsed = parseStoreLocation(text);
  if (parsed.kind !== "local") {
    throw wrong(text, "is not in the local file system; open it with `openStore`");
  }
  if (parsed.root === "" || parsed.root.includes("\0")) throw wrong(text, "names no directory");
  return resolve(parsed.root);
}

function fileRoot(text: string): string {
  try {
    return fileURLToPath(text);
  } catch (cause) {
    throw wrong(text, `is no file URL: ${cause instanceof Error ? cause.message : ""}`, cause);
  }
}

function bucketLocation(
  text: string,
  scheme: string,
  bucket: string,
  path: string,
): BucketLocation {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(bucket)) {
    throw wrong(text, `has ${JSON.stringify(bucket)} where a bucket's or container's name must be`);
  }
  const directory = path.replace(/^\//, "").replace(/\/$/, "");
  if (directory !== "") checkStorePath(directory);
  return {
    bucket,
    keyPrefix: directory === "" ? "" : `${directory}/`,
    text: `${scheme}://${bucket}${directory === "" ? "" : `/${directory}`}`,
  };
}

function abfsLocation(
  text: string,
  scheme: string,
  authority: string,
  path: string,
): AzureLocation {
  const [container = "", host = "", ...more] = authority.split("@");
  if (more.length > 0 || !/^[a-z0-9][a-z0-9.-]*$/.test(host)) {
    throw wrong(
      text,
      "must name container and account, as in abfss://container@account.dfs.core.windows.net/path",
    );
  }
  const { bucket, keyPrefix } = bucketLocation(text, scheme, container, path);
  return {
    bucket,
    keyPrefix,
    // Both hosts are the same account's; blobs are served by the other one.
    host: host.replace(".dfs.", ".blob."),
    text: `${scheme}://${authority}/${keyPrefix.slice(0, -1)}`,
  };
}

function wrong(text: string, problem: string, cause?: unknown): DeltaError {
  return new DeltaError("invalid_argument", `the location ${JSON.stringify(text)} ${problem}`, {
    cause,
    details: { location: text },
  });
}
