// SPDX-License-Identifier: Apache-2.0

/**
 * The numbers of Apache Parquet's `parquet.thrift` that the writer uses, under the names the format gives them.
 *
 *     file      := "PAR1" rowGroup* fileMetaData length:u32le "PAR1"     length = byte length of fileMetaData
 *     rowGroup  := columnChunk*                  in schema order
 *     columnChunk := dictionaryPage? dataPage+
 *     dictionaryPage := pageHeader plain*        the distinct values, for byte strings where that is smaller
 *     dataPage  := pageHeader body               body as a whole in the codec of its column chunk (DataPageV1)
 *     body      := repetitionLevels? definitionLevels? values
 *                                                levels only where their highest is above 0, see `levels.ts`
 *     values    := plain* | indices | deltas     the same in all data pages of a column chunk: indices after a dictionary
 *                                                page, see `dictionary-indices.ts`; deltas see `delta-values.ts`
 */

/** "PAR1", at both ends of a file. */
export const FILE_MAGIC: Uint8Array = Uint8Array.of(0x50, 0x41, 0x52, 0x31);

export const PHYSICAL_TYPE = {
  boolean: 0,
  int32: 1,
  int64: 2,
  float: 4,
  double: 5,
  byteArray: 6,
  fixedLengthByteArray: 7,
} as const;
export type PhysicalType = (typeof PHYSICAL_TYPE)[keyof typeof PHYSICAL_TYPE];

export const REPETITION = { required: 0, optional: 1, repeated: 2 } as const;
export type Repetition = (typeof REPETITION)[keyof typeof REPETITION];

/** Types of format 1.0, which older readers look at instead of the logical type. */
export const CONVERTED_TYPE = {
  utf8: 0,
  map: 1,
  list: 3,
  decimal: 5,
  date: 6,
  timestampMicros: 10,
  int8: 15,
  int16: 16,
  int32: 17,
  int64: 18,
} as const;
export type ConvertedType = (typeof CONVERTED_TYPE)[keyof typeof CONVERTED_TYPE];

export const ENCODING = { plain: 0, rle: 3, deltaBinaryPacked: 5, rleDictionary: 8 } as const;
export type Encoding = (typeof ENCODING)[keyof typeof ENCODING];

export const CODEC = { uncompressed: 0, snappy: 1, gzip: 2, zstd: 6 } as const;
export type Codec = (typeof CODEC)[keyof typeof CODEC];

export const PAGE_TYPE = { data: 0, dictionary: 2 } as const;
export type PageType = (typeof PAGE_TYPE)[keyof typeof PAGE_TYPE];

/** The format keeps page sizes in an i32. */
export const MAX_PAGE_BYTES = 0x7fff_ffff;
