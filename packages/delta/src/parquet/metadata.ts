// SPDX-License-Identifier: Apache-2.0
import type { Bounds, ColumnSummary } from "./column-summary.ts";
import type { FileSchema, Leaf, SchemaElement } from "./file-schema.ts";
import {
  type Codec,
  ENCODING,
  type Encoding,
  PAGE_TYPE,
  type PageType,
  PHYSICAL_TYPE,
} from "./format.ts";
import type { LogicalType } from "./leaf-types.ts";
import { THRIFT_TYPE, ThriftWriter } from "./thrift-compact.ts";

/**
 * The structs of `parquet.thrift`, each written with the field ids of that file. Fields not written are optional
 * there.
 */

export interface PageHeader {
  /** Rows of a data page, nulls included, or entries of a dictionary page. */
  readonly valueCount: number;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
  /** CRC-32 of the body as stored, as a signed 32-bit integer. */
  readonly checksum: number;
}

export interface ColumnChunkMetadata {
  readonly leaf: Leaf;
  readonly codec: Codec;
  /** Of the values in its data pages. */
  readonly encoding: Encoding;
  readonly entryCount: number;
  /** Data pages. */
  readonly pageCount: number;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
  /** Where its first page starts in the file. */
  readonly fileOffset: number;
  /** Of its dictionary page as it is in the file, 0 without one. */
  readonly dictionaryPageBytes: number;
  readonly summary: ColumnSummary;
}

export interface RowGroupMetadata {
  readonly rowCount: number;
  readonly columns: readonly ColumnChunkMetadata[];
}

export interface FileMetadata {
  readonly schema: FileSchema;
  readonly rowCount: number;
  readonly rowGroups: readonly RowGroupMetadata[];
  readonly createdBy: string;
}

const FORMAT_VERSION = 1;
const ROOT_NAME = "schema";

/** PageHeader with a DataPageHeader (V1). What `writer` held before is dropped. */
export function dataPageHeader(
  writer: ThriftWriter,
  header: PageHeader,
  encoding: Encoding,
): Uint8Array {
  beginPageHeader(writer, PAGE_TYPE.data, header);
  writer.beginStruct(5);
  writer.writeI32(1, header.valueCount);
  writer.writeI32(2, encoding);
  writer.writeI32(3, ENCODING.rle);
  writer.writeI32(4, ENCODING.rle);
  writer.endStruct();
  writer.endStruct();
  return writer.toBytes();
}

/** PageHeader with a DictionaryPageHeader. What `writer` held before is dropped. */
export function dictionaryPageHeader(writer: ThriftWriter, header: PageHeader): Uint8Array {
  beginPageHeader(writer, PAGE_TYPE.dictionary, header);
  writer.beginStruct(7);
  writer.writeI32(1, header.valueCount);
  writer.writeI32(2, ENCODING.plain);
  writer.endStruct();
  writer.endStruct();
  return writer.toBytes();
}

function beginPageHeader(writer: ThriftWriter, pageType: PageType, header: PageHeader): void {
  writer.reset();
  writer.beginElement();
  writer.writeI32(1, pageType);
  writer.writeI32(2, header.uncompressedBytes);
  writer.writeI32(3, header.compressedBytes);
  writer.writeI32(4, header.checksum);
}

/** FileMetaData, the footer without its length and magic. */
export function fileMetadata(file: FileMetadata): Uint8Array {
  const writer = new ThriftWriter();
  const { elements, rootChildCount, leaves } = file.schema;
  writer.beginElement();
  writer.writeI32(1, FORMAT_VERSION);
  writer.beginList(2, THRIFT_TYPE.struct, elements.length + 1);
  writeRoot(writer, rootChildCount);
  for (const element of elements) writeSchemaElement(writer, element);
  writer.writeI64(3, file.rowCount);
  writer.beginList(4, THRIFT_TYPE.struct, file.rowGroups.length);
  for (const rowGroup of file.rowGroups) writeRowGroup(writer, rowGroup);
  writer.writeString(6, file.createdBy);
  writer.beginList(7, THRIFT_TYPE.struct, leaves.length);
  for (let index = 0; index < leaves.length; index++) writeTypeDefinedOrder(writer);
  writer.endStruct();
  return writer.toBytes();
}

function writeRoot(writer: ThriftWriter, childCount: number): void {
  writer.beginElement();
  writer.writeString(4, ROOT_NAME);
  writer.writeI32(5, childCount);
  writer.endStruct();
}

function writeSchemaElement(writer: ThriftWriter, element: SchemaElement): void {
  const { leafType } = element;
  writer.beginElement();
  if (leafType !== null) writer.writeI32(1, leafType.physicalType);
  if (leafType !== null && leafType.typeLength > 0) writer.writeI32(2, leafType.typeLength);
  writer.writeI32(3, element.repetition);
  writer.writeString(4, element.name);
  if (leafType === null) writer.writeI32(5, element.childCount);
  if (element.convertedType !== null) writer.writeI32(6, element.convertedType);
  if (leafType !== null && leafType.logicalType?.kind === "decimal") {
    writer.writeI32(7, leafType.logicalType.scale);
    writer.writeI32(8, leafType.logicalType.precision);
  }
  if (element.fieldId !== null) writer.writeI32(9, element.fieldId);
  if (element.logicalType !== null) {
    writer.beginStruct(10);
    writeLogicalType(writer, element.logicalType);
    writer.endStruct();
  }
  writer.endStruct();
}

/** The one member of the LogicalType union. */
function writeLogicalType(writer: ThriftWriter, logicalType: LogicalType): void {
  switch (logicalType.kind) {
    case "string":
      writer.beginStruct(1);
      break;
    case "map":
      writer.beginStruct(2);
      break;
    case "list":
      writer.beginStruct(3);
      break;
    case "decimal":
      writer.beginStruct(5);
      writer.writeI32(1, logicalType.scale);
      writer.writeI32(2, logicalType.precision);
      break;
    case "date":
      writer.beginStruct(6);
      break;
    case "timestampMicros":
      writer.beginStruct(8);
      writer.writeBoolean(1, logicalType.isAdjustedToUtc);
      writer.beginStruct(2);
      writer.beginStruct(2);
      writer.endStruct();
      writer.endStruct();
      break;
    case "integer":
      writer.beginStruct(10);
      writer.writeI8(1, logicalType.bitWidth);
      writer.writeBoolean(2, true);
      break;
  }
  writer.endStruct();
}

function writeRowGroup(writer: ThriftWriter, rowGroup: RowGroupMetadata): void {
  let uncompressedBytes = 0;
  let compressedBytes = 0;
  for (const column of rowGroup.columns) {
    uncompressedBytes += column.uncompressedBytes;
    compressedBytes += column.compressedBytes;
  }
  writer.beginElement();
  writer.beginList(1, THRIFT_TYPE.struct, rowGroup.columns.length);
  for (const column of rowGroup.columns) writeColumnChunk(writer, column);
  writer.writeI64(2, uncompressedBytes);
  writer.writeI64(3, rowGroup.rowCount);
  const first = rowGroup.columns[0];
  if (first !== undefined) writer.writeI64(5, first.fileOffset);
  writer.writeI64(6, compressedBytes);
  writer.endStruct();
}

function writeColumnChunk(writer: ThriftWriter, column: ColumnChunkMetadata): void {
  const { leaf, encoding, dictionaryPageBytes } = column;
  const isDictionary = dictionaryPageBytes > 0;
  writer.beginElement();
  // Offset of a copy of the metadata outside the footer; there is none.
  writer.writeI64(2, 0);
  writer.beginStruct(3);
  writer.writeI32(1, leaf.physicalType);
  writer.writeI32List(
    2,
    isDictionary ? [ENCODING.plain, ENCODING.rle, encoding] : [encoding, ENCODING.rle],
  );
  writer.writeStringList(3, leaf.path);
  writer.writeI32(4, column.codec);
  writer.writeI64(5, column.entryCount);
  writer.writeI64(6, column.uncompressedBytes);
  writer.writeI64(7, column.compressedBytes);
  writer.writeI64(9, column.fileOffset + dictionaryPageBytes);
  if (isDictionary) writer.writeI64(11, column.fileOffset);
  writer.beginStruct(12);
  writeStatistics(writer, leaf, column.summary);
  writer.endStruct();
  writer.beginList(13, THRIFT_TYPE.struct, isDictionary ? 2 : 1);
  if (isDictionary) writePageCount(writer, PAGE_TYPE.dictionary, ENCODING.plain, 1);
  writePageCount(writer, PAGE_TYPE.data, encoding, column.pageCount);
  writer.endStruct();
  writer.endStruct();
}

/** PageEncodingStats */
function writePageCount(
  writer: ThriftWriter,
  pageType: PageType,
  encoding: Encoding,
  count: number,
): void {
  writer.beginElement();
  writer.writeI32(1, pageType);
  writer.writeI32(2, encoding);
  writer.writeI32(3, count);
  writer.endStruct();
}

/** Fields 1 and 2 are the bounds of old readers, in an order that was never defined: not written. */
function writeStatistics(writer: ThriftWriter, leaf: Leaf, summary: ColumnSummary): void {
  const { bounds, nullCount } = summary;
  writer.writeI64(3, nullCount);
  if (bounds === null) return;
  const { min, max, isMinExact, isMaxExact } = encodedBounds(leaf, bounds);
  if (max !== null) writer.writeBinary(5, max);
  writer.writeBinary(6, min);
  if (max !== null) writer.writeBoolean(7, isMaxExact);
  writer.writeBoolean(8, isMinExact);
}

interface EncodedBounds {
  readonly min: Uint8Array;
  readonly max: Uint8Array | null;
  readonly isMinExact: boolean;
  readonly isMaxExact: boolean;
}

/** Bounds are PLAIN values, byte strings without their length. */
function encodedBounds(leaf: Leaf, bounds: Bounds): EncodedBounds {
  if (bounds.kind === "bytes") return bounds;
  return {
    min: plainValue(leaf, bounds.min),
    max: plainValue(leaf, bounds.max),
    isMinExact: true,
    isMaxExact: true,
  };
}

function plainValue(leaf: Leaf, value: number | bigint | boolean): Uint8Array {
  if (leaf.typeLength > 0) return bigEndianBytes(value as bigint, leaf.typeLength);
  const is8Bytes =
    leaf.physicalType === PHYSICAL_TYPE.int64 || leaf.physicalType === PHYSICAL_TYPE.double;
  if (typeof value === "boolean") return Uint8Array.of(value ? 1 : 0);
  const view = new DataView(new ArrayBuffer(is8Bytes ? 8 : 4));
  if (typeof value === "bigint") view.setBigInt64(0, value, true);
  else if (leaf.physicalType === PHYSICAL_TYPE.double) view.setFloat64(0, value, true);
  else if (leaf.physicalType === PHYSICAL_TYPE.float) view.setFloat32(0, value, true);
  else view.setInt32(0, value, true);
  return new Uint8Array(view.buffer);
}

/** Two's complement, most significant byte first. */
function bigEndianBytes(value: bigint, byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  let rest = value;
  for (let index = byteCount - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

function writeTypeDefinedOrder(writer: ThriftWriter): void {
  writer.beginElement();
  writer.beginStruct(1);
  writer.endStruct();
  writer.endStruct();
}
