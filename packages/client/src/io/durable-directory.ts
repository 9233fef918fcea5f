// SPDX-License-Identifier: Apache-2.0
import { mkdir, open } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Makes a directory and those above it where they are missing, so that a power failure does not undo it. */
export async function makeDirectory(directory: string): Promise<void> {
  const firstMade = await mkdir(directory, { recursive: true });
  if (firstMade === undefined) return;
  const top = dirname(resolve(firstMade));
  for (let path = resolve(directory); path !== top; ) {
    path = dirname(path);
    await syncDirectory(path);
  }
}

/** Makes the making, renaming and removal of a directory's files durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
