// SPDX-License-Identifier: Apache-2.0
import { isTimestamp } from "../calendar.ts";
import type { RecordFailure } from "../decoder.ts";
import { DecimalReader } from "../decimal-reader.ts";
import { characterCount } from "../text-length.ts";
import { type ProtoFault, protoFailure } from "./proto-failure.ts";
import { isRequired, type ProtoFieldPlan } from "./proto-field.ts";

/** What the varint reader returns instead of a position. */
const TRUNCATED = -1;
const MALFORMED = -2;

/** Field index that stands for none. */
const NO_FIELD = -1;

/**
 * The part of a generated decoder that is not generated: the less frequent cases, and failures. Positions are indexes
 * into the buffer; a function that reads returns the position behind what it read, or a negative number.
 */
export class GeneratedRuntime {
  failure: RecordFailure | undefined = undefined;
  /** The varint read last, as two int32 halves. */
  low = 0;
  high = 0;
  /** The decimal read last; see {@link GeneratedRuntime.readDecimal}. */
  readonly words: Int32Array;
  readonly #decimals: DecimalReader = new DecimalReader();
  readonly #plan: ProtoFieldPlan;
  readonly #indexByNumber: ReadonlyMap<number, number>;
  readonly #wordByTag: ReadonlyMap<number, number>;

  constructor(plan: ProtoFieldPlan) {
    this.#plan = plan;
    this.#wordByTag = new Map(
      plan.fields.flatMap(({ tag, otherTag }, index) => {
        const word = Math.floor(index / FIELDS_PER_WORD);
        return tagsOf(tag, otherTag).map((known) => [known, word] as const);
      }),
    );
    this.#indexByNumber = new Map(plan.fields.map(({ number }, index) => [number, index]));
    this.words = this.#decimals.words;
  }

  /**
   * Reads a varint of up to ten bytes into `low` and `high`; bits beyond the 64th are dropped. Takes eight bytes at
   * a time as two words where so many are left.
   */
  varint(buffer: Uint8Array, view: DataView, position: number, end: number): number {
    if (end - position < 10) return this.#varintNearEnd(buffer, position, end);
    const first = view.getInt32(position, true);
    let stops = ~first & CONTINUATION_BITS;
    if (stops !== 0) {
      this.low = sevenBitGroups(first & (stops ^ (stops - 1)));
      this.high = 0;
      return position + bytesUpTo(stops);
    }
    const second = view.getInt32(position + 4, true);
    stops = ~second & CONTINUATION_BITS;
    if (stops === 0) return this.#longVarint(buffer, position, first, second);
    const upper = sevenBitGroups(second & (stops ^ (stops - 1)));
    this.low = sevenBitGroups(first) | (upper << 28);
    this.high = upper >>> 4;
    return position + 4 + bytesUpTo(stops);
  }

  /** The word with the flag of the field that a tag is of, -1 for none. */
  wordOf(tag: number): number {
    return this.#wordByTag.get(tag) ?? -1;
  }

  /** Checks that a varint which {@link GeneratedRuntime.varint} read is a length that fits; the length is in `low`. */
  fits(position: number, end: number): boolean {
    return this.high === 0 && this.low >= 0 && this.low <= end - position;
  }

  /** Whether the value of the field at `fieldIndex` is a timestamp that its column takes; false after a failure. */
  isTimestamp(low: number, high: number, fieldIndex: number, byteOffset: number): boolean {
    return isTimestamp(low, high) || this.fail("out_of_range", fieldIndex, byteOffset) >= 0;
  }

  /** Whether text of `byteCount` bytes, more than `limit`, has at most `limit` characters. */
  hasRoom(buffer: Uint8Array, position: number, byteCount: number, limit: number): boolean {
    return characterCount(buffer, position, position + byteCount) <= limit;
  }

  /** Reads the decimal text of the field at `fieldIndex` into `words`; false after a failure. */
  readDecimal(
    buffer: Uint8Array,
    position: number,
    byteCount: number,
    fieldIndex: number,
    byteOffset: number,
  ): boolean {
    const format = this.#plan.fields[fieldIndex]?.limits.decimal;
    if (format === undefined) throw new TypeError(`field ${fieldIndex} is not a decimal`);
    const outcome = this.#decimals.read(buffer, position, position + byteCount, format);
    if (outcome === "ok") return true;
    this.fail(outcome === "outOfRange" ? "out_of_range" : "wrong_type", fieldIndex, byteOffset);
    return false;
  }

  /** As {@link GeneratedRuntime.skip}, for a field of the record: one of the plan has another wire type then. */
  skipUnknown(
    buffer: Uint8Array,
    view: DataView,
    position: number,
    end: number,
    tag: number,
    byteOffset: number,
  ): number {
    const index = this.#indexByNumber.get(tag >>> 3);
    return index === undefined
      ? this.skip(buffer, view, position, end, tag, byteOffset)
      : this.fail("wrong_wire_type", index, byteOffset);
  }

  /** Steps over the value of a field that the descriptor does not name; -1 after a failure. */
  skip(
    buffer: Uint8Array,
    view: DataView,
    position: number,
    end: number,
    tag: number,
    byteOffset: number,
  ): number {
    if (tag < 8) return this.fail("malformed", NO_FIELD, byteOffset);
    let next: number;
    switch (tag & 7) {
      case 0:
        next = this.varint(buffer, view, position, end);
        break;
      case 1:
        next = position + 8;
        break;
      case 2:
        next = this.varint(buffer, view, position, end);
        if (next >= 0) next = this.fits(next, end) ? next + this.low : TRUNCATED;
        break;
      case 5:
        next = position + 4;
        break;
      default:
        next = MALFORMED;
    }
    if (next > end) next = TRUNCATED;
    return next < 0 ? this.failRead(next, NO_FIELD, byteOffset) : next;
  }

  /** Records what a negative position means; any other stands behind a varint that the field cannot hold. Always -1. */
  failRead(position: number, fieldIndex: number, byteOffset: number): number {
    const fault = position < 0 ? varintFault(position) : "out_of_range";
    return this.fail(fault, fieldIndex, byteOffset);
  }

  /** Records a failure of the field at `fieldIndex` of the plan. Always -1. */
  fail(fault: ProtoFault, fieldIndex: number, byteOffset: number): number {
    const field = this.#plan.fields[fieldIndex];
    const column = field === undefined ? undefined : this.#plan.columns[field.columnIndex];
    this.failure = protoFailure(fault, column, byteOffset);
    return -1;
  }

  /** Takes over a failure of the reader of nested columns. Always false. */
  failNested(nested: { readonly failure: RecordFailure | undefined }): false {
    this.failure = nested.failure;
    return false;
  }

  /** Records the first NOT NULL column, in table order, that is not among the fields seen. Always false. */
  failMissing(seen: readonly number[], recordBytes: number): false {
    const { fields, columns } = this.#plan;
    const present = new Set<number>();
    for (const [index, field] of fields.entries()) {
      const word = seen[Math.floor(index / FIELDS_PER_WORD)] as number;
      if ((word & (1 << (index % FIELDS_PER_WORD))) !== 0) present.add(field.columnIndex);
    }
    const missing = columns.find((column, index) => isRequired(column) && !present.has(index));
    this.failure = protoFailure("missing_required", missing, recordBytes);
    return false;
  }

  /** A varint of nine or ten bytes, the first eight of which are given. */
  #longVarint(buffer: Uint8Array, position: number, first: number, second: number): number {
    const upper = sevenBitGroups(second);
    const ninth = buffer[position + 8] as number;
    const tenth = ninth < 0x80 ? 0 : (buffer[position + 9] as number);
    if (tenth >= 0x80) return MALFORMED;
    this.low = sevenBitGroups(first) | (upper << 28);
    this.high = (upper >>> 4) | ((ninth & 0x7f) << 24) | (tenth << 31);
    return position + (ninth < 0x80 ? 9 : 10);
  }

  #varintNearEnd(buffer: Uint8Array, from: number, end: number): number {
    let low = 0;
    let high = 0;
    let position = from;
    for (let shift = 0; position < end; shift += 7) {
      const byte = buffer[position++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift > 28) high |= bits << (shift - 32);
      else {
        low |= bits << 28;
        high = bits >>> 4;
      }
      if (byte < 0x80) {
        this.low = low;
        this.high = high;
        return position;
      }
    }
    return TRUNCATED;
  }
}

function tagsOf(tag: number, otherTag: number): number[] {
  return otherTag === 0 ? [tag] : [tag, otherTag];
}

/** What a negative result of {@link GeneratedRuntime.varint} means. */
export function varintFault(position: number): "malformed" | "truncated" {
  return position === MALFORMED ? "malformed" : "truncated";
}

/** Fields whose presence one int32 of flags records; all of them stay small integers for the engine. */
export const FIELDS_PER_WORD = 30;

/** The bit of each byte of a word that says whether the varint goes on. */
const CONTINUATION_BITS = 0x8080_8080 | 0;

/** Joins the lower seven bits of the four bytes of a word. */
function sevenBitGroups(word: number): number {
  return (
    (word & 0x7f) |
    ((word >>> 1) & 0x3f80) |
    ((word >>> 2) & 0x1f_c000) |
    ((word >>> 3) & 0xfe0_0000)
  );
}

/** How many bytes of a word go up to and including the first whose top bit is set in `stops`. */
function bytesUpTo(stops: number): number {
  return ((31 - Math.clz32(stops & -stops)) >>> 3) + 1;
}
