// SPDX-License-Identifier: Apache-2.0
import type { RecordFailure } from "../decoder.ts";
import { type ProtoFault, protoFailure } from "./proto-failure.ts";
import type { ProtoFieldPlan } from "./proto-field.ts";

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
  readonly #plan: ProtoFieldPlan;

  constructor(plan: ProtoFieldPlan) {
    this.#plan = plan;
  }

  /** Reads a varint of up to ten bytes into `low` and `high`; bits beyond the 64th are dropped. */
  varint(buffer: Uint8Array, position: number, end: number): number {
    if (end - position < 10) return this.#varintNearEnd(buffer, position, end);
    let byte = buffer[position] as number;
    let low = byte & 0x7f;
    this.high = 0;
    if (byte < 0x80) return this.#lowOnly(low, position + 1);
    byte = buffer[position + 1] as number;
    low |= (byte & 0x7f) << 7;
    if (byte < 0x80) return this.#lowOnly(low, position + 2);
    byte = buffer[position + 2] as number;
    low |= (byte & 0x7f) << 14;
    if (byte < 0x80) return this.#lowOnly(low, position + 3);
    byte = buffer[position + 3] as number;
    low |= (byte & 0x7f) << 21;
    if (byte < 0x80) return this.#lowOnly(low, position + 4);
    byte = buffer[position + 4] as number;
    this.low = low | (byte << 28);
    let high = (byte & 0x7f) >>> 4;
    let next = position + 5;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      if (shift > 31) return MALFORMED;
      byte = buffer[next++] as number;
      high |= (byte & 0x7f) << shift;
    }
    this.high = high;
    return next;
  }

  /** Checks that a varint which {@link GeneratedRuntime.varint} read is a length that fits; the length is in `low`. */
  fits(position: number, end: number): boolean {
    return this.high === 0 && this.low >= 0 && this.low <= end - position;
  }

  /** Steps over the value of a field that the descriptor does not name; -1 after a failure. */
  skip(
    buffer: Uint8Array,
    position: number,
    end: number,
    tag: number,
    byteOffset: number,
  ): number {
    if (tag < 8) return this.fail("malformed", NO_FIELD, byteOffset);
    let next: number;
    switch (tag & 7) {
      case 0:
        next = this.varint(buffer, position, end);
        break;
      case 1:
        next = position + 8;
        break;
      case 2:
        next = this.varint(buffer, position, end);
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

  /** Records what a negative position means. Always -1. */
  failRead(position: number, fieldIndex: number, byteOffset: number): number {
    return this.fail(position === MALFORMED ? "malformed" : "truncated", fieldIndex, byteOffset);
  }

  /** Records a failure of the field at `fieldIndex` of the plan. Always -1. */
  fail(fault: ProtoFault, fieldIndex: number, byteOffset: number): number {
    const field = this.#plan.fields[fieldIndex];
    const column = field === undefined ? undefined : this.#plan.columns[field.columnIndex];
    this.failure = protoFailure(fault, column, byteOffset);
    return -1;
  }

  /** Records the first NOT NULL column, in table order, that is not among the fields seen. Always false. */
  failMissing(seen: readonly number[], recordBytes: number): false {
    const { fields, columns } = this.#plan;
    const present = new Set<number>();
    for (const [index, field] of fields.entries()) {
      const word = seen[Math.floor(index / FIELDS_PER_WORD)] as number;
      if ((word & (1 << (index % FIELDS_PER_WORD))) !== 0) present.add(field.columnIndex);
    }
    const missing = columns.find((column, index) => !column.nullable && !present.has(index));
    this.failure = protoFailure("missing_required", missing, recordBytes);
    return false;
  }

  #lowOnly(low: number, position: number): number {
    this.low = low;
    return position;
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

/** Fields whose presence one int32 of flags records; all of them stay small integers for the engine. */
export const FIELDS_PER_WORD = 30;
