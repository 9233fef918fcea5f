// SPDX-License-Identifier: Apache-2.0

export const CHAOS_TABLE = "main.chaos.records";
export const CHAOS_COLUMNS =
  "id BIGINT NOT NULL, key INT NOT NULL, seq BIGINT NOT NULL, payload STRING NOT NULL";

const KEY_COUNT = 64;
/** One record in so many is wrong. */
const WRONG_INTERVAL = 1_999;

/** Everything of a record follows from its id, so that a row can be checked by itself. */
export function keyOf(id: number): number {
  return id % KEY_COUNT;
}

export function sequenceOf(id: number): number {
  return Math.floor(id / KEY_COUNT);
}

export function payloadOf(id: number): string {
  return `${Math.imul(id, 0x9e37_79b1) >>> 0}`.padStart(48, "-");
}

/** Whether the table refuses the record. */
export function isWrong(id: number): boolean {
  return id % WRONG_INTERVAL === WRONG_INTERVAL - 1;
}

export function jsonOf(id: number): string {
  const sequence = isWrong(id) ? '"not a number"' : sequenceOf(id);
  return `{"id":${id},"key":${keyOf(id)},"seq":${sequence},"payload":"${payloadOf(id)}"}`;
}

/** The id of a record's text. */
export function idOf(json: string): number {
  return (JSON.parse(json) as { readonly id: number }).id;
}
