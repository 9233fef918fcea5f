// SPDX-License-Identifier: Apache-2.0
import zlib from "node:zlib";
import { decompress as wasmDecompress, init } from "@bokuweb/zstd-wasm";
import type { CompressionCodec } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { FormatProblem } from "./byte-cursor.ts";

/**
 * Decompresses pages.
 * @throws FormatProblem for an unknown codec, or for what does not come to `byteLength`.
 */
export type Decompressor = (
  codec: CompressionCodec,
  input: Uint8Array,
  byteLength: number,
) => Uint8Array;

type Decompress = (input: Uint8Array, byteLength: number) => Uint8Array;

/**
 * A decompressor for every codec that Parquet has. For zstd it is the one built into Node (22.15 and later) where it
 * exists, else a native addon where its optional package is installed, else wasm.
 */
export async function createDecompressor(): Promise<Decompressor> {
  zstd ??= zstdDecompress();
  const decompressZstd = await zstd;
  return (codec, input, byteLength) => {
    if (codec === "UNCOMPRESSED" || byteLength === 0) return input;
    const run = codec === "ZSTD" ? decompressZstd : compressors[codec];
    if (run === undefined) throw new FormatProblem(`the codec ${codec} is not known`);
    const output = run(input, byteLength);
    if (output.length === byteLength) return output;
    throw new FormatProblem(`a page has ${output.length} bytes instead of ${byteLength}`);
  };
}

/** The wasm module is one per thread. */
let zstd: Promise<Decompress> | undefined;

async function zstdDecompress(): Promise<Decompress> {
  const { zstdDecompressSync } = zlib as Partial<BuiltInZstd>;
  if (zstdDecompressSync !== undefined) return zstdDecompressSync;
  try {
    const { Decoder } = await import("@toondepauw/node-zstd");
    const decoder = new Decoder();
    return ({ buffer, byteOffset, byteLength }) =>
      decoder.decodeSync(Buffer.from(buffer, byteOffset, byteLength));
  } catch {
    await init();
    // A frame need not say how much is in it.
    return (input, byteLength) => wasmDecompress(input, { defaultHeapSize: byteLength });
  }
}

/** The part of `node:zlib` that the types of the oldest supported Node do not have. */
interface BuiltInZstd {
  zstdDecompressSync(input: Uint8Array): Uint8Array;
}
