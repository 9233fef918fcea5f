// SPDX-License-Identifier: Apache-2.0
import { extname } from "node:path";

/** How records are written in an input. */
export const INPUT_FORMATS = ["json", "ndjson", "csv", "parquet"] as const;

export type InputFormat = (typeof INPUT_FORMATS)[number];

const FORMATS_BY_EXTENSION: Readonly<Record<string, InputFormat>> = {
  ".json": "json",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".csv": "csv",
  ".parquet": "parquet",
};

/** The format that a file's name says, if it says one. */
export function formatOfPath(path: string): InputFormat | undefined {
  return FORMATS_BY_EXTENSION[extname(path).toLowerCase()];
}

/**
 * The format that an input's first bytes say: `[` begins a JSON array, `{` a line of NDJSON, `PAR1` a Parquet file.
 * @returns `undefined` where they say nothing yet, `unknown` where they are neither.
 */
export function formatOfBytes(bytes: Uint8Array): InputFormat | "unknown" | undefined {
  const first = bytes.find(
    (byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d,
  );
  if (first === undefined) return undefined;
  if (bytes[0] === 0x50 && bytes[1] === 0x41 && bytes[2] === 0x52 && bytes[3] === 0x31)
    return "parquet";
  if (first === 0x5b) return "json";
  return first === 0x7b ? "ndjson" : "unknown";
}
