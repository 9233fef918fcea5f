// SPDX-License-Identifier: Apache-2.0
import zlib from "node:zlib";
import { compress, init } from "@bokuweb/zstd-wasm";
import { CODEC, type Codec } from "./format.ts";

/** Compresses pages. Injected, so that the encoder stays free of native and wasm code. */
export interface Compressor {
  /** The number Parquet knows the codec by. */
  readonly codec: Codec;
  /** The compressed form of `input` in a buffer of its own; `input` is only read, and not kept. */
  compress(input: Uint8Array): Uint8Array;
}

export const DEFAULT_ZSTD_LEVEL = 1;
const MIN_ZSTD_LEVEL = -7;
const MAX_ZSTD_LEVEL = 19;

/**
 * A zstd compressor: the one built into Node (22.15 and later) where it exists, else a native addon where its optional
 * package is installed, else wasm, which takes two to three times as long. All write standard zstd frames. The wasm one
 * keeps its memory, as large as the largest page needed, for the life of the thread.
 * @param level -7 to 19; higher is smaller and slower. @default 1: negative levels save no time on columns.
 * @throws RangeError for a level outside the range.
 */
export async function createZstdCompressor(
  level: number = DEFAULT_ZSTD_LEVEL,
): Promise<Compressor> {
  if (!Number.isInteger(level) || level < MIN_ZSTD_LEVEL || level > MAX_ZSTD_LEVEL) {
    throw new RangeError(
      `zstd level ${level} is not an integer from ${MIN_ZSTD_LEVEL} to ${MAX_ZSTD_LEVEL}`,
    );
  }
  return (
    builtInZstdCompressor(level) ??
    (await nativeZstdCompressor(level)) ??
    (await wasmZstdCompressor(level))
  );
}

/** Node's own zstd, or `null` where this version of Node has none. */
export function builtInZstdCompressor(level: number): Compressor | null {
  const { zstdCompressSync, constants } = zlib as Partial<BuiltInZstd>;
  const levelParameter = constants?.ZSTD_c_compressionLevel;
  if (zstdCompressSync === undefined || levelParameter === undefined) return null;
  const options = { params: { [levelParameter]: level } };
  return { codec: CODEC.zstd, compress: (input) => zstdCompressSync(input, options) };
}

/** The native addon, or `null` where it is not installed: it is optional, and made for the common platforms. */
export async function nativeZstdCompressor(level: number): Promise<Compressor | null> {
  try {
    const { Encoder } = await import("@toondepauw/node-zstd");
    const encoder = new Encoder(level);
    return {
      codec: CODEC.zstd,
      compress: ({ buffer, byteOffset, byteLength }) =>
        encoder.encodeSync(Buffer.from(buffer, byteOffset, byteLength)),
    };
  } catch {
    return null;
  }
}

/** The wasm build of zstd; works on every version of Node. */
export async function wasmZstdCompressor(level: number): Promise<Compressor> {
  await loadZstdWasm();
  return { codec: CODEC.zstd, compress: (input) => compress(input, level) };
}

/** Makes the functions of the wasm build ready for use. */
export async function loadZstdWasm(): Promise<void> {
  wasmReady ??= init();
  return wasmReady;
}

/** The module is one per thread; initialising it again would drop the memory that is in use. */
let wasmReady: Promise<void> | undefined;

/** The part of `node:zlib` that the types of the oldest supported Node do not have. */
interface BuiltInZstd {
  zstdCompressSync(
    input: Uint8Array,
    options: { readonly params: Readonly<Record<number, number>> },
  ): Uint8Array;
  readonly constants: { readonly ZSTD_c_compressionLevel?: number };
}
