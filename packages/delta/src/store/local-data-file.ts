// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  fstatSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  unlinkSync,
  writeSync,
  writevSync,
} from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { storeError } from "./local-errors.ts";
import type { FinishedDataFile } from "./object-store.ts";
import { localRootOf } from "./store-location.ts";
import { checkStorePath } from "./store-path.ts";

/** Buffers that one system call takes; systems allow 1024 at least. */
const MAX_PARTS_PER_WRITE = 512;

const fsyncInBackground = promisify(fsync);

/**
 * Writes one new data file of a local table. Writes are synchronous: meant for the thread that encodes it. The disk is waited for in the
 * background, so that the thread can encode the next file. The file never replaces one. Either
 * {@link LocalDataFile.finish} or {@link LocalDataFile.abort} ends it; what a crash leaves in between is a file that no
 * commit names.
 *
 * Errors are `DeltaError`s: `already_exists`, `resource_exhausted` (disk full), `permission_denied`, `unavailable`.
 */
export class LocalDataFile {
  /** Relative to the table's root, as `AppendedFile.path` wants it. */
  readonly path: string;
  readonly #target: string;
  #descriptor: number | undefined;

  /**
   * @param root the table's directory.
   * @param filePath relative to the root; see `newDataFilePath`. Its directory is made if needed.
   */
  constructor(root: string, filePath: string) {
    checkStorePath(filePath);
    this.path = filePath;
    this.#target = path.join(localRootOf(root), filePath);
    this.#attempt("create", () => {
      if (filePath.includes("/")) makeDirectory(path.dirname(this.#target));
      this.#descriptor = openSync(this.#target, "wx");
    });
  }

  /** Appends all of `bytes`. */
  write(bytes: Uint8Array): void {
    this.#attempt("write", (descriptor) => writeAll(descriptor, bytes));
  }

  /** Appends all parts in order, in few system calls. */
  writeParts(parts: readonly Uint8Array[]): void {
    this.#attempt("write", (descriptor) => {
      for (let start = 0; start < parts.length; start += MAX_PARTS_PER_WRITE) {
        writeTogether(descriptor, parts.slice(start, start + MAX_PARTS_PER_WRITE));
      }
    });
  }

  /**
   * Makes the file and its name durable and closes it: only then may a commit name it. Until the promise settles,
   * nothing else may be called; when it rejects, {@link LocalDataFile.abort} removes the file.
   */
  async finish(): Promise<FinishedDataFile> {
    const descriptor = this.#descriptor ?? -1;
    try {
      await fsyncInBackground(descriptor);
      const status = fstatSync(descriptor);
      // All up to the root: one that another writer has just made need not be durable yet.
      let directory = this.#target;
      for (let depth = this.path.split("/").length; depth > 0; depth -= 1) {
        directory = path.dirname(directory);
        await syncDirectoryInBackground(directory);
      }
      this.#close();
      return { sizeBytes: status.size, modificationTimeMs: Math.trunc(status.mtimeMs) };
    } catch (error) {
      throw storeError("make durable", this.path, error);
    }
  }

  /** As {@link LocalDataFile.finish}, and the thread waits for the disk. When it throws, the same holds. */
  finishSync(): FinishedDataFile {
    return this.#attempt("make durable", (descriptor) => {
      fsyncSync(descriptor);
      const status = fstatSync(descriptor);
      syncDirectory(path.dirname(this.#target));
      this.#close();
      return { sizeBytes: status.size, modificationTimeMs: Math.trunc(status.mtimeMs) };
    });
  }

  /** Closes and removes the file. Does nothing once it is finished or a second time. */
  abort(): void {
    if (this.#descriptor === undefined) return;
    this.#close();
    try {
      unlinkSync(this.#target);
    } catch {
      // No commit names the file; a vacuum removes it.
    }
  }

  #attempt<T>(action: string, run: (descriptor: number) => T): T {
    try {
      return run(this.#descriptor ?? -1);
    } catch (error) {
      throw storeError(action, this.path, error);
    }
  }

  #close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    closeSync(descriptor);
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written);
  }
}

/** The system may take fewer bytes than it was given; the rest follows part by part. */
function writeTogether(descriptor: number, parts: readonly Uint8Array[]): void {
  let written = writevSync(descriptor, parts);
  for (const part of parts) {
    if (written < part.length) writeAll(descriptor, part.subarray(written));
    written = Math.max(0, written - part.length);
  }
}

async function syncDirectoryInBackground(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const descriptor = openSync(directory, "r");
  try {
    await fsyncInBackground(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a directory and those above it, each a durable entry of its parent. */
function makeDirectory(directory: string): void {
  const firstMade = mkdirSync(directory, { recursive: true });
  if (firstMade === undefined) return;
  const top = path.dirname(firstMade);
  for (let made = directory; made !== top; made = path.dirname(made)) {
    syncDirectory(path.dirname(made));
  }
}

function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
