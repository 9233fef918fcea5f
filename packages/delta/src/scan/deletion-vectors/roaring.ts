// SPDX-License-Identifier: Apache-2.0
import { DecodeProblem } from "../parquet/decode-problem.ts";
import { RowSet } from "./row-set.ts";

/**
 * A deletion vector ("Deletion Vector Format" of the protocol; the bitmaps are those of the Roaring format specification),
 * all numbers little-endian:
 *
 *     vector    := magic:u32 bucketCount:u64 bucket*
 *     bucket    := key:u32 bitmap                            row = key * 2^32 + number in the bitmap
 *     bitmap    := cookie runFlags? container-keys offsets? container*
 *     cookie    := 12346:u32 containerCount:u32              no containers of runs
 *                | 12347:u16 (containerCount - 1):u16        followed by runFlags: a bit for each container
 *     container-keys := (key:u16 (cardinality - 1):u16)*     number = key * 2^16 + number in the container
 *     offsets   := u32*                                      left out with runFlags below 4 containers
 *     container := (start:u16 (length - 1):u16)*             runs, after their count:u16
 *                | u16*                                      up to 4096 numbers
 *                | byte{8192}                                a bit for each number
 */

const MAGIC = 1_681_511_377;
const COOKIE = 12_346;
const COOKIE_WITH_RUNS = 12_347;
const MAX_CONTAINERS = 1 << 16;
const MIN_CONTAINERS_WITH_OFFSETS = 4;
const MAX_ARRAY_NUMBERS = 4096;
const BITMAP_BYTES = 8192;

/**
 * Decodes a vector.
 * @param rowCount of the file that it is for.
 * @throws DecodeProblem for bytes that are none, and for a row that the file does not have.
 */
export function decodeDeletionVector(bytes: Uint8Array, rowCount: number): RowSet {
  const reader = new VectorReader(bytes);
  const magic = reader.uint32();
  if (magic !== MAGIC) throw new DecodeProblem(`a vector that starts with ${magic}, not ${MAGIC}`);
  const bucketCount = reader.uint32();
  if (reader.uint32() !== 0) throw new DecodeProblem("a vector of 2^32 or more buckets");
  const rows = new RowSet(rowCount);
  let previousKey = -1;
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    const key = reader.uint32();
    if (key <= previousKey || key >= 2 ** 31) throw new DecodeProblem(`a bucket of the key ${key}`);
    previousKey = key;
    readBitmap(reader, key * 2 ** 32, rows);
  }
  if (!reader.isAtEnd) throw new DecodeProblem("a vector with bytes behind its end");
  return rows;
}

function readBitmap(reader: VectorReader, base: number, rows: RowSet): void {
  const cookie = reader.uint32();
  const hasRuns = (cookie & 0xffff) === COOKIE_WITH_RUNS;
  if (!hasRuns && cookie !== COOKIE) throw new DecodeProblem(`a bitmap of the kind ${cookie}`);
  const containerCount = hasRuns ? (cookie >>> 16) + 1 : reader.uint32();
  if (containerCount > MAX_CONTAINERS) {
    throw new DecodeProblem(`a bitmap of ${containerCount} containers`);
  }
  const runFlags = hasRuns ? reader.take(Math.ceil(containerCount / 8)) : undefined;
  const containers = Array.from({ length: containerCount }, (_, index) => ({
    base: base + reader.uint16() * 2 ** 16,
    cardinality: reader.uint16() + 1,
    isRuns:
      runFlags !== undefined && (((runFlags[index >>> 3] as number) >>> (index & 7)) & 1) === 1,
  }));
  // The containers follow each other without a gap, so their offsets say nothing new.
  if (!hasRuns || containerCount >= MIN_CONTAINERS_WITH_OFFSETS) reader.take(containerCount * 4);
  for (const container of containers) {
    if (container.isRuns) readRuns(reader, container.base, rows);
    else if (container.cardinality <= MAX_ARRAY_NUMBERS) {
      for (let index = 0; index < container.cardinality; index += 1) {
        addRow(rows, container.base + reader.uint16());
      }
    } else readBits(reader, container.base, rows);
  }
}

function readRuns(reader: VectorReader, base: number, rows: RowSet): void {
  const runCount = reader.uint16();
  for (let run = 0; run < runCount; run += 1) {
    const start = reader.uint16();
    const length = reader.uint16() + 1;
    if (start + length > 2 ** 16) throw new DecodeProblem("a run that leaves its container");
    for (let row = 0; row < length; row += 1) addRow(rows, base + start + row);
  }
}

function readBits(reader: VectorReader, base: number, rows: RowSet): void {
  for (const [index, byte] of reader.take(BITMAP_BYTES).entries()) {
    for (let bit = 0; byte >>> bit !== 0; bit += 1) {
      if (((byte >>> bit) & 1) === 1) addRow(rows, base + index * 8 + bit);
    }
  }
}

function addRow(rows: RowSet, row: number): void {
  if (row >= rows.rowCount) {
    throw new DecodeProblem(`a vector that deletes row ${row} of a file of ${rows.rowCount} rows`);
  }
  rows.add(row);
}

class VectorReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  take(byteCount: number): Uint8Array {
    const start = this.#advance(byteCount);
    return this.#bytes.subarray(start, start + byteCount);
  }

  #advance(byteCount: number): number {
    const start = this.#position;
    if (start + byteCount > this.#bytes.length) throw new DecodeProblem("a vector that ends early");
    this.#position = start + byteCount;
    return start;
  }
}
