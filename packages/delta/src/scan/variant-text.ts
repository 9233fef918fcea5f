// SPDX-License-Identifier: Apache-2.0
import { decimalText } from "../schema/decimal.ts";
import { isoDateOf, isoDateTimeOf } from "./calendar.ts";
import { DecodeProblem } from "./parquet/decode-problem.ts";

/**
 * A VARIANT ("Variant Binary Encoding" of Parquet) as JSON text. Numbers come with all their digits, whatever a JavaScript
 * number could hold; what JSON has no form for becomes a string: dates and timestamps in ISO 8601, binary in Base64,
 * UUIDs as usual, and the floating-point numbers that are none.
 *
 *     metadata := header:u8 dictionarySize offset{dictionarySize + 1} bytes        header: version | offsetBytes - 1 << 6
 *     value    := header:u8 data       header: basic type in the low 2 bits (0 primitive, 1 short string, 2 object, 3 array)
 *     object   := count fieldId{count} offset{count + 1} value*
 *     array    := count offset{count + 1} value*
 *
 * @throws DecodeProblem for bytes that are no variant of version 1.
 */
export function variantToJson(metadata: Uint8Array, value: Uint8Array): string {
  const reader = new VariantReader(value, keysOf(metadata));
  return reader.textAt(0, 0);
}

/** More than any writer allows; bytes that nest deeper would exhaust the stack. */
const MAX_DEPTH = 500;
const VERSION = 1;

function keysOf(metadata: Uint8Array): (id: number) => string {
  const header = metadata[0] ?? 0;
  if ((header & 0x0f) !== VERSION) {
    throw new DecodeProblem(`a variant of version ${header & 0x0f}`);
  }
  const offsetBytes = (header >>> 6) + 1;
  const count = unsignedAt(metadata, 1, offsetBytes);
  const offsetsStart = 1 + offsetBytes;
  const stringsStart = offsetsStart + (count + 1) * offsetBytes;
  return (id) => {
    if (id >= count) throw new DecodeProblem(`a variant's key ${id} of ${count}`);
    const start = stringsStart + unsignedAt(metadata, offsetsStart + id * offsetBytes, offsetBytes);
    const end =
      stringsStart + unsignedAt(metadata, offsetsStart + (id + 1) * offsetBytes, offsetBytes);
    return textOf(metadata, start, end - start);
  };
}

class VariantReader {
  readonly #bytes: Uint8Array;
  readonly #keyOf: (id: number) => string;

  constructor(bytes: Uint8Array, keyOf: (id: number) => string) {
    this.#bytes = bytes;
    this.#keyOf = keyOf;
  }

  textAt(start: number, depth: number): string {
    if (depth > MAX_DEPTH) throw new DecodeProblem("a variant that nests too deep");
    const header = unsignedAt(this.#bytes, start, 1);
    const kind = header >>> 2;
    switch (header & 3) {
      case 0:
        return primitiveText(this.#bytes, start + 1, kind);
      case 1:
        return JSON.stringify(textOf(this.#bytes, start + 1, kind));
      case 2:
        return this.#objectText(start, kind, depth);
      default:
        return this.#arrayText(start, kind, depth);
    }
  }

  #objectText(start: number, kind: number, depth: number): string {
    const offsetBytes = (kind & 3) + 1;
    const idBytes = ((kind >>> 2) & 3) + 1;
    const countBytes = (kind & 0x10) === 0 ? 1 : 4;
    const count = this.#countAt(start + 1, countBytes);
    const idsStart = start + 1 + countBytes;
    const offsetsStart = idsStart + count * idBytes;
    const valuesStart = offsetsStart + (count + 1) * offsetBytes;
    let text = "{";
    for (let field = 0; field < count; field += 1) {
      const key = this.#keyOf(unsignedAt(this.#bytes, idsStart + field * idBytes, idBytes));
      const offset = unsignedAt(this.#bytes, offsetsStart + field * offsetBytes, offsetBytes);
      const value = this.textAt(valuesStart + offset, depth + 1);
      text += `${field === 0 ? "" : ","}${JSON.stringify(key)}:${value}`;
    }
    return `${text}}`;
  }

  #arrayText(start: number, kind: number, depth: number): string {
    const offsetBytes = (kind & 3) + 1;
    const countBytes = (kind & 4) === 0 ? 1 : 4;
    const count = this.#countAt(start + 1, countBytes);
    const offsetsStart = start + 1 + countBytes;
    const valuesStart = offsetsStart + (count + 1) * offsetBytes;
    let text = "[";
    for (let element = 0; element < count; element += 1) {
      const offset = unsignedAt(this.#bytes, offsetsStart + element * offsetBytes, offsetBytes);
      text += `${element === 0 ? "" : ","}${this.textAt(valuesStart + offset, depth + 1)}`;
    }
    return `${text}]`;
  }

  /** Each element takes a byte at least. */
  #countAt(position: number, byteCount: number): number {
    const count = unsignedAt(this.#bytes, position, byteCount);
    if (count > this.#bytes.length) throw new DecodeProblem(`a variant of ${count} elements`);
    return count;
  }
}

function primitiveText(bytes: Uint8Array, start: number, type: number): string {
  const integer = (byteCount: number): bigint => integerAt(bytes, start, byteCount);
  switch (type) {
    case 0:
      return "null";
    case 1:
      return "true";
    case 2:
      return "false";
    case 3:
      return integer(1).toString();
    case 4:
      return integer(2).toString();
    case 5:
      return integer(4).toString();
    case 6:
      return integer(8).toString();
    case 7:
      return numberText(viewAt(bytes, start, 8).getFloat64(0, true));
    case 8:
    case 9:
    case 10: {
      const scale = unsignedAt(bytes, start, 1);
      return decimalText(integerAt(bytes, start + 1, 4 << (type - 8)), scale);
    }
    case 11:
      return `"${isoDateOf(Number(integer(4)))}"`;
    case 12:
      return `"${isoDateTimeOf(integer(8))}Z"`;
    case 13:
      return `"${isoDateTimeOf(integer(8))}"`;
    case 14:
      return floatText(viewAt(bytes, start, 4).getFloat32(0, true));
    case 15: {
      const value = bytesAt(bytes, start + 4, unsignedAt(bytes, start, 4));
      return `"${Buffer.from(value).toString("base64")}"`;
    }
    case 16:
      return JSON.stringify(textOf(bytes, start + 4, unsignedAt(bytes, start, 4)));
    case 17:
      return `"${timeText(integer(8))}"`;
    case 18:
      return `"${nanosecondsText(integer(8))}Z"`;
    case 19:
      return `"${nanosecondsText(integer(8))}"`;
    case 20:
      return `"${uuidText(bytesAt(bytes, start, 16))}"`;
    default:
      throw new DecodeProblem(`a variant of the primitive type ${type}`);
  }
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0.0" : String(value);
}

/** The fewest digits that are this number among those of 32 bits. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return numberText(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return numberText(shorter);
  }
  return numberText(value);
}

const MICROSECONDS_PER_DAY = 86_400_000_000n;

function timeText(microseconds: bigint): string {
  if (microseconds < 0n || microseconds >= MICROSECONDS_PER_DAY) {
    throw new DecodeProblem(`a variant of the time ${microseconds}`);
  }
  return isoDateTimeOf(microseconds).slice("1970-01-01T".length);
}

/** Digits below a microsecond are put behind the others. */
function nanosecondsText(nanoseconds: bigint): string {
  const remainder = ((nanoseconds % 1000n) + 1000n) % 1000n;
  const text = isoDateTimeOf((nanoseconds - remainder) / 1000n);
  if (remainder === 0n) return text;
  const [whole, fraction = ""] = text.split(".");
  const digits = `${fraction.padEnd(6, "0")}${String(remainder).padStart(3, "0")}`;
  return `${whole}.${digits.replace(/0+$/, "")}`;
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function integerAt(bytes: Uint8Array, start: number, byteCount: number): bigint {
  const part = bytesAt(bytes, start, byteCount);
  let value = 0n;
  for (let byte = byteCount - 1; byte >= 0; byte -= 1) {
    value = (value << 8n) | BigInt(part[byte] as number);
  }
  return BigInt.asIntN(byteCount * 8, value);
}

function unsignedAt(bytes: Uint8Array, start: number, byteCount: number): number {
  const part = bytesAt(bytes, start, byteCount);
  let value = 0;
  for (let byte = 0; byte < byteCount; byte += 1) value += (part[byte] as number) * 2 ** (byte * 8);
  return value;
}

function viewAt(bytes: Uint8Array, start: number, byteCount: number): DataView {
  const part = bytesAt(bytes, start, byteCount);
  return new DataView(part.buffer, part.byteOffset, part.byteLength);
}

function textOf(bytes: Uint8Array, start: number, byteCount: number): string {
  const part = bytesAt(bytes, start, byteCount);
  return Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString("utf8");
}

function bytesAt(bytes: Uint8Array, start: number, byteCount: number): Uint8Array {
  if (!(byteCount >= 0 && start + byteCount <= bytes.length)) {
    throw new DecodeProblem("a variant that ends early");
  }
  return bytes.subarray(start, start + byteCount);
}
