// SPDX-License-Identifier: Apache-2.0

/**
 * The directory of one log, as the log sees it. The names are those of files directly in it.
 *
 * Every method rejects with the operating system's error. Renames, creations and removals may be
 * forgotten, in any combination, by a crash before the next {@link LogStorage.syncDirectory}.
 */
export interface LogStorage {
  /** Creates the directory where it is missing and takes it for this log alone. */
  lock(): Promise<LogLock>;
  /** Names of all files. */
  list(): Promise<string[]>;
  /** Opens an existing file for reading and writing. */
  open(name: string): Promise<LogFile>;
  /** Creates a file that must not exist. */
  create(name: string): Promise<LogFile>;
  /** Renames a file; a file already named `to` is replaced. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes renames, creations and removals durable. */
  syncDirectory(): Promise<void>;
}

/** Held for as long as the log is open. */
export interface LogLock {
  release(): Promise<void>;
}

/** An open file. At most one operation is in flight at a time. */
export interface LogFile {
  /** Reads up to `target.byteLength` bytes; fewer only at the end of the file. */
  read(target: Uint8Array, fileOffset: number): Promise<number>;
  /** Writes all parts one after the other from `fileOffset` on. */
  write(parts: readonly Uint8Array[], fileOffset: number): Promise<void>;
  /** Makes everything written durable. */
  sync(): Promise<void>;
  /** Does {@link LogFile.write} and {@link LogFile.sync} on the calling thread. */
  writeAndSyncBlocking(parts: readonly Uint8Array[], fileOffset: number): void;
  byteLength(): Promise<number>;
  close(): Promise<void>;
}
