// SPDX-License-Identifier: Apache-2.0
import zlib from "node:zlib";
import { decompress as decompressWasmZstd } from "@bokuweb/zstd-wasm";
import type { CompressionCodec } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { loadZstdWasm } from "../../parquet/compressor.ts";
import { DecodeProblem } from "./decode-problem.ts";

/** @param byteLength of the result, as the page's header says. */
export type Decompress = (input: Uint8Array, byteLength: number) => Uint8Array;

/** How each codec is taken off. Codecs that Parquet knows and that are not here are refused by name. */
export type Decompressors = ReadonlyMap<CompressionCodec, Decompress>;

/** The decompressors of this process: Node's own where there is one, as it is the fastest. */
export async function createDecompressors(): Promise<Decompressors> {
  loading ??= load();
  return loading;
}

let loading: Promise<Decompressors> | undefined;

async function load(): Promise<Decompressors> {
  const known: [CompressionCodec, Decompress][] = [
    ["UNCOMPRESSED", (input) => input],
    ["GZIP", (input, byteLength) => zlib.gunzipSync(input, limitOf(byteLength))],
    ["BROTLI", (input, byteLength) => zlib.brotliDecompressSync(input, limitOf(byteLength))],
    ["ZSTD", builtInZstd() ?? (await nativeZstd()) ?? (await wasmZstd())],
  ];
  for (const codec of ["SNAPPY", "LZ4", "LZ4_RAW"] as const) {
    const decompress = compressors[codec];
    if (decompress !== undefined) known.push([codec, decompress]);
  }
  return new Map(known.map(([codec, decompress]) => [codec, checked(codec, decompress)]));
}

function checked(codec: string, decompress: Decompress): Decompress {
  return (input, byteLength) => {
    const output = decompress(input, byteLength);
    if (output.length !== byteLength) {
      throw new DecodeProblem(
        `a ${codec} page has ${output.length} bytes, its header says ${byteLength}`,
      );
    }
    return output;
  };
}

/** A page that unpacks to more than it says is damaged; it must not take the memory to find out. */
function limitOf(byteLength: number): { readonly maxOutputLength: number } {
  return { maxOutputLength: Math.max(1, byteLength) };
}

function builtInZstd(): Decompress | undefined {
  const { zstdDecompressSync } = zlib as Partial<BuiltInZstd>;
  if (zstdDecompressSync === undefined) return undefined;
  return (input, byteLength) => zstdDecompressSync(input, limitOf(byteLength));
}

/** The native addon, where its optional package is installed. */
async function nativeZstd(): Promise<Decompress | undefined> {
  try {
    const { Decoder } = await import("@toondepauw/node-zstd");
    const decoder = new Decoder();
    return ({ buffer, byteOffset, byteLength }) =>
      decoder.decodeSync(Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength));
  } catch {
    return undefined;
  }
}

async function wasmZstd(): Promise<Decompress> {
  await loadZstdWasm();
  return (input, byteLength) =>
    decompressWasmZstd(input, { defaultHeapSize: Math.max(1, byteLength) });
}

/** The part of `node:zlib` that the types of the oldest supported Node do not have. */
interface BuiltInZstd {
  zstdDecompressSync(input: Uint8Array, options: { readonly maxOutputLength: number }): Uint8Array;
}
