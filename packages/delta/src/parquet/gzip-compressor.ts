// SPDX-License-Identifier: Apache-2.0
import { gzipSync } from "node:zlib";
import type { Compressor } from "./compressor.ts";
import { CODEC } from "./format.ts";

/** For tables that ask for gzip; zstd is faster and smaller. */
export function createGzipCompressor(): Compressor {
  return { codec: CODEC.gzip, compress: (input) => gzipSync(input) };
}
