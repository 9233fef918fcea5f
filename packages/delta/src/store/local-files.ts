// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, unlink } from "node:fs/promises";
import path from "node:path";

/** Files whose names start and end so are writes under way, or what a crash left of them. */
const TEMPORARY_PREFIX = ".";
const TEMPORARY_SUFFIX = ".tmp";

/** A name beside `target` that nothing else uses, for a write under way. */
export function temporaryFor(target: string): string {
  const name = `${TEMPORARY_PREFIX}${path.basename(target)}.${randomUUID()}${TEMPORARY_SUFFIX}`;
  return path.join(path.dirname(target), name);
}

export function isTemporary(name: string): boolean {
  return name.startsWith(TEMPORARY_PREFIX) && name.endsWith(TEMPORARY_SUFFIX);
}

/** Removes a temporary file; a failure only leaves a file that no reader looks at. */
export async function removeQuietly(temporary: string): Promise<void> {
  try {
    await unlink(temporary);
  } catch {
    // The name is never used again, and a vacuum removes it.
  }
}

/** Makes a directory and those above it, each a durable entry of its parent. */
export async function makeDirectory(directory: string): Promise<void> {
  const firstMade = await mkdir(directory, { recursive: true });
  if (firstMade === undefined) return;
  const top = path.dirname(firstMade);
  for (let made = directory; made !== top; made = path.dirname(made)) {
    await syncDirectory(path.dirname(made));
  }
}

export async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open a directory, and orders its changes by journal.
  if (process.platform === "win32") return;
  await using file = await openDisposable(directory, "r");
  await file.handle.sync();
}

export interface DisposableFile extends AsyncDisposable {
  readonly handle: FileHandle;
}

export async function openDisposable(target: string, flags: string): Promise<DisposableFile> {
  const handle = await open(target, flags);
  return { handle, [Symbol.asyncDispose]: async () => handle.close() };
}
