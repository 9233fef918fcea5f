// SPDX-License-Identifier: Apache-2.0
import { readdir } from "node:fs/promises";
import { ZerobusError } from "../core/zerobus-error.ts";

/** Files are named `letters-<UTC time>-<random>.ndjson`: in the order they were begun, one writer for each. */
const FILE_NAME = /^letters-\d{8}T\d{9}Z-[0-9a-f]{8}\.ndjson$/;

export function letterFileName(at: Date, random: string): string {
  return `letters-${at.toISOString().replaceAll(/[-:.]/g, "")}-${random}.ndjson`;
}

/** Beside a file of letters: the ids of those that were replayed, one per line. */
export function replayedFileName(letterFile: string): string {
  return letterFile.replace(/\.ndjson$/, ".replayed");
}

/** Names of the files of letters, oldest first. @throws ZerobusError `not_found`, `unavailable` */
export async function letterFileNames(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => FILE_NAME.test(name)).sort();
  } catch (error) {
    throw deadLetterError(error, directory);
  }
}

/** The failure of a file operation as this package tells it. */
export function deadLetterError(error: unknown, directory: string): ZerobusError {
  if (error instanceof ZerobusError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const isMissing = code === "ENOENT" || code === "ENOTDIR";
  const advice = isMissing
    ? "name a directory of dead letters"
    : "check the disk, its space and the rights on it";
  return new ZerobusError(
    isMissing ? "not_found" : "unavailable",
    `The dead letters in ${directory} cannot be reached: ${message}; ${advice}`,
    { cause: error },
  );
}
