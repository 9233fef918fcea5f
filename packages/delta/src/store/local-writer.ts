// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, link, open } from "node:fs/promises";
import path from "node:path";
import { DeltaError } from "../delta-error.ts";
import { isErrno, storeError } from "./local-errors.ts";
import { makeDirectory, removeQuietly, syncDirectory, temporaryFor } from "./local-files.ts";
import type { FinishedDataFile, ObjectWriter } from "./object-store.ts";

/** Writes to a temporary file beside the object's place, and links it there when it is whole and synced. */
export class LocalWriter implements ObjectWriter {
  readonly path: string;
  sizeBytes = 0;
  readonly #target: string;
  readonly #temporary: string;
  #file: FileHandle | undefined;
  #isEnded = false;

  constructor(objectPath: string, target: string) {
    this.path = objectPath;
    this.#target = target;
    this.#temporary = temporaryFor(target);
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      const file = await this.#open();
      let written = 0;
      while (written < bytes.length) {
        written += (await file.write(bytes, written)).bytesWritten;
      }
      this.sizeBytes += bytes.length;
    } catch (error) {
      throw storeError("write", this.path, error);
    }
  }

  async finish(): Promise<FinishedDataFile> {
    const modifiedAtMs = await this.#makeDurable();
    try {
      await link(this.#temporary, this.#target);
    } catch (error) {
      throw storeError("create", this.path, error);
    }
    this.#isEnded = true;
    await removeQuietly(this.#temporary);
    try {
      await syncDirectory(path.dirname(this.#target));
    } catch (error) {
      throw storeError("make durable", this.path, error, "unknown");
    }
    return { sizeBytes: this.sizeBytes, modificationTimeMs: Math.trunc(modifiedAtMs) };
  }

  async abort(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#close().catch(() => undefined);
    await removeQuietly(this.#temporary);
  }

  async #open(): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    if (this.#isEnded) {
      throw new DeltaError(
        "invalid_argument",
        `the writer of ${JSON.stringify(this.path)} has ended`,
      );
    }
    try {
      this.#file = await open(this.#temporary, "wx");
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      await makeDirectory(path.dirname(this.#target));
      this.#file = await open(this.#temporary, "wx");
    }
    return this.#file;
  }

  /** Syncs and closes the temporary file; gives its modification time. */
  async #makeDurable(): Promise<number> {
    try {
      const file = await this.#open();
      await file.sync();
      const { mtimeMs } = await file.stat();
      await this.#close();
      return mtimeMs;
    } catch (error) {
      throw storeError("make durable", this.path, error);
    }
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}
