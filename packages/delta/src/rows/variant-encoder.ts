// SPDX-License-Identifier: Apache-2.0
import { isPlainObject, shown, ValueProblem } from "./value-problem.ts";

/** Deepest nesting of a value. */
const MAX_DEPTH = 100;
const MAX_SHORT_STRING_BYTES = 63;
const VERSION = 1;
const BASIC_TYPE = { primitive: 0, shortString: 1, object: 2, array: 3 } as const;
const PRIMITIVE = {
  null: 0,
  true: 1,
  false: 2,
  int8: 3,
  int16: 4,
  int32: 5,
  int64: 6,
  double: 7,
  decimal16: 10,
  timestamp: 12,
  binary: 15,
  string: 16,
} as const;
const MAX_DECIMAL = 10n ** 38n;

/**
 * Encodes a value as a variant ("Variant Binary Encoding" of Apache Parquet, version 1):
 *
 *     value   := primitive | short string | object | array
 *     object  := header count ids offsets value*       ids in the order of the names' bytes
 *     array   := header count offsets value*
 *     count   := u8, or u32le where there are more than 255; offsets have the fewest bytes that hold the last one
 *
 * Strings, booleans, arrays and objects are what they are in JSON, and `null` inside of a value is the variant's own null.
 * A whole number takes the smallest integer that holds it, any other is a double; a bigint of more than 64 bits is a
 * decimal. A `Date` is a timestamp in UTC, a `Uint8Array` binary.
 */
export class VariantEncoder {
  metadata: Uint8Array = new Uint8Array(0);
  value: Uint8Array = new Uint8Array(0);
  readonly #column: string;
  #ids = new Map<string, number>();

  /** @param column for messages. */
  constructor(column: string) {
    this.#column = column;
  }

  /**
   * Encodes into `metadata` and `value`.
   * @throws ValueProblem for a value that is none of these, or nests more than 100 levels.
   */
  encode(value: unknown): void {
    this.#ids = new Map();
    this.value = this.#encode(value, 0);
    this.metadata = metadataOf([...this.#ids.keys()]);
  }

  #encode(value: unknown, depth: number): Buffer {
    if (depth > MAX_DEPTH) throw this.#problem(`it nests more than ${MAX_DEPTH} levels`);
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "number":
        return numberValue(value);
      case "bigint":
        return this.#bigint(value);
      case "boolean":
        return primitive(value ? PRIMITIVE.true : PRIMITIVE.false, 0);
      default:
        return this.#object(value, depth);
    }
  }

  #object(value: unknown, depth: number): Buffer {
    if (value === null) return primitive(PRIMITIVE.null, 0);
    if (Array.isArray(value)) {
      return arrayValue(value.map((item: unknown) => this.#encode(item, depth + 1)));
    }
    if (value instanceof Date) return this.#timestamp(value);
    if (value instanceof Uint8Array) return lengthPrefixed(PRIMITIVE.binary, value);
    if (!isPlainObject(value)) throw this.#problem(`${shown(value)} has no form in a VARIANT`);
    const members = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => ({
        name: Buffer.from(this.#wellFormed(name)),
        id: this.#idOf(name),
        content: this.#encode(item, depth + 1),
      }));
    members.sort((left, right) => Buffer.compare(left.name, right.name));
    return objectValue(members);
  }

  #idOf(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    this.#ids.set(name, id);
    return id;
  }

  #string(text: string): Buffer {
    const bytes = Buffer.from(this.#wellFormed(text));
    if (bytes.length > MAX_SHORT_STRING_BYTES) return lengthPrefixed(PRIMITIVE.string, bytes);
    return Buffer.concat([Buffer.of((bytes.length << 2) | BASIC_TYPE.shortString), bytes]);
  }

  #bigint(value: bigint): Buffer {
    if (BigInt.asIntN(64, value) === value) return integerValue(value);
    if (value >= MAX_DECIMAL || value <= -MAX_DECIMAL) {
      throw this.#problem(`${shown(value)} has more than 38 digits`);
    }
    const output = primitive(PRIMITIVE.decimal16, 17);
    output.writeBigInt64LE(BigInt.asIntN(64, value), 2);
    output.writeBigInt64LE(value >> 64n, 10);
    return output;
  }

  #timestamp(date: Date): Buffer {
    const millis = date.getTime();
    if (Number.isNaN(millis)) throw this.#problem("a Date is not valid");
    const output = primitive(PRIMITIVE.timestamp, 8);
    output.writeBigInt64LE(BigInt(millis) * 1000n, 1);
    return output;
  }

  #wellFormed(text: string): string {
    if (!/\p{Surrogate}/u.test(text)) return text;
    throw this.#problem(`${shown(text)} has half a surrogate pair, which UTF-8 has no form for`);
  }

  #problem(problem: string): ValueProblem {
    return new ValueProblem(this.#column, problem);
  }
}

/**
 *     metadata := header:u8 count offsets bytes        offsets and count have (header >> 6) + 1 bytes each, little-endian
 *     header   := version | (offset bytes - 1) << 6
 */
function metadataOf(names: readonly string[]): Buffer {
  const encoded = names.map((name) => Buffer.from(name));
  const byteCount = encoded.reduce((total, { length }) => total + length, 0);
  const width = widthOf(Math.max(byteCount, names.length));
  const head = Buffer.alloc(1 + (names.length + 2) * width);
  head[0] = VERSION | ((width - 1) << 6);
  let at = head.writeUIntLE(names.length, 1, width);
  let offset = 0;
  for (const { length } of encoded) {
    at = head.writeUIntLE(offset, at, width);
    offset += length;
  }
  head.writeUIntLE(offset, at, width);
  return Buffer.concat([head, ...encoded]);
}

function primitive(type: number, byteCount: number): Buffer {
  const output = Buffer.alloc(1 + byteCount);
  output[0] = (type << 2) | BASIC_TYPE.primitive;
  return output;
}

function numberValue(value: number): Buffer {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return integerValue(BigInt(value));
  const output = primitive(PRIMITIVE.double, 8);
  output.writeDoubleLE(value, 1);
  return output;
}

function integerValue(value: bigint): Buffer {
  for (const [type, byteCount] of [
    [PRIMITIVE.int8, 1],
    [PRIMITIVE.int16, 2],
    [PRIMITIVE.int32, 4],
  ] as const) {
    if (BigInt.asIntN(8 * byteCount, value) !== value) continue;
    const output = primitive(type, byteCount);
    output.writeIntLE(Number(value), 1, byteCount);
    return output;
  }
  const output = primitive(PRIMITIVE.int64, 8);
  output.writeBigInt64LE(value, 1);
  return output;
}

function lengthPrefixed(type: number, bytes: Uint8Array): Buffer {
  const output = primitive(type, 4 + bytes.length);
  output.writeUInt32LE(bytes.length, 1);
  output.set(bytes, 5);
  return output;
}

interface VariantMember {
  readonly id: number;
  readonly content: Buffer;
}

function objectValue(members: readonly VariantMember[]): Buffer {
  const contents = members.map(({ content }) => content);
  const valueBytes = contents.reduce((total, { length }) => total + length, 0);
  const isLarge = members.length > 255;
  const idBytes = widthOf(members.reduce((most, { id }) => Math.max(most, id), 0));
  const offsetBytes = widthOf(valueBytes);
  const countBytes = isLarge ? 4 : 1;
  const head = Buffer.alloc(
    1 + countBytes + members.length * idBytes + (members.length + 1) * offsetBytes,
  );
  const header = ((isLarge ? 1 : 0) << 4) | ((idBytes - 1) << 2) | (offsetBytes - 1);
  head[0] = (header << 2) | BASIC_TYPE.object;
  let at = head.writeUIntLE(members.length, 1, countBytes);
  for (const { id } of members) at = head.writeUIntLE(id, at, idBytes);
  writeOffsets(head, at, contents, offsetBytes);
  return Buffer.concat([head, ...contents]);
}

function arrayValue(contents: readonly Buffer[]): Buffer {
  const valueBytes = contents.reduce((total, { length }) => total + length, 0);
  const isLarge = contents.length > 255;
  const offsetBytes = widthOf(valueBytes);
  const countBytes = isLarge ? 4 : 1;
  const head = Buffer.alloc(1 + countBytes + (contents.length + 1) * offsetBytes);
  head[0] = ((((isLarge ? 1 : 0) << 2) | (offsetBytes - 1)) << 2) | BASIC_TYPE.array;
  const at = head.writeUIntLE(contents.length, 1, countBytes);
  writeOffsets(head, at, contents, offsetBytes);
  return Buffer.concat([head, ...contents]);
}

function writeOffsets(
  head: Buffer,
  start: number,
  contents: readonly Buffer[],
  offsetBytes: number,
): void {
  let at = start;
  let offset = 0;
  for (const { length } of contents) {
    at = head.writeUIntLE(offset, at, offsetBytes);
    offset += length;
  }
  head.writeUIntLE(offset, at, offsetBytes);
}

function widthOf(value: number): number {
  if (value <= 0xff) return 1;
  if (value <= 0xffff) return 2;
  return value <= 0xff_ffff ? 3 : 4;
}
