// SPDX-License-Identifier: Apache-2.0
import type { FileMetaData, ParquetParsers, SchemaElement, SchemaTree } from "hyparquet";

type Conversion = (value: unknown) => unknown;

/** The usual decoder drops a byte order mark at the start, which is part of the value. */
const TEXT_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** Dates become days, timestamps of every unit microseconds: numbers that lose nothing, and that encoders take. */
export const PARQUET_PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (milliseconds) => milliseconds * 1000n,
  timestampFromMicroseconds: (microseconds) => microseconds,
  timestampFromNanoseconds: floorToMicroseconds,
  dateFromDays: (days) => days,
  stringFromBytes: (bytes) => TEXT_DECODER.decode(bytes),
};

/** Takes the decimal types off, so that unscaled integers come through instead of rounded floating-point numbers. */
export function withRawDecimals(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) => {
    if (!isDecimal(element)) return element;
    const { converted_type: _converted, logical_type: _logical, ...raw } = element;
    return raw;
  });
  return { ...metadata, schema };
}

/** Turns the rows of a file, read with raw decimals, into records: decimals become text. */
export function parquetRowsOf(
  schema: SchemaTree,
): (row: Record<string, unknown>) => Record<string, unknown> {
  const convert = structConversion(schema);
  return (row) => (convert === undefined ? row : (convert(row) as Record<string, unknown>));
}

/** `undefined` where the library's values are right. */
function conversionOf(node: SchemaTree): Conversion | undefined {
  const { element, children } = node;
  if (children.length === 0) return isDecimal(element) ? decimalConversion(element) : undefined;
  const [repeated] = children;
  if (element.converted_type === "LIST" && repeated !== undefined) {
    const [item] = repeated.children;
    return itemsConversion(conversionOf(repeated.children.length === 1 && item ? item : repeated));
  }
  if (element.converted_type === "MAP" && repeated?.children[1] !== undefined) {
    return membersConversion(conversionOf(repeated.children[1]));
  }
  return structConversion(node);
}

function structConversion({ children }: SchemaTree): Conversion | undefined {
  const steps = children.flatMap((child) => {
    const convert = conversionOf(child);
    return convert === undefined ? [] : [{ name: child.element.name, convert }];
  });
  if (steps.length === 0) return undefined;
  return (value) => {
    const fields = value as Record<string, unknown>;
    for (const { name, convert } of steps) {
      if (isValue(fields[name])) fields[name] = convert(fields[name]);
    }
    return fields;
  };
}

function itemsConversion(convert: Conversion | undefined): Conversion | undefined {
  if (convert === undefined) return undefined;
  return (value) => (value as unknown[]).map((item) => (isValue(item) ? convert(item) : item));
}

function membersConversion(convert: Conversion | undefined): Conversion | undefined {
  if (convert === undefined) return undefined;
  return (value) => {
    const members = value as Record<string, unknown>;
    for (const [name, item] of Object.entries(members)) {
      if (isValue(item)) members[name] = convert(item);
    }
    return members;
  };
}

function isValue(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isDecimal(element: SchemaElement): boolean {
  return element.converted_type === "DECIMAL" || element.logical_type?.type === "DECIMAL";
}

function decimalConversion(element: SchemaElement): Conversion {
  const { logical_type: logical } = element;
  const scale = (logical?.type === "DECIMAL" ? logical.scale : element.scale) ?? 0;
  return (value) => decimalText(unscaledOf(value), scale);
}

function unscaledOf(value: unknown): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value as number | bigint);
  const hex = Buffer.from(value).toString("hex");
  return hex === "" ? 0n : BigInt.asIntN(value.length * 8, BigInt(`0x${hex}`));
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString();
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  const sign = unscaled < 0n ? "-" : "";
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function floorToMicroseconds(nanoseconds: bigint): bigint {
  const quotient = nanoseconds / 1000n;
  return nanoseconds < 0n && quotient * 1000n !== nanoseconds ? quotient - 1n : quotient;
}
