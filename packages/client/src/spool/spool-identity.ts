// SPDX-License-Identifier: Apache-2.0
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { ZerobusError } from "../core/zerobus-error.ts";
import { syncDirectory } from "../io/durable-directory.ts";

const FILE_NAME = "spool.json";
const FORMAT_VERSION = 1;

/**
 * Checks what the spool says it is, or has a new one say it.
 * @throws ZerobusError `invalid_argument` for another label, `unimplemented` for a version to come
 */
export async function checkSpoolIdentity(directory: string, label: string): Promise<void> {
  const text = await readText(join(directory, FILE_NAME));
  if (text === undefined) {
    await writeIdentity(directory, label);
    return;
  }
  const identity = parsed(text, directory);
  if (identity.version !== FORMAT_VERSION) {
    throw new ZerobusError(
      "unimplemented",
      `The spool in ${directory} has format version ${identity.version}; this release reads version ${FORMAT_VERSION}`,
    );
  }
  if (label === "" || identity.label === label) return;
  throw new ZerobusError(
    "invalid_argument",
    `The spool in ${directory} holds records for ${JSON.stringify(identity.label)}, not for ${JSON.stringify(label)}; use one directory for each`,
  );
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parsed(text: string, directory: string): { version: number; label: string } {
  try {
    const value = JSON.parse(text) as { version?: unknown; label?: unknown } | null;
    if (typeof value?.version === "number" && typeof value.label === "string") {
      return { version: value.version, label: value.label };
    }
  } catch {
    // Told below, as any other content that is not an identity.
  }
  throw new ZerobusError("data_loss", `${join(directory, FILE_NAME)} is not what a spool writes`);
}

async function writeIdentity(directory: string, label: string): Promise<void> {
  const temporary = join(directory, `${FILE_NAME}.new`);
  const handle = await open(temporary, "w");
  try {
    await handle.writeFile(`${JSON.stringify({ version: FORMAT_VERSION, label })}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(directory, FILE_NAME));
  await syncDirectory(directory);
}
