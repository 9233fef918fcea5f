// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { CliError, hasSystemCode, messageOf } from "../cli-error.ts";
import { followFile, type NEXT_FILE } from "./follow-file.ts";

/** Something to read records from. */
export interface Input {
  /** For messages: the path, or `standard input`. */
  readonly name: string;
  /** The path of a file that does not change; `undefined` for anything else. */
  readonly path: string | undefined;
  /** `undefined` where the end cannot be known. */
  readonly totalBytes: number | undefined;
  readonly isFollowed: boolean;
  readonly chunks: AsyncIterable<Buffer | typeof NEXT_FILE>;
  /** Ends the reading, also while it waits. */
  stop(): void;
}

export interface FollowInput {
  readonly from: "start" | "end";
  readonly tell: (line: string) => void;
}

const FILE_CHUNK_BYTES = 1_048_576;

/**
 * Opens a file, or standard input for `-`.
 * @throws CliError that says what to do.
 */
export async function openInput(
  path: string,
  stdin: Readable,
  follow: FollowInput | undefined,
): Promise<Input> {
  if (path === "-") {
    if (follow !== undefined) {
      throw new CliError("--follow needs a file; standard input is read until it ends anyway");
    }
    return inputOf("standard input", undefined, undefined, stdin);
  }
  try {
    if (follow !== undefined) return await followed(path, follow);
    const status = await stat(path);
    if (status.isDirectory()) throw directoryError(path);
    const stream = createReadStream(path, { highWaterMark: FILE_CHUNK_BYTES });
    await new Promise<void>((resolve, reject) => {
      stream.once("open", () => resolve());
      stream.once("error", reject);
    });
    const isFile = status.isFile();
    return inputOf(path, isFile ? path : undefined, isFile ? status.size : undefined, stream);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const advice = hasSystemCode(cause, "ENOENT")
      ? "there is no such file; check the path"
      : `${messageOf(cause)}; check the path and its permissions`;
    throw new CliError(`cannot read ${path}: ${advice}`, { cause });
  }
}

function inputOf(
  name: string,
  path: string | undefined,
  totalBytes: number | undefined,
  stream: Readable,
): Input {
  return {
    name,
    path,
    totalBytes,
    isFollowed: false,
    chunks: stream as AsyncIterable<Buffer>,
    stop: () => void stream.destroy(),
  };
}

/** The file need not be there yet. */
async function followed(path: string, { from, tell }: FollowInput): Promise<Input> {
  const status = await stat(path).catch((cause: unknown) => {
    if (hasSystemCode(cause, "ENOENT")) return undefined;
    throw cause;
  });
  if (status?.isDirectory() === true) throw directoryError(path);
  if (status !== undefined && !status.isFile()) {
    throw new CliError(`${path} is no regular file, which --follow needs; read it without`);
  }
  const stopping = new AbortController();
  return {
    name: path,
    path: undefined,
    totalBytes: undefined,
    isFollowed: true,
    chunks: followFile({ path, from, signal: stopping.signal, tell }),
    stop: () => stopping.abort(),
  };
}

function directoryError(path: string): CliError {
  return new CliError(`${path} is a directory; name a file, or - for standard input`);
}
