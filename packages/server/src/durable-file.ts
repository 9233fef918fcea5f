// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { link, mkdir, open, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Writes a file that must not exist yet, as a whole or not at all, and makes it and its name durable.
 * @param mode permissions of the file.
 * @returns false when the file exists already.
 */
export async function writeFileOnce(file: string, text: string, mode = 0o644): Promise<boolean> {
  const directory = dirname(resolve(file));
  await makeDirectory(directory);
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Unlike a rename, a link never replaces what another process has put there meanwhile.
    await link(temporary, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cause;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(directory);
  return true;
}

/** Makes a directory and those above it, each a durable entry of its parent. */
async function makeDirectory(directory: string): Promise<void> {
  const firstMade = await mkdir(directory, { recursive: true });
  if (firstMade === undefined) return;
  const top = dirname(firstMade);
  for (let made = directory; made !== top; made = dirname(made)) await syncDirectory(dirname(made));
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
