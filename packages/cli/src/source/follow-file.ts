// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { hasSystemCode } from "../cli-error.ts";

/** Stands between the bytes of one file and those of the file that took its place. */
export const NEXT_FILE: unique symbol = Symbol("the next file");

export interface FollowOptions {
  readonly path: string;
  /** Where the file that is there at the start is read from; later ones are read from their start. */
  readonly from: "start" | "end";
  /** Ends the following. */
  readonly signal: AbortSignal;
  /** Told when the file is gone, or is another one. */
  readonly tell: (line: string) => void;
  /** Waits until it is time to look again; ends early with the signal. @default a quarter of a second */
  readonly pause?: (signal: AbortSignal) => Promise<void>;
}

const CHUNK_BYTES = 1_048_576;
const POLL_MS = 250;

interface OpenFile {
  readonly handle: FileHandle;
  readonly device: number;
  readonly inode: number;
  position: number;
}

/**
 * Reads a file as it grows, as `tail -F` does: goes on with the file that takes its name (rotation by renaming, after
 * what was still written to the old one), starts again when it becomes shorter (rotation by truncation), and waits
 * while there is none. A file that is truncated and grows past the old length between two looks cannot be told from
 * one that grew.
 */
export async function* followFile(
  options: FollowOptions,
): AsyncGenerator<Buffer | typeof NEXT_FILE, void, undefined> {
  const { path, signal, tell, pause = defaultPause } = options;
  let file: OpenFile | undefined;
  let isFirst = true;
  let isMissed = false;
  try {
    while (!signal.aborted) {
      if (file === undefined) {
        file = await openFile(path);
        if (file === undefined) {
          if (!isMissed) tell(`${path} is not there; waiting for it`);
          isMissed = true;
          isFirst = false;
          await pause(signal);
          continue;
        }
        if (isMissed) tell(`${path} is there`);
        isMissed = false;
        if (isFirst && options.from === "end") file.position = (await file.handle.stat()).size;
        isFirst = false;
      }
      yield* readToEnd(file, signal);
      const change = await changeOf(file, path);
      if (change === "truncated") {
        tell(`${path} was truncated; reading it from its start`);
        file.position = 0;
        yield NEXT_FILE;
      } else if (change === "replaced") {
        // Whoever wrote to the old file may have done so until it had the new one.
        await pause(signal);
        yield* readToEnd(file, signal);
        await file.handle.close();
        file = undefined;
        tell(`${path} is another file now; reading that from its start`);
        yield NEXT_FILE;
      } else {
        if (change === "gone" && !isMissed) tell(`${path} is gone; waiting for the next one`);
        isMissed = change === "gone";
        await pause(signal);
      }
    }
  } finally {
    await file?.handle.close();
  }
}

async function* readToEnd(file: OpenFile, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  while (!signal.aborted) {
    const { bytesRead, buffer } = await file.handle.read(
      Buffer.allocUnsafe(CHUNK_BYTES),
      0,
      CHUNK_BYTES,
      file.position,
    );
    if (bytesRead === 0) return;
    file.position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function openFile(path: string): Promise<OpenFile | undefined> {
  try {
    const handle = await open(path, "r");
    const { dev: device, ino: inode } = await handle.stat();
    return { handle, device, inode, position: 0 };
  } catch (cause) {
    if (hasSystemCode(cause, "ENOENT")) return undefined;
    throw cause;
  }
}

type Change = "none" | "truncated" | "replaced" | "gone";

async function changeOf(file: OpenFile, path: string): Promise<Change> {
  const held = await file.handle.stat();
  if (held.size < file.position) return "truncated";
  try {
    const named = await stat(path);
    return named.ino === file.inode && named.dev === file.device ? "none" : "replaced";
  } catch (cause) {
    if (hasSystemCode(cause, "ENOENT")) return "gone";
    throw cause;
  }
}

async function defaultPause(signal: AbortSignal): Promise<void> {
  // Rejects only where the signal ends it, which the caller looks at.
  await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
}
