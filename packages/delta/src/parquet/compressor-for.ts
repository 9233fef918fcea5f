// SPDX-License-Identifier: Apache-2.0
import { type Compressor, createZstdCompressor } from "./compressor.ts";
import { createGzipCompressor } from "./gzip-compressor.ts";
import type { ParquetCompression } from "./parquet-file-encoder.ts";

/** What `ParquetFileOptions.compressor` wants for a codec; `undefined` without compression. */
export async function compressorFor(
  compression: ParquetCompression,
): Promise<Compressor | undefined> {
  if (compression === "uncompressed") return undefined;
  return compression === "gzip" ? createGzipCompressor() : createZstdCompressor();
}
