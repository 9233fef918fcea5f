// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { ZerobusError } from "../core/zerobus-error.ts";
import { syncDirectory } from "../io/durable-directory.ts";
import type { TableSchema } from "../schema/table-schema.ts";

/*
 * Beside a producer's spool, `records.json` says how the records in it are encoded:
 *
 *   { "version": 1, "format": "proto" | "json", "descriptorSha256"?: hex, "schema"?: TableSchema }
 *
 * It is written before the first record and replaced only while the spool is empty.
 */
const FILE_NAME = "records.json";
const VERSION = 1;

/** How spooled records are encoded. */
export interface SpooledFormat {
  readonly format: "proto" | "json";
  readonly descriptorSha256?: string;
  readonly schema?: TableSchema;
}

export function spooledFormat(
  format: "proto" | "json",
  descriptor: Uint8Array | undefined,
  schema: TableSchema | undefined,
): SpooledFormat {
  return {
    format,
    ...(descriptor === undefined
      ? {}
      : { descriptorSha256: createHash("sha256").update(descriptor).digest("hex") }),
    ...(schema === undefined ? {} : { schema }),
  };
}

/** @returns `undefined` for a spool that has none @throws ZerobusError `data_loss`, `unimplemented` */
export async function readSpooledFormat(directory: string): Promise<SpooledFormat | undefined> {
  let text: string;
  try {
    text = await readFile(join(directory, FILE_NAME), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(directory, error);
  }
  let value: { version?: unknown; format?: unknown } | null;
  try {
    value = JSON.parse(text) as { version?: unknown; format?: unknown } | null;
  } catch (error) {
    throw unreadable(directory, error);
  }
  if (value?.version !== VERSION) {
    throw new ZerobusError(
      "unimplemented",
      `${join(directory, FILE_NAME)} has version ${String(value?.version)}; this release reads version ${VERSION}`,
    );
  }
  if (value.format !== "proto" && value.format !== "json") throw unreadable(directory, undefined);
  return value as SpooledFormat;
}

/** @throws ZerobusError `unavailable` when the disk fails */
export async function writeSpooledFormat(directory: string, format: SpooledFormat): Promise<void> {
  const temporary = join(directory, `${FILE_NAME}.new`);
  try {
    const handle = await open(temporary, "w");
    try {
      await handle.writeFile(`${JSON.stringify({ version: VERSION, ...format })}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, join(directory, FILE_NAME));
    await syncDirectory(directory);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ZerobusError("unavailable", `Cannot write to the spool in ${directory}: ${reason}`, {
      cause,
    });
  }
}

function unreadable(directory: string, cause: unknown): ZerobusError {
  return new ZerobusError("data_loss", `${join(directory, FILE_NAME)} cannot be read`, { cause });
}
