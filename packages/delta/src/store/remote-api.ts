// SPDX-License-Identifier: Apache-2.0
import type { RemoteFailure } from "./remote-failure.ts";

/** An object as the service of an object store tells of it. */
export interface RemoteObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

/** A look-up also gives the write's own id, if the object was written by this library. */
export interface RemoteHead extends RemoteObject {
  readonly writeId: string | undefined;
}

export interface RemotePage {
  readonly objects: readonly RemoteObject[];
  /** What the keys have in common up to the next `/`, with it; only where `isDelimited`. */
  readonly prefixes: readonly string[];
  /** Asks for the next page; absent on the last. */
  readonly nextToken?: string;
}

export interface PageRequest {
  readonly prefix: string;
  /** Whether keys with a `/` behind the prefix are folded. */
  readonly isDelimited: boolean;
  /** Only keys after this one, by their UTF-8 bytes; may be ignored. */
  readonly startAfter?: string;
  readonly token?: string;
  /** Keys and prefixes of one page. @default the most that the service gives */
  readonly pageSize?: number;
}

export interface PutCondition {
  /** Stored with the object, so that a later look-up tells whose write it was. */
  readonly writeId: string;
  /** Fails with `exists` where there is an object. */
  readonly onlyIfAbsent: boolean;
}

/** One upload in parts, seen by nobody before it is completed. Parts may be sent again. */
export interface RemoteUpload {
  /** The bytes stay as they are until the promise settles; those of the last part until `complete` settles. */
  putPart(part: UploadPart, signal: AbortSignal): Promise<void>;
  /** Puts the object in place if there is none. */
  complete(signal: AbortSignal): Promise<void>;
  /** Removes the parts, where the service can. */
  abort(signal: AbortSignal): Promise<void>;
}

export interface UploadPart {
  readonly index: number;
  /** 8 MiB, less for the last part. */
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** Where the write's id is among an object's metadata; services differ in what names they take besides `[a-z]`. */
export const WRITE_ID_KEY = "sluicewriteid";

/**
 * One object store's service behind its vendor's library. Each call is one try without retries of the library's own,
 * ends when the signal says so, and throws what the library throws, which `classify` understands.
 */
export interface RemoteApi {
  /** The root as a user would write it. */
  readonly location: string;
  /** Before each key, "" or with `/` at its end. */
  readonly keyPrefix: string;
  /** Parts of one upload that may be under way at once. */
  readonly partConcurrency: number;
  /** Whether the service is one of which it is not known that it honours conditions. */
  readonly mustProveConditions: boolean;
  get(key: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array>;
  head(key: string, signal: AbortSignal): Promise<RemoteHead>;
  listPage(request: PageRequest, signal: AbortSignal): Promise<RemotePage>;
  put(key: string, bytes: Uint8Array, condition: PutCondition, signal: AbortSignal): Promise<void>;
  /** No failure where there is no such object, or `notFound`. */
  delete(key: string, signal: AbortSignal): Promise<void>;
  startUpload(key: string, writeId: string, signal: AbortSignal): Promise<RemoteUpload>;
  classify(error: unknown): RemoteFailure;
}

/** From `start` up to `end`, exclusive; not empty. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}
