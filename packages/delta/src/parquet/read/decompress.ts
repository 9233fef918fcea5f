// SPDX-License-Identifier: Apache-2.0
import zlib from "node:zlib";
import type { CompressionCodec } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { FormatProblem } from "./byte-cursor.ts";

/** @throws FormatProblem for an unknown codec, or for what does not come to `byteLength`. */
export function decompress(
  codec: CompressionCodec,
  input: Uint8Array,
  byteLength: number,
): Uint8Array {
  if (codec === "UNCOMPRESSED" || byteLength === 0) return input;
  const run = codec === "ZSTD" ? zstdDecompress : compressors[codec];
  if (run === undefined) throw new FormatProblem(`the codec ${codec} is not known`);
  const output = run(input, byteLength);
  if (output.length === byteLength) return output;
  throw new FormatProblem(`a page has ${output.length} bytes instead of ${byteLength}`);
}

/** Node's own where it has one (22.15 and later), which is several times as fast. */
function zstdDecompress(input: Uint8Array, byteLength: number): Uint8Array {
  const { zstdDecompressSync } = zlib as Partial<BuiltInZstd>;
  if (zstdDecompressSync !== undefined) return zstdDecompressSync(input);
  return (compressors.ZSTD as Decompress)(input, byteLength);
}

type Decompress = (input: Uint8Array, byteLength: number) => Uint8Array;

/** The part of `node:zlib` that the types of the oldest supported Node do not have. */
interface BuiltInZstd {
  zstdDecompressSync(input: Uint8Array): Uint8Array;
}
