// SPDX-License-Identifier: Apache-2.0

/**
 * JSON text of a value read from a table. A bigint is a number with all its digits; bytes are base64; a number that JSON
 * does not have is its name, as `produce` reads it.
 */
export function jsonText(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) return JSON.stringify(String(value));
  if (typeof value !== "object") return JSON.stringify(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("base64"));
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  const entries =
    value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value);
  const members = entries.map(([key, member]) => `${keyText(key)}:${jsonText(member)}`);
  return `{${members.join(",")}}`;
}

/** Keys of an object in JSON are texts; those of a MAP that are not become the text of their value. */
function keyText(key: unknown): string {
  const text = jsonText(key);
  return text.startsWith('"') ? text : JSON.stringify(text);
}
