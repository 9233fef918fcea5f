// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import type { BlockBuilder, DecimalFormat, NestedColumn } from "@sluice/delta";
import type { RecordFailure } from "../decoder.ts";
import { type DecimalOutcome, DecimalReader } from "../decimal-reader.ts";
import { MapKeys } from "../nested/map-keys.ts";
import { RowShredder } from "../nested/row-shredder.ts";
import { shredFailure } from "../nested/shred-failure.ts";
import { ABSENT, IN_RECORD, IN_TREE, NULL_ITEM, ValueTree } from "../nested/value-tree.ts";
import { characterCount } from "../text-length.ts";
import { decodeBase64, maxDecodedBytes } from "./base64.ts";
import { IsoReader, isIsoText } from "./iso-reader.ts";
import { JSON_VALUE } from "./json-column.ts";
import { JsonFaults } from "./json-faults.ts";
import { fitsNode, type JsonNode, type NestedJsonColumn } from "./json-node.ts";
import { JsonNumber } from "./json-number.ts";
import { findClosingQuote, skipSpace, unescapeInto } from "./json-text.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LITERALS = {
  null: Buffer.from("null"),
  true: Buffer.from("true"),
  false: Buffer.from("false"),
} as const;

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Reads the values of nested columns into a tree, and the tree into the columns when the record is complete. A STRUCT is
 * an object, whose keys are held to the rules of a record; an ARRAY is an array; a MAP is an object whose keys are the
 * texts of its keys, none of them twice; a VARIANT is a string with JSON text.
 */
export class JsonNestedReader {
  failure: RecordFailure | undefined = undefined;
  readonly #columns: readonly NestedJsonColumn[];
  readonly #faultsOf: readonly JsonFaults[];
  readonly #shredders: readonly RowShredder[];
  readonly #items: Int32Array;
  readonly #tree = new ValueTree();
  readonly #keys = new MapKeys(this.#tree);
  readonly #number = new JsonNumber();
  readonly #decimals = new DecimalReader();
  readonly #iso = new IsoReader();
  #faults: JsonFaults;
  #buffer: Uint8Array = new Uint8Array(0);
  #view: DataView = scratch;
  #start = 0;
  #end = 0;
  /** The item of the value read last. */
  #item = ABSENT;
  /** Where the content of the string read last begins and ends, in the record or in the tree's bytes. */
  #from = 0;
  #to = 0;
  #place = IN_RECORD;

  constructor(columns: readonly NestedJsonColumn[], builder: BlockBuilder) {
    this.#columns = columns;
    this.#items = new Int32Array(columns.length);
    this.#faultsOf = columns.map(({ labels }) => new JsonFaults(labels));
    this.#faults = new JsonFaults([]);
    this.#shredders = columns.map(
      ({ field, layout, columnIndex }) =>
        new RowShredder(field, layout, builder.columns[columnIndex] as NestedColumn, false),
    );
  }

  begin(buffer: Uint8Array, view: DataView, start: number, end: number): void {
    this.#buffer = buffer;
    this.#view = view;
    this.#start = start;
    this.#end = end;
    this.#tree.reset();
    this.#keys.reset();
    this.#items.fill(ABSENT);
  }

  /** Reads the value of a nested column; returns the position behind it, or -1 after a failure. */
  read(index: number, position: number): number {
    this.#faults = this.#faultsOf[index] as JsonFaults;
    this.#faults.beginRecord(this.#start, this.#end);
    const next = this.#value((this.#columns[index] as NestedJsonColumn).root, position);
    if (next < 0) this.failure = this.#faults.failure;
    this.#items[index] = this.#item;
    return next;
  }

  /** Writes what was read as row `row`; false after a failure. */
  finish(row: number): boolean {
    for (const [index, shredder] of this.#shredders.entries()) {
      const fault = shredder.write(row, this.#items[index] as number, this.#tree, this.#buffer);
      if (fault === undefined) continue;
      this.failure = shredFailure(fault, this.#end - this.#start);
      return false;
    }
    return true;
  }

  #value(node: JsonNode, position: number): number {
    if (position >= this.#end) return this.#faults.truncated(node.index, position);
    if (this.#tree.isFull) {
      const clause = "the record has more elements than one can hold; split it";
      return this.#faults.report("out_of_range", node.index, position, clause);
    }
    if (this.#buffer[position] === 0x6e) {
      this.#item = NULL_ITEM;
      return this.#literal("null", position, node);
    }
    switch (node.layout.kind) {
      case "leaf":
        return this.#scalar(node, position);
      case "variant":
        if (this.#buffer[position] !== QUOTE) return this.#wrongType(node, position);
        return this.#text(node, position);
      case "struct":
        return this.#object(node, position, this.#tree.allocate(node.fields.size), false);
      case "map":
        return this.#object(node, position, this.#tree.list(), true);
      case "list":
        return this.#array(node, position);
    }
  }

  #array(node: JsonNode, position: number): number {
    if (this.#buffer[position] !== 0x5b) return this.#wrongType(node, position);
    const list = this.#tree.list();
    let at = this.#space(position + 1);
    for (let isFirst = true; ; isFirst = false) {
      if (at >= this.#end) return this.#faults.truncated(node.index, at);
      if (isFirst && this.#buffer[at] === 0x5d) break;
      at = this.#value(node.element as JsonNode, at);
      if (at < 0) return -1;
      this.#tree.append(list, this.#item);
      at = this.#space(at);
      if (at >= this.#end) return this.#faults.truncated(node.index, at);
      if (this.#buffer[at] === 0x5d) break;
      if (this.#buffer[at] !== COMMA) {
        return this.#faults.syntax(this.#buffer, at, "a comma or a bracket");
      }
      at = this.#space(at + 1);
    }
    this.#item = list;
    return at + 1;
  }

  #object(node: JsonNode, position: number, item: number, isMap: boolean): number {
    if (this.#buffer[position] !== 0x7b) return this.#wrongType(node, position);
    let at = this.#space(position + 1);
    for (let isFirst = true; ; isFirst = false) {
      if (at >= this.#end) return this.#faults.truncated(node.index, at);
      if (isFirst && this.#buffer[at] === 0x7d) break;
      if (this.#buffer[at] !== QUOTE)
        return this.#faults.syntax(this.#buffer, at, "a key in quotes");
      at = isMap ? this.#entry(node, item, at) : this.#field(node, item, at);
      if (at < 0) return -1;
      at = this.#space(at);
      if (at >= this.#end) return this.#faults.truncated(node.index, at);
      if (this.#buffer[at] === 0x7d) break;
      if (this.#buffer[at] !== COMMA) {
        return this.#faults.syntax(this.#buffer, at, "a comma or a brace");
      }
      at = this.#space(at + 1);
    }
    this.#item = item;
    return at + 1;
  }

  #field(node: JsonNode, item: number, position: number): number {
    const next = this.#string(node, position);
    if (next < 0) return -1;
    const name = Buffer.from(this.#content()).toString("utf8");
    const field = node.fields.get(name);
    if (field === undefined) {
      const clause = `the key ${JSON.stringify(name.slice(0, 60))} is not a field of the STRUCT`;
      return this.#faults.report("unknown_field", node.index, position, clause);
    }
    if (this.#tree.cells[item + field.slot] !== ABSENT) {
      const clause = "the key occurs twice";
      return this.#faults.report("duplicate_field", field.node.index, position, clause);
    }
    const valueAt = this.#colon(node, next);
    if (valueAt < 0) return -1;
    const at = this.#value(field.node, valueAt);
    this.#tree.cells[item + field.slot] = this.#item;
    return at;
  }

  #entry(node: JsonNode, map: number, position: number): number {
    const keyNode = node.key as JsonNode;
    const next = this.#mapKey(keyNode, position);
    if (next < 0) return -1;
    const key = this.#item;
    const isBytes = keyNode.label.valueKind === JSON_VALUE.TEXT;
    if (!this.#tree.isFull && this.#keys.find(map, key, isBytes, this.#buffer) !== 0) {
      const clause = "the key occurs twice";
      return this.#faults.report("duplicate_field", keyNode.index, position, clause);
    }
    const valueAt = this.#colon(node, next);
    if (valueAt < 0) return -1;
    const at = this.#value(node.element as JsonNode, valueAt);
    if (at < 0) return -1;
    const link = this.#tree.appendEntry(map, key, this.#item);
    this.#keys.added(map, link, isBytes, this.#buffer);
    return at;
  }

  /** The key of a map: the text of a value of its type. */
  #mapKey(node: JsonNode, position: number): number {
    const { valueKind } = node.label;
    if (valueKind === JSON_VALUE.TEXT) return this.#text(node, position);
    const next = this.#string(node, position);
    if (next < 0) return -1;
    const outer = { buffer: this.#buffer, view: this.#view, end: this.#end };
    const content = Uint8Array.from(this.#content());
    this.#buffer = content;
    this.#view = new DataView(content.buffer);
    this.#end = content.length;
    const at = content.length > 0 && content[0] !== QUOTE ? this.#scalar(node, 0) : -1;
    this.#buffer = outer.buffer;
    this.#view = outer.view;
    this.#end = outer.end;
    return at === content.length ? next : this.#wrongType(node, position);
  }

  #colon(node: JsonNode, position: number): number {
    const at = this.#space(position);
    if (at >= this.#end) return this.#faults.truncated(node.index, at);
    if (this.#buffer[at] !== COLON) return this.#faults.syntax(this.#buffer, at, "a colon");
    return this.#space(at + 1);
  }

  #scalar(node: JsonNode, position: number): number {
    const byte = this.#buffer[position] as number;
    const isNumber = (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
    switch (node.label.valueKind) {
      case JSON_VALUE.TEXT:
        return byte === QUOTE ? this.#text(node, position) : this.#wrongType(node, position);
      case JSON_VALUE.BASE64:
        return byte === QUOTE ? this.#base64(node, position) : this.#wrongType(node, position);
      case JSON_VALUE.BOOLEAN:
        if (byte !== 0x74 && byte !== 0x66) return this.#wrongType(node, position);
        this.#item = this.#tree.scalar(byte === 0x74 ? 1 : 0, 0);
        return this.#literal(byte === 0x74 ? "true" : "false", position, node);
      case JSON_VALUE.DECIMAL:
        return byte === QUOTE || isNumber
          ? this.#decimal(node, position, byte === QUOTE)
          : this.#wrongType(node, position);
      case JSON_VALUE.ISO_DATE:
      case JSON_VALUE.ISO_TIMESTAMP:
      case JSON_VALUE.ISO_TIMESTAMP_NTZ:
        if (byte === QUOTE) return this.#time(node, position);
        return isNumber ? this.#integer(node, position) : this.#wrongType(node, position);
      case JSON_VALUE.FLOAT:
      case JSON_VALUE.DOUBLE:
        return isNumber ? this.#floating(node, position) : this.#wrongType(node, position);
      default:
        return isNumber ? this.#integer(node, position) : this.#wrongType(node, position);
    }
  }

  #integer(node: JsonNode, position: number): number {
    const outcome = this.#number.readInteger(this.#buffer, position, this.#end);
    if (outcome !== "ok") return this.#faults.number(this.#buffer, outcome, position, node.index);
    const { low, high } = this.#number;
    return this.#whole(node, position, low, high, this.#number.end);
  }

  /** A whole number, or what a text has been read to, held to its type. */
  #whole(node: JsonNode, position: number, low: number, high: number, next: number): number {
    if (!fitsNode(node, low, high)) {
      return this.#faults.number(this.#buffer, "outOfRange", position, node.index);
    }
    this.#item = this.#tree.scalar(low, high);
    return next;
  }

  #time(node: JsonNode, position: number): number {
    const next = this.#string(node, position);
    if (next < 0) return -1;
    const content = this.#content();
    if (!isIsoText(this.#iso, node.label.valueKind, content, 0, content.length)) {
      return this.#wrongType(node, position);
    }
    return this.#whole(node, position, this.#iso.low, this.#iso.high, next);
  }

  #floating(node: JsonNode, position: number): number {
    const outcome = this.#number.readDouble(this.#buffer, position, this.#end);
    if (outcome !== "ok") return this.#faults.number(this.#buffer, outcome, position, node.index);
    const isFloat = node.label.valueKind === JSON_VALUE.FLOAT;
    const value = isFloat ? Math.fround(this.#number.value) : this.#number.value;
    if (!Number.isFinite(value)) {
      return this.#faults.number(this.#buffer, "outOfRange", position, node.index);
    }
    if (isFloat) scratch.setFloat32(0, value, true);
    else scratch.setFloat64(0, value, true);
    this.#item = this.#tree.scalar(scratch.getInt32(0, true), scratch.getInt32(4, true));
    return this.#number.end;
  }

  #decimal(node: JsonNode, position: number, isString: boolean): number {
    const format = node.label.limits.decimal as DecimalFormat;
    let next: number;
    let outcome: DecimalOutcome;
    if (isString) {
      next = this.#string(node, position);
      if (next < 0) return -1;
      const content = this.#content();
      outcome = this.#decimals.read(content, 0, content.length, format);
    } else {
      const grammar = this.#number.readDouble(this.#buffer, position, this.#end);
      if (grammar !== "ok") return this.#faults.number(this.#buffer, grammar, position, node.index);
      next = this.#number.end;
      outcome = this.#decimals.read(this.#buffer, position, next, format);
    }
    if (outcome === "notNumber") return this.#wrongType(node, position);
    if (outcome !== "ok") return this.#faults.number(this.#buffer, outcome, position, node.index);
    this.#item = this.#tree.words(this.#decimals.words);
    return next;
  }

  #text(node: JsonNode, position: number): number {
    const next = this.#string(node, position);
    if (next < 0) return -1;
    const limit = node.label.limits.maxCharacters;
    if (limit > 0) {
      const content = this.#content();
      const count = characterCount(content, 0, content.length);
      if (count > limit) {
        const clause = `the text has ${count} characters, the column takes ${limit}`;
        return this.#faults.report("out_of_range", node.index, position, clause);
      }
    }
    this.#item =
      this.#place === IN_RECORD
        ? this.#tree.bytesItem(this.#from, this.#to, IN_RECORD)
        : this.#tree.endBytes(this.#to);
    return next;
  }

  #base64(node: JsonNode, position: number): number {
    const next = this.#string(node, position);
    if (next < 0) return -1;
    const content = Uint8Array.from(this.#content());
    const target = this.#tree.beginBytes(maxDecodedBytes(content.length));
    const end = decodeBase64(content, 0, content.length, this.#tree.bytes, target);
    if (end < 0) return this.#wrongType(node, position);
    this.#item = this.#tree.endBytes(end);
    return next;
  }

  /** Reads a string; its content is then between `#from` and `#to`, checked. */
  #string(node: JsonNode, position: number): number {
    const from = position + 1;
    const close = findClosingQuote(this.#buffer, this.#view, from, this.#end);
    if (close >= this.#end) return this.#faults.truncated(node.index, close);
    if (this.#buffer[close] !== QUOTE) return this.#faults.controlCharacter(node.index, close);
    this.#from = from;
    this.#to = close;
    this.#place = IN_RECORD;
    if (this.#buffer.subarray(from, close).includes(BACKSLASH)) {
      const target = this.#tree.beginBytes(close - from);
      const end = unescapeInto(this.#buffer, from, close, this.#tree.bytes, target);
      if (end < 0) return this.#faults.escape(end, node.index, position);
      this.#from = target;
      this.#to = end;
      this.#place = IN_TREE;
    }
    if (isUtf8(this.#content())) return close + 1;
    const clause = "the text is not valid UTF-8";
    return this.#faults.report("invalid_utf8", node.index, position, clause);
  }

  #content(): Uint8Array {
    const source = this.#place === IN_RECORD ? this.#buffer : this.#tree.bytes;
    return source.subarray(this.#from, this.#to);
  }

  #literal(name: keyof typeof LITERALS, position: number, node: JsonNode): number {
    const literal = LITERALS[name];
    for (let offset = 1; offset < literal.length; offset++) {
      const at = position + offset;
      if (at >= this.#end) return this.#faults.truncated(node.index, at);
      if (this.#buffer[at] !== literal[offset]) {
        return this.#faults.syntax(this.#buffer, position, "a JSON value");
      }
    }
    return position + literal.length;
  }

  #wrongType(node: JsonNode, position: number): number {
    return this.#faults.wrongType(this.#buffer, position, node.index);
  }

  #space(position: number): number {
    return skipSpace(this.#buffer, position, this.#end);
  }
}
