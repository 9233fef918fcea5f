// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, link, open } from "node:fs/promises";
import path from "node:path";
import { isErrno, storeError } from "./local-errors.ts";
import { makeDirectory, removeQuietly, syncDirectory, temporaryFor } from "./local-files.ts";
import type { FinishedDataFile, ObjectWriter } from "./object-store.ts";
import { WriterLife } from "./writer-state.ts";

/** Writes to a temporary file beside the object's place, and links it there when it is whole and synced. */
export class LocalWriter implements ObjectWriter {
  readonly path: string;
  sizeBytes = 0;
  readonly #target: string;
  readonly #temporary: string;
  readonly #life: WriterLife;
  #file: FileHandle | undefined;

  constructor(objectPath: string, target: string) {
    this.path = objectPath;
    this.#target = target;
    this.#temporary = temporaryFor(target);
    this.#life = new WriterLife(objectPath);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#life.on("write");
    await this.#life.run(async () => {
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
    });
  }

  async finish(): Promise<FinishedDataFile> {
    this.#life.on("finish");
    return this.#life.run(async () => {
      const modifiedAtMs = await this.#makeDurable();
      await this.#putInPlace();
      this.#life.on("settle");
      return { sizeBytes: this.sizeBytes, modificationTimeMs: Math.trunc(modifiedAtMs) };
    });
  }

  async abort(): Promise<void> {
    this.#life.on("abort");
    if (this.#life.state === "finished") return;
    await this.#close().catch(() => undefined);
    await removeQuietly(this.#temporary);
  }

  async #open(): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
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

  async #putInPlace(): Promise<void> {
    try {
      await link(this.#temporary, this.#target);
    } catch (error) {
      throw storeError("create", this.path, error);
    }
    await removeQuietly(this.#temporary);
    try {
      // All up to the root: one that another writer has just made need not be durable yet.
      let directory = this.#target;
      for (let depth = this.path.split("/").length; depth > 0; depth -= 1) {
        directory = path.dirname(directory);
        await syncDirectory(directory);
      }
    } catch (error) {
      throw storeError("make durable", this.path, error, "unknown");
    }
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}
