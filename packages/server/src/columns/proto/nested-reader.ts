// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import type { BlockBuilder, NestedColumn } from "@sluice/delta";
import { isDate, isTimestamp } from "../calendar.ts";
import type { RecordFailure } from "../decoder.ts";
import { DecimalReader } from "../decimal-reader.ts";
import { MapKeys } from "../nested/map-keys.ts";
import { RowShredder } from "../nested/row-shredder.ts";
import { shredFailure } from "../nested/shred-failure.ts";
import { ABSENT, IN_RECORD, ValueTree } from "../nested/value-tree.ts";
import { characterCount } from "../text-length.ts";
import { GeneratedRuntime, varintFault } from "./generated-runtime.ts";
import type { NestedProtoColumn, ProtoEdge, ScalarValue } from "./nested-plan.ts";
import { type ProtoFault, protoFailure } from "./proto-failure.ts";
import type { ProtoFieldPlan } from "./proto-field.ts";

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Reads the fields of nested columns into a tree, and the tree into the columns when the record is complete. Both proto
 * decoders use it.
 *
 * The rules: a message that occurs again is merged into the first; of a oneof only the member that came last is kept; elements of lists are collected in the order of the
 * record, packed or not; of the entries of a map with the same key the last one counts, and a key or value that an entry
 * omits has its default; protobuf does not tell an empty list or map from an absent one, so both are null, or empty where
 * the table says NOT NULL. A field of the descriptor with another wire type is a fault, one that it does not name is
 * skipped.
 */
export class NestedProtoReader {
  failure: RecordFailure | undefined = undefined;
  readonly #columns: readonly NestedProtoColumn[];
  readonly #shredders: readonly RowShredder[];
  /** By nested column, the item read so far. */
  readonly #items: Int32Array;
  readonly #tree = new ValueTree();
  readonly #keys = new MapKeys(this.#tree);
  readonly #decimals = new DecimalReader();
  readonly #runtime: GeneratedRuntime;
  #buffer: Uint8Array = new Uint8Array(0);
  #view: DataView = scratch;
  #start = 0;

  constructor(plan: ProtoFieldPlan, builder: BlockBuilder) {
    this.#columns = plan.nested;
    this.#items = new Int32Array(plan.nested.length);
    this.#runtime = new GeneratedRuntime(plan);
    this.#shredders = plan.nested.map(
      ({ field, layout, columnIndex }) =>
        new RowShredder(field, layout, builder.columns[columnIndex] as NestedColumn, true),
    );
  }

  begin(buffer: Uint8Array, view: DataView, start: number): void {
    this.#buffer = buffer;
    this.#view = view;
    this.#start = start;
    this.#tree.reset();
    this.#keys.reset();
    this.#items.fill(ABSENT);
  }

  /**
   * Reads a value of a nested column, whose tag ends at `position`.
   * @returns the position behind it, or -1 after a failure.
   */
  read(index: number, tag: number, position: number, end: number): number {
    const { edge } = this.#columns[index] as NestedProtoColumn;
    if (edge === undefined) return -1;
    const outcome = this.#edge(edge, this.#items[index] as number, tag, position, end);
    this.#items[index] = this.#item;
    return outcome;
  }

  /** Forgets what was read of a column: another member of its oneof has come. */
  clear(index: number): void {
    this.#items[index] = ABSENT;
  }

  /** Writes what was read as row `row`; false after a failure. */
  finish(row: number, end: number): boolean {
    for (const [index, shredder] of this.#shredders.entries()) {
      const item = this.#items[index] as number;
      const fault = shredder.write(row, item, this.#tree, this.#buffer);
      if (fault === undefined) continue;
      this.failure = shredFailure(fault, end - this.#start);
      return false;
    }
    return true;
  }

  /** The item that the last call of `#edge` or `#value` made or added to. */
  #item = ABSENT;

  /** Reads one occurrence of a field; `known` is the item that it has so far. */
  #edge(edge: ProtoEdge, known: number, tag: number, position: number, end: number): number {
    this.#item = known;
    switch (edge.shape) {
      case "single":
        return this.#value(edge, known, position, end);
      case "list":
        return this.#element(edge, known, tag, position, end);
      case "map":
        return this.#entry(edge, known, position, end);
    }
  }

  #element(edge: ProtoEdge, known: number, tag: number, position: number, end: number): number {
    let at = position;
    let stop = position;
    let list = known;
    if (tag === edge.packedTag) {
      at = this.#length(edge, position, end);
      if (at < 0) return -1;
      stop = at + this.#runtime.low;
      if (at === stop) return at;
    }
    do {
      at = this.#value(edge, ABSENT, at, tag === edge.packedTag ? stop : end);
      if (at < 0) return -1;
      const element = this.#item;
      if (list === ABSENT) list = this.#tree.list();
      this.#tree.append(list, element);
      if (this.#tree.isFull) return this.#fail("too_large", edge, position);
    } while (at < stop);
    this.#item = list;
    return at;
  }

  #entry(edge: ProtoEdge, known: number, position: number, end: number): number {
    const key = edge.key as ScalarValue;
    let at = this.#length(edge, position, end);
    if (at < 0) return -1;
    const stop = at + this.#runtime.low;
    let keyItem = ABSENT;
    let valueItem = ABSENT;
    while (at < stop) {
      const from = at;
      const tag = this.#tag(from, stop);
      if (tag < 0) return -1;
      at = this.#position;
      if (tag === 8 + key.wireType) {
        at = this.#scalar(edge, key, at, stop);
        keyItem = this.#item;
      } else if (tag === 16 + wireTypeOf(edge.value)) {
        at = this.#value(edge, valueItem, at, stop);
        valueItem = this.#item;
      } else if (tag >>> 3 === 1 || tag >>> 3 === 2) {
        return this.#fail("wrong_wire_type", edge, from);
      } else at = this.#skip(tag, at, stop, from);
      if (at < 0) return -1;
    }
    const tree = this.#tree;
    if (keyItem === ABSENT) keyItem = this.#default(key);
    if (valueItem === ABSENT) valueItem = this.#default(edge.value);
    const map = known === ABSENT ? tree.list() : known;
    const isBytes = key.operation === "string";
    if (tree.isFull) return this.#fail("too_large", edge, position);
    const link = this.#keys.find(map, keyItem, isBytes, this.#buffer);
    if (link !== 0) tree.cells[link + 1] = valueItem;
    else {
      this.#keys.added(map, tree.appendEntry(map, keyItem, valueItem), isBytes, this.#buffer);
    }
    if (tree.isFull) return this.#fail("too_large", edge, position);
    this.#item = map;
    return stop;
  }

  /** What protobuf takes for a part of a map entry that is not there. */
  #default(value: ProtoEdge["value"]): number {
    if (value.kind === "message") return this.#tree.allocate(value.cellCount);
    return this.#tree.allocate(4);
  }

  #value(edge: ProtoEdge, known: number, position: number, end: number): number {
    const { value } = edge;
    if (value.kind === "scalar") return this.#scalar(edge, value, position, end);
    const from = this.#length(edge, position, end);
    if (from < 0) return -1;
    const stop = from + this.#runtime.low;
    if (value.kind === "variant") {
      this.#item = this.#tree.bytesItem(from, stop, IN_RECORD);
      return stop;
    }
    const struct = known === ABSENT ? this.#tree.allocate(value.cellCount) : known;
    if (this.#tree.isFull) return this.#fail("too_large", edge, position);
    let at = from;
    while (at < stop) {
      const fieldStart = at;
      const tag = this.#tag(fieldStart, stop);
      if (tag < 0) return -1;
      at = this.#position;
      const child = value.edgeByTag.get(tag);
      if (child === undefined) {
        const other = value.edgeByNumber.get(tag >>> 3);
        if (other !== undefined) return this.#fail("wrong_wire_type", other, fieldStart);
        at = this.#skip(tag, at, stop, fieldStart);
      } else {
        const cell = struct + child.slot;
        if (child.oneofCell >= 0) this.#choose(struct, child);
        at = this.#edge(child, this.#tree.cells[cell] as number, tag, at, stop);
        this.#tree.cells[cell] = this.#item;
      }
      if (at < 0) return -1;
    }
    this.#item = struct;
    return stop;
  }

  /** Makes the member of a oneof that is about to be read the only one of an item. */
  #choose(struct: number, { slot, oneofCell }: ProtoEdge): void {
    const { cells } = this.#tree;
    const chosen = cells[struct + oneofCell] as number;
    if (chosen !== 0 && chosen !== slot + 1) cells[struct + chosen - 1] = ABSENT;
    cells[struct + oneofCell] = slot + 1;
  }

  #scalar(edge: ProtoEdge, value: ScalarValue, position: number, end: number): number {
    switch (value.operation) {
      case "string":
      case "bytes":
      case "decimal":
        return this.#text(edge, value, position, end);
      case "sfixed32":
      case "sfixed32AsInt64":
      case "fixed32AsInt64":
      case "float":
      case "floatAsDouble":
        return this.#fixed32(edge, value, position, end);
      case "sfixed64":
      case "double": {
        if (end - position < 8) return this.#fail("truncated", edge, position);
        const low = this.#view.getInt32(position, true);
        const high = this.#view.getInt32(position + 4, true);
        return this.#integer(edge, value, low, high, position, position + 8);
      }
      default:
        return this.#varint(edge, value, position, end);
    }
  }

  #varint(edge: ProtoEdge, value: ScalarValue, position: number, end: number): number {
    const runtime = this.#runtime;
    const next = runtime.varint(this.#buffer, this.#view, position, end);
    if (next < 0) return this.#fail(varintFault(next), edge, position);
    let { low, high } = runtime;
    switch (value.operation) {
      case "int32":
      case "int32AsInt64":
        if (high !== low >> 31) return this.#fail("out_of_range", edge, position);
        break;
      case "uint32AsInt64":
        if (high !== 0) return this.#fail("out_of_range", edge, position);
        break;
      case "bool":
        low = low === 0 && high === 0 ? 0 : 1;
        break;
      case "sint32":
      case "sint32AsInt64":
        if (high !== 0) return this.#fail("out_of_range", edge, position);
        low = (low >>> 1) ^ -(low & 1);
        high = low >> 31;
        break;
      case "sint64": {
        const sign = -(low & 1);
        low = ((low >>> 1) | (high << 31)) ^ sign;
        high = (high >>> 1) ^ sign;
        break;
      }
      default:
        break;
    }
    return this.#integer(edge, value, low, high, position, next);
  }

  #fixed32(edge: ProtoEdge, value: ScalarValue, position: number, end: number): number {
    if (end - position < 4) return this.#fail("truncated", edge, position);
    const low = this.#view.getInt32(position, true);
    const next = position + 4;
    if (value.operation === "floatAsDouble") {
      scratch.setFloat64(0, this.#view.getFloat32(position, true), true);
      this.#item = this.#tree.scalar(scratch.getInt32(0, true), scratch.getInt32(4, true));
      return next;
    }
    const high = value.operation === "fixed32AsInt64" ? 0 : low >> 31;
    return this.#integer(edge, value, low, high, position, next);
  }

  #integer(
    edge: ProtoEdge,
    { limits }: ScalarValue,
    low: number,
    high: number,
    position: number,
    next: number,
  ): number {
    const unusedBits = limits.integerBits === 0 ? 0 : 32 - limits.integerBits;
    const isInRange =
      (low << unusedBits) >> unusedBits === low &&
      (limits.calendar !== "date" || isDate(low)) &&
      (limits.calendar !== "timestamp" || isTimestamp(low, high));
    if (!isInRange) return this.#fail("out_of_range", edge, position);
    this.#item = this.#tree.scalar(low, high);
    return next;
  }

  #text(edge: ProtoEdge, value: ScalarValue, position: number, end: number): number {
    const from = this.#length(edge, position, end);
    if (from < 0) return -1;
    const to = from + this.#runtime.low;
    const { decimal, maxCharacters } = value.limits;
    if (value.operation === "decimal" && decimal !== undefined) {
      const outcome = this.#decimals.read(this.#buffer, from, to, decimal);
      if (outcome === "notNumber") return this.#fail("wrong_type", edge, position);
      if (outcome === "outOfRange") return this.#fail("out_of_range", edge, position);
      this.#item = this.#tree.words(this.#decimals.words);
      return to;
    }
    if (value.operation === "string") {
      if (!isUtf8(this.#buffer.subarray(from, to)))
        return this.#fail("invalid_utf8", edge, position);
      if (maxCharacters > 0 && characterCount(this.#buffer, from, to) > maxCharacters) {
        return this.#fail("out_of_range", edge, position);
      }
    }
    this.#item = this.#tree.bytesItem(from, to, IN_RECORD);
    return to;
  }

  /** Reads a length into the runtime's `low`; returns where its bytes begin. */
  #length(edge: ProtoEdge, position: number, end: number): number {
    const from = this.#runtime.varint(this.#buffer, this.#view, position, end);
    if (from < 0) return this.#fail(varintFault(from), edge, position);
    return this.#runtime.fits(from, end) ? from : this.#fail("truncated", edge, position);
  }

  /** Position behind the tag that `#tag` has read. */
  #position = 0;

  #tag(position: number, end: number): number {
    const runtime = this.#runtime;
    const next = runtime.varint(this.#buffer, this.#view, position, end);
    this.#position = next;
    if (next >= 0 && runtime.high === 0) return runtime.low >>> 0;
    runtime.failRead(next < 0 ? next : -2, -1, position - this.#start);
    this.failure = runtime.failure;
    return -1;
  }

  #skip(tag: number, position: number, end: number, fieldStart: number): number {
    const offset = fieldStart - this.#start;
    const next = this.#runtime.skip(this.#buffer, this.#view, position, end, tag, offset);
    if (next < 0) this.failure = this.#runtime.failure;
    return next;
  }

  #fail(fault: ProtoFault, edge: ProtoEdge, position: number): number {
    this.failure = protoFailure(fault, edge.label, position - this.#start);
    return -1;
  }
}

function wireTypeOf(value: ProtoEdge["value"]): number {
  return value.kind === "scalar" ? value.wireType : 2;
}
