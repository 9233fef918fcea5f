// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import type { ObjectStore } from "../store/object-store.ts";
import { isJsonObject, type JsonObject } from "./json-fields.ts";
import { LAST_CHECKPOINT_PATH } from "./log-files.ts";

/**
 * Where `_last_checkpoint` says that the newest checkpoint is. A hint: it may be old, or of a table that was here
 * before.
 */
export interface LastCheckpoint {
  readonly version: number;
  /** Actions in the checkpoint. */
  readonly size?: number;
  /** Of a multi-part checkpoint. */
  readonly parts?: number;
}

/** The hint, or `undefined` if there is none, or one that contradicts itself or its checksum. */
export async function readLastCheckpoint(store: ObjectStore): Promise<LastCheckpoint | undefined> {
  const bytes = await store.get(LAST_CHECKPOINT_PATH);
  if (bytes === undefined) return undefined;
  try {
    return parseLastCheckpoint(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** @throws SyntaxError for text that is no JSON. */
export function parseLastCheckpoint(text: string): LastCheckpoint | undefined {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) return undefined;
  const { version, size, parts, checksum } = value;
  if (!isCount(version)) return undefined;
  // A number that JavaScript rounds makes another text than the writer's, so only exact ones can be checked.
  const isCheckable = !/\d{16}/.test(text);
  if (typeof checksum === "string" && isCheckable && checksum !== jsonChecksum(value)) {
    return undefined;
  }
  return {
    version,
    ...(isCount(size) ? { size } : {}),
    ...(isCount(parts) ? { parts } : {}),
  };
}

/** The text of `_last_checkpoint`, with its checksum. */
export function printLastCheckpoint(fields: JsonObject): string {
  return JSON.stringify({ ...fields, checksum: jsonChecksum(fields) });
}

/** MD5 of the canonical form ("JSON checksum" of the protocol), in hexadecimal. */
export function jsonChecksum(value: JsonObject): string {
  return createHash("md5").update(canonicalJson(value)).digest("hex");
}

/**
 * The canonical form of an object: its leaves, each with the way to it, in the order of the ways' bytes. The key
 * `checksum` at the top is left out.
 */
export function canonicalJson(value: JsonObject): string {
  const leaves: { readonly path: string; readonly value: string }[] = [];
  for (const [key, item] of Object.entries(value)) {
    if (key !== "checksum") collectLeaves(quoted(key), item, leaves);
  }
  // All characters are ASCII, whose order is that of the bytes.
  leaves.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
  return leaves.map((leaf) => `${leaf.path}=${leaf.value}`).join(",");
}

function collectLeaves(
  path: string,
  value: unknown,
  leaves: { readonly path: string; readonly value: string }[],
): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collectLeaves(`${path}+${index}`, item, leaves);
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      collectLeaves(`${path}+${quoted(key)}`, item, leaves);
    }
  } else {
    leaves.push({ path, value: typeof value === "string" ? quoted(value) : String(value) });
  }
}

function quoted(text: string): string {
  const encoded = encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `"${encoded}"`;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
