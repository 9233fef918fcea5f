// SPDX-License-Identifier: Apache-2.0
import {
  type BlockBuilder,
  type BytesColumn,
  ELEMENTS_PER_ROW,
  type FixedColumn,
} from "@sluice/delta";
import { viewOf } from "../buffer-view.ts";
import { BytesSink, writeNull } from "../bytes-sink.ts";
import { isDate, isTimestamp } from "../calendar.ts";
import type { RecordDecoder, RecordFailure } from "../decoder.ts";
import { type ProtoFault, protoFailure } from "./proto-failure.ts";
import { NestedProtoReader } from "./nested-reader.ts";
import { isRequired, type ProtoField, type ProtoFieldPlan } from "./proto-field.ts";
import { DecimalReader } from "../decimal-reader.ts";
import { characterCount } from "../text-length.ts";

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Decodes protobuf records by looking each field up in a table: the plain statement of what the generated decoder
 * does, which stands in for it where code cannot be generated.
 *
 * The rules: fields in any order; of a repeated scalar the last one wins, and of a oneof the member that came last; a field whose number the descriptor does not
 * name is skipped, and one whose wire type is not that of its declared type is a fault; groups are malformed; a varint has
 * ten bytes at most, of which the bits beyond the 64th are dropped, and a fault where a 32-bit type does not hold it; dates
 * and timestamps are of the years 1 to 9999; an absent field is null, or a fault where its column is NOT NULL.
 */
export class InterpretedProtoDecoder implements RecordDecoder {
  failure: RecordFailure | undefined = undefined;
  readonly #plan: ProtoFieldPlan;
  readonly #builder: BlockBuilder;
  readonly #fieldByTag: ReadonlyMap<number, ProtoField>;
  readonly #fieldByNumber: ReadonlyMap<number, ProtoField>;
  readonly #present: Uint8Array;
  /** By oneof, the member that is set. */
  readonly #chosen: (ProtoField | undefined)[];
  /** By column; `undefined` for a column of fixed-size values. */
  readonly #sinks: readonly (BytesSink | undefined)[];
  #buffer: Uint8Array = new Uint8Array(0);
  #position = 0;
  #end = 0;
  /** `nested` where the reader of nested columns knows more. */
  #fault: ProtoFault | "nested" | undefined = undefined;
  readonly #nested: NestedProtoReader;
  readonly #decimals = new DecimalReader();
  #low = 0;
  #high = 0;

  constructor(plan: ProtoFieldPlan, builder: BlockBuilder) {
    this.#plan = plan;
    this.#builder = builder;
    this.#fieldByTag = new Map(
      plan.fields.flatMap((field): [number, ProtoField][] =>
        field.otherTag === 0
          ? [[field.tag, field]]
          : [
              [field.tag, field],
              [field.otherTag, field],
            ],
      ),
    );
    this.#fieldByNumber = new Map(plan.fields.map((field) => [field.number, field]));
    this.#nested = new NestedProtoReader(plan, builder);
    this.#present = new Uint8Array(plan.columns.length);
    this.#chosen = Array.from({ length: plan.oneofCount }, () => undefined);
    this.#sinks = builder.columns.map((column) =>
      column.kind === "bytes" ? new BytesSink(column) : undefined,
    );
  }

  decode(buffer: Uint8Array, start: number, end: number): boolean {
    this.#buffer = buffer;
    this.#position = start;
    this.#end = end;
    this.#fault = undefined;
    this.#present.fill(0);
    this.#chosen.fill(undefined);
    const builder = this.#builder;
    const row = builder.rowCount;
    if (row === builder.rowCapacity) builder.growRows();
    this.#nested.begin(buffer, viewOf(buffer), start);
    while (this.#position < end) {
      const fieldStart = this.#position;
      const field = this.#readField(row);
      if (this.#fault !== undefined) {
        if (this.#fault === "nested") return this.#failNested();
        const column = field === undefined ? undefined : this.#plan.columns[field.columnIndex];
        this.failure = protoFailure(this.#fault, column, fieldStart - start);
        return false;
      }
    }
    if (!this.#completeRow(row, end - start)) return false;
    if (!this.#nested.finish(row, end)) return this.#failNested();
    builder.rowCount = row + 1;
    return true;
  }

  #failNested(): false {
    this.failure = this.#nested.failure;
    return false;
  }

  #readNested(field: ProtoField, tag: number): void {
    this.#present[field.columnIndex] = 1;
    const next = this.#nested.read(field.nestedIndex, tag, this.#position, this.#end);
    if (next < 0) this.#fault = "nested";
    else this.#position = next;
  }

  /** Reads or skips one field; returns the one it concerns. */
  #readField(row: number): ProtoField | undefined {
    this.#readVarint();
    if (this.#fault !== undefined) return undefined;
    const tag = this.#low >>> 0;
    if (this.#high !== 0 || tag < 8) {
      this.#fault = "malformed";
      return undefined;
    }
    const field = this.#fieldByTag.get(tag);
    if (field === undefined) {
      const known = this.#fieldByNumber.get(tag >>> 3);
      if (known === undefined) this.#skip(tag & 7);
      else this.#fault = "wrong_wire_type";
      return known;
    }
    if (field.oneof >= 0) this.#choose(field);
    if (field.nestedIndex >= 0) {
      this.#readNested(field, tag);
      return field;
    }
    const column = this.#builder.columns[field.columnIndex] as BytesColumn | FixedColumn;
    const sink = this.#sinks[field.columnIndex];
    if (sink !== undefined) this.#readBytesValue(field, sink, row);
    else this.#readFixedValue(field, column as FixedColumn, row);
    if (this.#fault === undefined) {
      if (column.validity !== null) column.validity[row] = 1;
      this.#present[field.columnIndex] = 1;
    }
    return field;
  }

  /** Makes the member of a oneof that is about to be read the only one. */
  #choose(field: ProtoField): void {
    const chosen = this.#chosen[field.oneof];
    this.#chosen[field.oneof] = field;
    if (chosen === undefined || chosen === field) return;
    this.#present[chosen.columnIndex] = 0;
    if (chosen.nestedIndex >= 0) this.#nested.clear(chosen.nestedIndex);
  }

  #completeRow(row: number, recordBytes: number): boolean {
    for (const [index, column] of this.#plan.columns.entries()) {
      if (this.#present[index] === 1 || !isRequired(column)) continue;
      this.failure = protoFailure("missing_required", column, recordBytes);
      return false;
    }
    for (const [index, column] of this.#builder.columns.entries()) {
      if (this.#present[index] === 0 && column.kind !== "nested") writeNull(column, row);
    }
    return true;
  }

  #readBytesValue(field: ProtoField, sink: BytesSink, row: number): void {
    const byteCount = this.#readLength();
    if (this.#fault !== undefined) return;
    const from = this.#position;
    this.#position += byteCount;
    const view = viewOf(this.#buffer);
    if (field.operation === "bytes") {
      sink.writeBytes(row, this.#buffer, view, from, byteCount);
    } else if (!sink.writeText(row, this.#buffer, view, from, byteCount)) {
      this.#fault = "invalid_utf8";
    } else if (
      field.limits.maxCharacters > 0 &&
      characterCount(this.#buffer, from, from + byteCount) > field.limits.maxCharacters
    ) {
      this.#fault = "out_of_range";
    }
  }

  #readDecimal({ limits }: ProtoField, column: FixedColumn, row: number): void {
    const byteCount = this.#readLength();
    if (this.#fault !== undefined || limits.decimal === undefined) return;
    const from = this.#position;
    this.#position += byteCount;
    const outcome = this.#decimals.read(this.#buffer, from, this.#position, limits.decimal);
    if (outcome !== "ok") this.#fault = outcome === "outOfRange" ? "out_of_range" : "wrong_type";
    const wordCount = ELEMENTS_PER_ROW[column.kind];
    for (let word = 0; word < wordCount; word++) {
      column.values[row * wordCount + word] = this.#decimals.words[word] as number;
    }
  }

  #storeInteger({ limits }: ProtoField, column: FixedColumn, row: number, value: number): void {
    const unusedBits = limits.integerBits === 0 ? 0 : 32 - limits.integerBits;
    const isInRange =
      (value << unusedBits) >> unusedBits === value &&
      (limits.calendar !== "date" || isDate(value));
    if (this.#fault === undefined && !isInRange) this.#fault = "out_of_range";
    column.values[row] = value;
  }

  #readFixedValue(field: ProtoField, column: FixedColumn, row: number): void {
    const { values } = column;
    switch (field.operation) {
      case "bool":
        this.#readVarint();
        values[row] = this.#low === 0 && this.#high === 0 ? 0 : 1;
        return;
      case "int32":
        this.#readSigned32();
        this.#storeInteger(field, column, row, this.#low);
        return;
      case "sint32":
        this.#readUnsigned32();
        this.#storeInteger(field, column, row, unzigzag32(this.#low));
        return;
      case "sfixed32":
        this.#storeInteger(field, column, row, this.#readFixed(4).getInt32(0, true));
        return;
      case "decimal":
        this.#readDecimal(field, column, row);
        return;
      case "float":
      case "floatAsDouble":
        values[row] = this.#readFixed(4).getFloat32(0, true);
        return;
      case "double":
        values[row] = this.#readFixed(8).getFloat64(0, true);
        return;
      default:
        this.#readLong(field);
        if (
          this.#fault === undefined &&
          field.limits.calendar === "timestamp" &&
          !isTimestamp(this.#low, this.#high)
        ) {
          this.#fault = "out_of_range";
        }
        values[row * 2] = this.#low;
        values[row * 2 + 1] = this.#high;
    }
  }

  /** Reads a value of an int64 column into `#low` and `#high`. */
  #readLong(field: ProtoField): void {
    switch (field.operation) {
      case "sint64": {
        this.#readVarint();
        const sign = -(this.#low & 1);
        this.#low = ((this.#low >>> 1) | (this.#high << 31)) ^ sign;
        this.#high = (this.#high >>> 1) ^ sign;
        return;
      }
      case "sfixed64": {
        const bytes = this.#readFixed(8);
        this.#low = bytes.getInt32(0, true);
        this.#high = bytes.getInt32(4, true);
        return;
      }
      case "int32AsInt64":
        this.#readSigned32();
        return;
      case "sint32AsInt64":
        this.#readUnsigned32();
        this.#low = unzigzag32(this.#low);
        this.#high = this.#low >> 31;
        return;
      case "sfixed32AsInt64":
        this.#low = this.#readFixed(4).getInt32(0, true);
        this.#high = this.#low >> 31;
        return;
      case "uint32AsInt64":
        this.#readUnsigned32();
        return;
      case "fixed32AsInt64":
        this.#low = this.#readFixed(4).getInt32(0, true);
        this.#high = 0;
        return;
      default:
        this.#readVarint();
    }
  }

  /** Reads an int32, which is a varint of 64 bits with its sign extended. */
  #readSigned32(): void {
    this.#readVarint();
    if (this.#fault === undefined && this.#high !== this.#low >> 31) this.#fault = "out_of_range";
  }

  #readUnsigned32(): void {
    this.#readVarint();
    if (this.#fault === undefined && this.#high !== 0) this.#fault = "out_of_range";
  }

  #readVarint(): void {
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      if (this.#position >= this.#end) {
        this.#fault = "truncated";
        return;
      }
      const byte = this.#buffer[this.#position++] as number;
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * index - 32);
      if (byte < 0x80) {
        this.#low = low;
        this.#high = high;
        return;
      }
    }
    this.#fault = "malformed";
  }

  #readLength(): number {
    this.#readVarint();
    if (this.#fault !== undefined) return 0;
    const byteCount = (this.#high >>> 0) * 4_294_967_296 + (this.#low >>> 0);
    if (byteCount > this.#end - this.#position) {
      this.#fault = "truncated";
      return 0;
    }
    return byteCount;
  }

  #readFixed(byteCount: 4 | 8): DataView {
    if (byteCount > this.#end - this.#position) {
      this.#fault = "truncated";
      return scratch;
    }
    for (let index = 0; index < byteCount; index++) {
      scratch.setUint8(index, this.#buffer[this.#position++] as number);
    }
    return scratch;
  }

  #skip(wireType: number): void {
    switch (wireType) {
      case 0:
        this.#readVarint();
        return;
      case 1:
        this.#readFixed(8);
        return;
      case 2: {
        const byteCount = this.#readLength();
        this.#position += byteCount;
        return;
      }
      case 5:
        this.#readFixed(4);
        return;
      default:
        this.#fault = "malformed";
    }
  }
}

function unzigzag32(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
