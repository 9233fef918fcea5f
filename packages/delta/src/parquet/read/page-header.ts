// SPDX-License-Identifier: Apache-2.0
import { type ByteCursor, FormatProblem } from "./byte-cursor.ts";

/** What a reader needs of `PageHeader` in `parquet.thrift`. */
export interface PageHeader {
  /** `PageType`: 0 data, 1 index, 2 dictionary, 3 data of version 2. */
  readonly type: number;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
  /** Entries, nulls included; values of a dictionary. */
  readonly valueCount: number;
  readonly encoding: number;
  /** Of version 2 only. */
  readonly definitionBytes: number;
  readonly repetitionBytes: number;
  readonly isCompressed: boolean;
}

const STOP = 0;
const TRUE = 1;
const FALSE = 2;
const STRUCT = 12;

/** Fields of a struct by their ids: numbers, booleans and structs; the rest is passed over. */
type Fields = ReadonlyMap<number, number | boolean | Fields>;

/** @throws FormatProblem for what is no page header. */
export function readPageHeader(cursor: ByteCursor): PageHeader {
  const header = readStruct(cursor, 0);
  const type = numberOf(header, 1);
  const body = header.get(type === 3 ? 8 : type === 2 ? 7 : 5);
  if (!(body instanceof Map)) throw new FormatProblem(`a page of type ${type} lacks its header`);
  const isSecond = type === 3;
  return {
    type,
    uncompressedBytes: numberOf(header, 2),
    compressedBytes: numberOf(header, 3),
    valueCount: numberOf(body, 1),
    encoding: numberOf(body, isSecond ? 4 : 2),
    definitionBytes: isSecond ? numberOf(body, 5) : 0,
    repetitionBytes: isSecond ? numberOf(body, 6) : 0,
    isCompressed: body.get(7) !== false,
  };
}

function numberOf(fields: Fields, id: number): number {
  const value = fields.get(id);
  if (typeof value === "number" && value >= 0) return value;
  throw new FormatProblem(`a page header lacks field ${id}`);
}

const MAX_DEPTH = 8;

function readStruct(cursor: ByteCursor, depth: number): Fields {
  if (depth > MAX_DEPTH) throw new FormatProblem("a page header is nested too deeply");
  const fields = new Map<number, number | boolean | Fields>();
  let id = 0;
  for (;;) {
    const head = cursor.byte();
    const type = head & 0x0f;
    if (type === STOP) return fields;
    const delta = head >> 4;
    id = delta === 0 ? Number(cursor.zigzag64()) : id + delta;
    const value = readValue(cursor, type, depth);
    if (value !== undefined) fields.set(id, value);
  }
}

function readValue(
  cursor: ByteCursor,
  type: number,
  depth: number,
): number | boolean | Fields | undefined {
  switch (type) {
    case TRUE:
    case FALSE:
      return type === TRUE;
    case 3:
      cursor.skip(1);
      return undefined;
    case 4:
    case 5:
    case 6:
      return Number(cursor.zigzag64());
    case 7:
      cursor.skip(8);
      return undefined;
    case 8:
      cursor.skip(cursor.varint());
      return undefined;
    case 9:
    case 10: {
      const head = cursor.byte();
      const count = head >> 4 === 15 ? cursor.varint() : head >> 4;
      const elementType = head & 0x0f;
      for (let index = 0; index < count; index += 1) {
        if (elementType === TRUE || elementType === FALSE) cursor.skip(1);
        else readValue(cursor, elementType, depth + 1);
      }
      return undefined;
    }
    case STRUCT:
      return readStruct(cursor, depth + 1);
    default:
      throw new FormatProblem(`a page header has a field of type ${type}`);
  }
}
