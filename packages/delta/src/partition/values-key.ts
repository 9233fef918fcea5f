// SPDX-License-Identifier: Apache-2.0

/** A key to look partitions up by: equal for equal values and no others, the two zeros apart, since their texts differ. */
export function keyOfValues(values: readonly unknown[]): unknown {
  const [first] = values;
  if (values.length > 1) return values.map(textKeyOf).join("\u0000");
  const isOwnKey = (typeof first !== "object" || first === null) && !Object.is(first, -0);
  return isOwnKey ? first : textKeyOf(first);
}

function textKeyOf(value: unknown): string {
  if (value instanceof Date) return `date:${value.getTime()}`;
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString("base64")}`;
  if (Object.is(value, -0)) return "number:-0";
  return `${typeof value}:${String(value).replaceAll("\u0000", "\u0000\u0000")}`;
}
