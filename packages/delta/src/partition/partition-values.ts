// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { readDecimal, readDouble } from "../expression/literals.ts";
import { rowValueOfScalar, scalarOfRowValue } from "../expression/row-scalars.ts";
import {
  integralRange,
  isIntegral,
  type Scalar,
  type ScalarType,
  scalarTypeOf,
} from "../expression/scalar-types.ts";
import {
  daysOfText,
  readTimestampText,
  textOfDays,
  timestampParts,
} from "../expression/time-text.ts";
import { decimalOf, decimalText } from "../schema/decimal.ts";
import { sqlTypeOf } from "../schema/sql-type.ts";
import type { StructField } from "../schema/types.ts";

type PartitionField = Pick<StructField, "name" | "type">;

/**
 * The text that `add.partitionValues` holds for a value ("Partition Value Serialization" of the protocol), `null` for
 * NULL. TIMESTAMP is ISO 8601 in UTC with microseconds, so readers need no zone. The protocol takes an empty text for
 * NULL, so an empty STRING or BINARY becomes NULL.
 * @param value as rows have it: see `Row`
 * @throws DeltaError `invalid_argument` for a value that is not of the type or has no text that readers agree on (a year
 *   outside of 0001 to 9999, a STRING with half a character, a BINARY that is not UTF-8); `unsupported` for a type that
 *   tables cannot be partitioned by.
 */
export function partitionValueToText(value: unknown, field: PartitionField): string | null {
  const type = partitionTypeOf(field);
  if (value === null || value === undefined) return null;
  const scalar = scalarOfRowValue(value, type);
  const text = scalar === undefined ? undefined : textOfScalar(scalar, type);
  if (text === undefined) {
    throw new DeltaError(
      "invalid_argument",
      `the value ${shown(value)} cannot be a partition value of column ${JSON.stringify(field.name)} of type ${sqlTypeOf(field.type)}`,
      { details: { column: field.name } },
    );
  }
  return text === "" ? null : text;
}

/**
 * The value, as rows have it, that a text in `add.partitionValues` stands for; `null` for NULL, which an empty text is
 * too. A TIMESTAMP without a zone is taken as UTC: the protocol says that it is of the writer's zone, which is not known.
 * @throws DeltaError `data_loss` for a text that is no value of the type; `unsupported` as {@link partitionValueToText}.
 */
export function partitionValueFromText(
  text: string | null | undefined,
  field: PartitionField,
): Scalar | null {
  const type = partitionTypeOf(field);
  if (text === null || text === undefined || text === "") return null;
  const scalar = scalarOfPartitionText(text, type);
  const value = scalar === undefined ? undefined : rowValueOfScalar(scalar, type);
  if (value !== undefined) return value;
  throw new DeltaError(
    "data_loss",
    `the partition value ${shown(text)} of column ${JSON.stringify(field.name)} is no ${sqlTypeOf(field.type)}`,
    { details: { column: field.name, text } },
  );
}

/** As expressions have it; `undefined` for a text that is no value of the type. The text is not empty. */
export function scalarOfPartitionText(text: string, type: ScalarType): Scalar | undefined {
  if (isIntegral(type)) {
    if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
    const value = BigInt(text.replace("+", ""));
    const [min, max] = integralRange(type);
    if (value < min || value > max) return undefined;
    return type === "long" ? value : Number(value);
  }
  switch (type) {
    case "string":
      return text;
    case "binary":
      return utf8.encode(text);
    case "boolean":
      return BOOLEANS.get(text.toLowerCase());
    case "float": {
      const value = readDouble(text);
      return value === undefined ? undefined : Math.fround(value);
    }
    case "double":
      return readDouble(text);
    case "date":
      return daysOfText(text);
    case "timestamp":
      return readTimestampText(text)?.micros;
    case "timestamp_ntz": {
      const read = readTimestampText(text);
      return read?.zone === "offset" ? undefined : read?.micros;
    }
    case "void":
      return undefined;
    default:
      return decimalOfText(text, type);
  }
}

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
]);

function partitionTypeOf({ name, type }: PartitionField): ScalarType {
  const scalar = scalarTypeOf(type);
  if (scalar !== undefined) return scalar;
  throw new DeltaError(
    "unsupported",
    `the column ${JSON.stringify(name)} of type ${sqlTypeOf(type)} cannot be a partition column`,
    { details: { column: name } },
  );
}

function textOfScalar(value: Scalar, type: ScalarType): string | undefined {
  switch (type) {
    case "string":
      return /\p{Surrogate}/u.test(value as string) ? undefined : (value as string);
    case "binary":
      return textOfBytes(value as Uint8Array);
    case "float":
    case "double":
      return numberText(value as number, type);
    case "date":
      return textOfDays(value as number);
    case "timestamp": {
      const parts = timestampParts(value as bigint);
      return parts && `${parts[0]}T${parts[1]}Z`;
    }
    case "timestamp_ntz": {
      const parts = timestampParts(value as bigint);
      return parts && `${parts[0]} ${parts[1].replace(/\.0{6}$/, "")}`;
    }
    case "boolean":
      return String(value);
    case "void":
      return undefined;
    default: {
      if (isIntegral(type)) return integerText(value as number | bigint, type);
      const decimal = decimalOf(type);
      if (decimal === undefined) return undefined;
      const unscaled = value as bigint;
      const limit = 10n ** BigInt(decimal.precision);
      const fits = unscaled < limit && unscaled > -limit;
      return fits ? decimalText(unscaled, decimal.scale) : undefined;
    }
  }
}

function integerText(value: number | bigint, type: ScalarType): string | undefined {
  const [min, max] = integralRange(type as "long");
  const isWhole = typeof value === "bigint" || Number.isInteger(value);
  return isWhole && value >= min && value <= max ? String(value) : undefined;
}

/** With a point, as other writers have it, and with the sign of a zero. */
function numberText(value: number, type: "float" | "double"): string | undefined {
  if (type === "float" && !Object.is(Math.fround(value), value)) return undefined;
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function decimalOfText(text: string, type: ScalarType): bigint | undefined {
  const decimal = type === "void" ? undefined : decimalOf(type);
  const read = readDecimal(text);
  if (decimal === undefined || read === undefined) return undefined;
  const factor = 10n ** BigInt(Math.max(0, read.scale - decimal.scale));
  if (read.unscaled % factor !== 0n) return undefined;
  const kept = read.unscaled / factor;
  const unscaled = kept * 10n ** BigInt(Math.max(0, decimal.scale - read.scale));
  const limit = 10n ** BigInt(decimal.precision);
  return unscaled < limit && unscaled > -limit ? unscaled : undefined;
}

function textOfBytes(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
