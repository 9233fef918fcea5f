// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { integerInRange } from "../core/settings.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import { makeDirectory, syncDirectory } from "../io/durable-directory.ts";
import type { DeadLetter, DeadLetterSink } from "../producer/dead-letter-sink.ts";
import { deadLetterError, letterFileName } from "./letter-directory.ts";
import { descriptorLine, letterLine } from "./letter-line.ts";

const MIB = 1024 * 1024;
/** Letters that may wait for the disk, in number and in bytes. */
const MAX_WAITING_LETTERS = 10_000;
const MAX_WAITING_BYTES = 64 * MIB;

export interface DeadLetterFilesOptions {
  /** Where the files are; made when missing. Several producers may use one. */
  readonly directory: string;
  /** Bytes after which a new file is begun, from 4096. One letter may exceed it. @default 67_108_864 */
  readonly maxFileBytes?: number;
}

/** What the writer of dead letters works with. */
export interface DeadLetterFilesComponents {
  /** The time in the names of files. @default the system's */
  readonly now?: () => Date;
}

interface WaitingLetter {
  readonly letter: DeadLetter;
  readonly resolve: () => void;
  readonly reject: (error: ZerobusError) => void;
}

/**
 * Opens a directory for dead letters: files of one JSON object per line. A write resolves once the letter is synced to
 * disk; letters written at the same time share a sync. A file is begun with the first letter, and by each process for
 * itself, so that a line torn by a crash is always the last of its file.
 * @throws ZerobusError `invalid_argument` for a wrong option; `unavailable` when the directory cannot be made
 */
export async function openDeadLetterFiles(
  options: DeadLetterFilesOptions,
  components: DeadLetterFilesComponents = {},
): Promise<DeadLetterSink> {
  for (const key of Object.keys(options)) {
    if (key === "directory" || key === "maxFileBytes") continue;
    throw invalid(`Unknown dead-letter option \`${key}\`; known are directory, maxFileBytes`);
  }
  const { directory, maxFileBytes = 64 * MIB } = options;
  if (typeof directory !== "string" || directory === "") {
    throw invalid("Dead-letter option `directory` must name a directory");
  }
  const { MAX_SAFE_INTEGER } = Number;
  integerInRange("Dead-letter option `maxFileBytes`", maxFileBytes, 4096, MAX_SAFE_INTEGER);
  try {
    await makeDirectory(directory);
  } catch (error) {
    throw deadLetterError(error, directory);
  }
  return new DeadLetterFiles(directory, maxFileBytes, components.now ?? (() => new Date()));
}

class DeadLetterFiles implements DeadLetterSink {
  readonly #directory: string;
  readonly #maxFileBytes: number;
  readonly #now: () => Date;
  #waiting: WaitingLetter[] = [];
  #waitingBytes = 0;
  #file: OpenFile | undefined;
  #writing: Promise<void> | undefined;
  #isClosed = false;

  constructor(directory: string, maxFileBytes: number, now: () => Date) {
    this.#directory = directory;
    this.#maxFileBytes = maxFileBytes;
    this.#now = now;
  }

  write(letter: DeadLetter): Promise<void> {
    if (this.#isClosed) {
      const message = "The dead-letter files were closed; open them again to write";
      return Promise.reject(new ZerobusError("closed", message, { retryable: false }));
    }
    const bytes = this.#waitingBytes + letter.record.byteLength;
    const isFull = this.#waiting.length >= MAX_WAITING_LETTERS || bytes > MAX_WAITING_BYTES;
    if (isFull && this.#waiting.length > 0) {
      return Promise.reject(
        new ZerobusError(
          "resource_exhausted",
          `${this.#waiting.length} dead letters wait for the disk; await some before writing more`,
        ),
      );
    }
    this.#waitingBytes = bytes;
    return new Promise<void>((resolve, reject) => {
      this.#waiting.push({ letter, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }

  async #writeAll(): Promise<void> {
    // What is written in one turn of the event loop shares a sync.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const letters = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        await this.#writeGroup(letters.map(({ letter }) => letter));
        for (const { resolve } of letters) resolve();
      } catch (cause) {
        const error = deadLetterError(cause, this.#directory);
        // What the file has of these lines is unknown; nothing may come behind a torn one.
        await this.#giveUpFile();
        for (const { reject } of letters) reject(error);
      }
    }
    this.#writing = undefined;
  }

  async #writeGroup(letters: readonly DeadLetter[]): Promise<void> {
    let lines: string[] = [];
    let lineBytes = 0;
    for (const letter of letters) {
      const limit = this.#maxFileBytes - lineBytes;
      if (this.#file !== undefined && this.#file.byteCount >= limit) {
        await this.#append(lines);
        lines = [];
        lineBytes = 0;
        await this.#giveUpFile();
      }
      this.#file ??= await this.#beginFile();
      for (const line of linesOf(letter, this.#file)) {
        lines.push(line);
        lineBytes += Buffer.byteLength(line);
      }
    }
    await this.#append(lines);
  }

  async #append(lines: readonly string[]): Promise<void> {
    if (this.#file === undefined || lines.length === 0) return;
    const bytes = Buffer.from(lines.join(""));
    await this.#file.handle.appendFile(bytes);
    await this.#file.handle.datasync();
    this.#file.byteCount += bytes.byteLength;
  }

  async #beginFile(): Promise<OpenFile> {
    const name = letterFileName(this.#now(), randomBytes(4).toString("hex"));
    const handle = await open(join(this.#directory, name), "ax", 0o600);
    await syncDirectory(this.#directory);
    return { handle, byteCount: 0, descriptors: new Set() };
  }

  async #giveUpFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }
}

interface OpenFile {
  readonly handle: FileHandle;
  byteCount: number;
  /** Hashes of the descriptors it has. */
  readonly descriptors: Set<string>;
}

function linesOf(letter: DeadLetter, file: OpenFile): string[] {
  const { descriptor } = letter;
  if (descriptor === undefined) return [letterLine(letter, randomUUID(), undefined)];
  const sha256 = createHash("sha256").update(descriptor).digest("hex");
  const line = letterLine(letter, randomUUID(), sha256);
  if (file.descriptors.has(sha256)) return [line];
  file.descriptors.add(sha256);
  return [descriptorLine(sha256, descriptor), line];
}

function invalid(message: string): ZerobusError {
  return new ZerobusError("invalid_argument", message);
}
