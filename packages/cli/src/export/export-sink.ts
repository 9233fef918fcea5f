// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { CliError, hasSystemCode, messageOf } from "../cli-error.ts";
import type { Screen } from "../terminal/screen.ts";

/** Where an export goes. */
export interface ExportSink {
  /** Takes bytes or text, and waits where the reader is slower. */
  write(data: string | Uint8Array): Promise<void>;
  /** Ends the export: what was written is there. */
  finish(): Promise<void>;
  /** Gives it up: a file that was there before is as it was. Does nothing after `finish`. */
  abort(): Promise<void>;
}

export function screenSink(screen: Screen): ExportSink {
  return {
    write: async (data) => screen.write(data),
    finish: async () => undefined,
    abort: async () => undefined,
  };
}

/**
 * Writes a file under another name beside it, and gives it its own when it is whole and synced. What is no regular file,
 * such as a pipe, is written to as it is.
 * @throws CliError naming the file and what the system says.
 */
export async function openFileSink(file: string): Promise<ExportSink> {
  const path = await realpath(file).catch(() => resolve(file));
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory() === true) {
    throw new CliError(`cannot write ${path}: it is a directory; name a file in it`);
  }
  const isReplaced = status === undefined || status.isFile();
  const partial = isReplaced
    ? join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
    : undefined;
  try {
    return new FileSink(
      path,
      partial,
      await open(partial ?? path, partial === undefined ? "w" : "wx"),
    );
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

class FileSink implements ExportSink {
  readonly #path: string;
  readonly #partial: string | undefined;
  #handle: FileHandle | undefined;

  constructor(path: string, partial: string | undefined, handle: FileHandle) {
    this.#path = path;
    this.#partial = partial;
    this.#handle = handle;
  }

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    await this.#attempt(async (handle) => {
      let start = 0;
      while (start < bytes.length) {
        start += (await handle.write(bytes, start)).bytesWritten;
      }
    });
  }

  async finish(): Promise<void> {
    await this.#attempt(async (handle) => {
      if (this.#partial !== undefined) await handle.sync();
      await handle.close();
      this.#handle = undefined;
      if (this.#partial !== undefined) await rename(this.#partial, this.#path);
    });
  }

  async abort(): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    await handle.close();
    if (this.#partial !== undefined) await rm(this.#partial, { force: true });
  }

  async #attempt(work: (handle: FileHandle) => Promise<void>): Promise<void> {
    if (this.#handle === undefined) throw new CliError(`${this.#path} is closed`);
    try {
      await work(this.#handle);
    } catch (cause) {
      throw cannotWrite(this.#path, cause);
    }
  }
}

function cannotWrite(path: string, cause: unknown): CliError {
  const hints = hasSystemCode(cause, "ENOSPC", "EDQUOT")
    ? ["Make room, or write to another disk with --out."]
    : hasSystemCode(cause, "ENOENT")
      ? ["Its directory must be there."]
      : [];
  return new CliError(`cannot write ${path}: ${messageOf(cause)}`, { cause, hints });
}
