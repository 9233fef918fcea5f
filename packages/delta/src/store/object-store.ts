// SPDX-License-Identifier: Apache-2.0

/** A stored object as a listing gives it. */
export interface ObjectEntry {
  /** Relative to the store's root, with `/` between names. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

/** Whether the object was made, or there was one by that name already (which is then left as it is). */
export type PutIfAbsentResult = { readonly kind: "created" } | { readonly kind: "exists" };

export interface ListOptions {
  /** Only names that sort after this one; UTF-16 code unit order. */
  readonly startAfter?: string;
}

/**
 * Where a table lives: named byte objects under one root. Paths are relative, with `/` between names, without `.` and
 * `..`. What a call has reported done survives a crash of the machine.
 *
 * Errors are `DeltaError`s: `invalid_argument` for a path that leaves the root, `permission_denied`,
 * `resource_exhausted` (no room), `unavailable`; with `effect: "unknown"` where the write may have happened.
 */
export interface ObjectStore {
  /** The root as a user would write it, for messages. */
  readonly location: string;
  /** The whole object, or `undefined` if there is none. */
  get(path: string): Promise<Uint8Array | undefined>;
  /** The bytes from `start` up to `end` (exclusive), or `undefined` if there is no such object. */
  getRange(path: string, start: number, end: number): Promise<Uint8Array | undefined>;
  /** Size and time of an object, or `undefined` if there is none. */
  head(path: string): Promise<ObjectEntry | undefined>;
  /** The names directly inside a directory, sorted; empty if there is no such directory. */
  list(directory: string, options?: ListOptions): Promise<readonly string[]>;
  /** Makes the object whole or not at all; of two callers with one path exactly one gets `created`. */
  putIfAbsent(path: string, bytes: Uint8Array): Promise<PutIfAbsentResult>;
  /** Makes or replaces the object, whole or not at all. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes the object; no error if there is none. */
  delete(path: string): Promise<void>;
  /** Makes sure that objects can be put into a directory. Does nothing where directories need not exist. */
  prepareDirectory(directory: string): Promise<void>;
}
