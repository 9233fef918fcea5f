// SPDX-License-Identifier: Apache-2.0

/**
 * A name for a new data file that no other has, in the manner of other writers: `part-00000-<uuid>-c000.zstd.parquet`.
 * @param partNumber tells apart the files of one append for a reader of the directory; 0 to 99999.
 * @param codec the compression that the file uses.
 */
export function newDataFilePath(randomUuid: () => string, partNumber = 0, codec = "zstd"): string {
  const part = String(partNumber).padStart(5, "0");
  const suffix = codec === "uncompressed" ? "parquet" : `${codec}.parquet`;
  return `part-${part}-${randomUuid()}-c000.${suffix}`;
}
