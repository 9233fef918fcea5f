// SPDX-License-Identifier: Apache-2.0

/** A stored object as a look-up or a listing gives it. */
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

/** A finished object, as `AppendedFile` wants it. */
export interface FinishedDataFile {
  readonly sizeBytes: number;
  readonly modificationTimeMs: number;
}

/**
 * Writes one new object of any size, with memory bounded whatever its size. Nobody sees the object before
 * {@link ObjectWriter.finish} has put it in place whole; an object that is there already is never replaced.
 *
 * Calls are made one after the other, each when the one before has settled. After a rejected call only
 * {@link ObjectWriter.abort} makes sense.
 */
export interface ObjectWriter {
  /** The object's path, relative to the store's root. */
  readonly path: string;
  /** Bytes taken so far. */
  readonly sizeBytes: number;
  /**
   * Appends all of `bytes`. They may be changed when the promise is fulfilled, which may wait until earlier bytes have
   * been sent.
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Puts the object in place, durable. Only then may a commit name it. Rejected with `already_exists` if there is an
   * object by that name, and with `effect: "unknown"` where the object may be in place all the same.
   */
  finish(): Promise<FinishedDataFile>;
  /**
   * Gives up and removes what was written. Does nothing after a `finish` that succeeded, or a second time. What cannot
   * be removed stays out of sight and costs only room; it is never rejected.
   */
  abort(): Promise<void>;
}

/**
 * Where a table lives: named byte objects under one root. Paths are relative, with `/` between names, without `.` and
 * `..`. What a call has reported done survives a crash of the machine.
 *
 * Errors are `DeltaError`s: `invalid_argument` for a path that leaves the root, `not_found` for a bucket or a directory
 * to write into, `permission_denied`, `resource_exhausted` (no room, too many requests), `unsupported`, `unavailable`;
 * with `effect: "unknown"` where the write may have happened.
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
  /**
   * Every object below a directory, at any depth, in no particular order; `""` is the root. Objects that are made or
   * removed meanwhile may be given or not. Local stores also give the files of writes under way, and what a crash left
   * of them: their names begin with `.` and end with `.tmp`.
   */
  listAll(directory: string): AsyncIterable<ObjectEntry>;
  /** Makes the object whole or not at all; of two callers with one path exactly one gets `created`. */
  putIfAbsent(path: string, bytes: Uint8Array): Promise<PutIfAbsentResult>;
  /** Makes or replaces the object, whole or not at all. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes the object; no error if there is none. */
  delete(path: string): Promise<void>;
  /**
   * A writer of a new object, such as a data file; directories are made as needed. Nothing is done before its first
   * call, but a wrong path is refused at once.
   */
  createWriter(path: string): ObjectWriter;
  /** Makes sure that objects can be put into a directory. Does nothing where directories need not exist. */
  prepareDirectory(directory: string): Promise<void>;
}
