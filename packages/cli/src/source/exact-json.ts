// SPDX-License-Identifier: Apache-2.0
import type { TextRecord } from "./source-record.ts";

/**
 * A number of a JSON text that a double does not hold, as it was written. It stands where `JSON.parse` would put a
 * rounded number.
 */
export class WrittenNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** So many digits are exact in a double, wherever the point is. */
const LONG_NUMBER = /[\d.]{16}/;
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Parses the text of a record; numbers that `JSON.parse` might round come as {@link WrittenNumber}. */
export function exactValues(record: TextRecord): Record<string, unknown> {
  if (!LONG_NUMBER.test(record.json)) {
    return (record.parsed ?? JSON.parse(record.json)) as Record<string, unknown>;
  }
  const numbers: WrittenNumber[] = [];
  const withPlaceholders = record.json.replaceAll(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"') || token.length < 16) return token;
    numbers.push(new WrittenNumber(token));
    return `"\\u0000${numbers.length - 1}"`;
  });
  return JSON.parse(withPlaceholders, (_key, value: unknown) => {
    if (typeof value !== "string") return value;
    return value.startsWith("\u0000") ? (numbers[Number(value.slice(1))] ?? value) : value;
  }) as Record<string, unknown>;
}
