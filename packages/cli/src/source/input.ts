// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { CliError, hasSystemCode, messageOf } from "../cli-error.ts";

/** Something to read records from. */
export interface Input {
  /** For messages: the path, or `standard input`. */
  readonly name: string;
  /** `undefined` where the end cannot be known. */
  readonly totalBytes: number | undefined;
  readonly stream: Readable;
}

const FILE_CHUNK_BYTES = 1_048_576;

/**
 * Opens a file, or standard input for `-`.
 * @throws CliError that says what to do.
 */
export async function openInput(path: string, stdin: Readable): Promise<Input> {
  if (path === "-") return { name: "standard input", totalBytes: undefined, stream: stdin };
  try {
    const status = await stat(path);
    if (status.isDirectory()) {
      throw new CliError(`${path} is a directory; name a file, or - for standard input`);
    }
    const stream = createReadStream(path, { highWaterMark: FILE_CHUNK_BYTES });
    await new Promise<void>((resolve, reject) => {
      stream.once("open", () => resolve());
      stream.once("error", reject);
    });
    return { name: path, totalBytes: status.isFile() ? status.size : undefined, stream };
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const advice = hasSystemCode(cause, "ENOENT")
      ? "there is no such file; check the path"
      : `${messageOf(cause)}; check the path and its permissions`;
    throw new CliError(`cannot read ${path}: ${advice}`, { cause });
  }
}
