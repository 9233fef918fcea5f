// SPDX-License-Identifier: Apache-2.0
import type { DataType } from "@sluice/delta";

const CALENDAR_TYPES: ReadonlySet<DataType> = new Set(["date", "timestamp", "timestamp_ntz"]);

/**
 * The first column, by its path, whose numbers in records mean something else to another type: for a DATE they are days,
 * for a timestamp microseconds. `undefined` where there is none.
 */
export function columnOfOtherMeaning(
  before: DataType,
  after: DataType,
  path: readonly string[] = [],
): string | undefined {
  if (typeof before === "string" || typeof after === "string") {
    const isOther =
      CALENDAR_TYPES.has(before) &&
      CALENDAR_TYPES.has(after) &&
      (before === "date") !== (after === "date");
    return isOther ? path.join(".") : undefined;
  }
  if (before.type === "struct" && after.type === "struct") {
    const types = new Map(after.fields.map(({ name, type }) => [name, type]));
    for (const { name, type } of before.fields) {
      const next = types.get(name);
      if (next === undefined) continue;
      const found = columnOfOtherMeaning(type, next, [...path, name]);
      if (found !== undefined) return found;
    }
  } else if (before.type === "array" && after.type === "array") {
    return columnOfOtherMeaning(before.elementType, after.elementType, [...path, "element"]);
  } else if (before.type === "map" && after.type === "map") {
    return (
      columnOfOtherMeaning(before.keyType, after.keyType, [...path, "key"]) ??
      columnOfOtherMeaning(before.valueType, after.valueType, [...path, "value"])
    );
  }
  return undefined;
}
