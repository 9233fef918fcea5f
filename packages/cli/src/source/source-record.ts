// SPDX-License-Identifier: Apache-2.0

/** A record as it was read, before it is encoded for the wire. */
export type SourceRecord = TextRecord | ValueRecord;

/** A record that is written as JSON, or was turned into it by the table's columns. */
export interface TextRecord {
  /** Line of the input on which it begins, counted from 1. */
  readonly line: number;
  /** One JSON object, in the forms that the service takes. */
  readonly json: string;
  /** The same, parsed by `JSON.parse`, where that was done already. */
  readonly parsed?: Readonly<Record<string, unknown>>;
}

/** A record of a typed file, with values as the client's encoders take them. */
export interface ValueRecord {
  /** Row of the input, counted from 1. */
  readonly line: number;
  readonly value: Readonly<Record<string, unknown>>;
}
