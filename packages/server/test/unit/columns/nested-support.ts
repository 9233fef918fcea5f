// SPDX-License-Identifier: Apache-2.0
import type { DataType, StructField, StructType } from "@sluice/delta";
import { below, column, pick, randomDay, randomMicros, struct } from "./support.ts";

export function arrayOf(elementType: DataType, containsNull = true): DataType {
  return { type: "array", elementType, containsNull };
}

export function mapOf(keyType: DataType, valueType: DataType, valueContainsNull = true): DataType {
  return { type: "map", keyType, valueType, valueContainsNull };
}

/** A value in the form that readers are compared with: maps as lists of pairs, 64 bits and decimals as text. */
export type Plain = string | number | boolean | null | readonly Plain[] | { [name: string]: Plain };

const SCALARS: readonly DataType[] = [
  "string",
  "boolean",
  "byte",
  "short",
  "integer",
  "long",
  "double",
  "date",
  "timestamp",
  "timestamp_ntz",
  "decimal(9,2)",
  "decimal(30,4)",
];

/** Any type that both JSON and protobuf have a form for. */
export function randomType(random: () => number, depth: number): DataType {
  const roll = random();
  if (depth <= 0 || roll < 0.3) return pick(random, SCALARS);
  if (roll < 0.6) {
    const count = 1 + below(random, 3);
    return struct(
      ...Array.from({ length: count }, (_, index) =>
        column(`f${index}`, randomType(random, depth - 1), random() < 0.8),
      ),
    );
  }
  const inner = (): DataType => {
    const type = randomType(random, depth - 1);
    return typeof type === "object" && type.type !== "struct" ? "integer" : type;
  };
  if (roll < 0.8) return arrayOf(inner());
  return mapOf(pick(random, ["string", "integer", "long", "boolean"] as const), inner());
}

export function randomSchema(random: () => number): StructType {
  const fields: StructField[] = [];
  for (let index = 0; index < 1 + below(random, 4); index++) {
    fields.push(column(`c${index}`, randomType(random, 3), random() < 0.8));
  }
  return struct(...fields);
}

export function randomPlain(random: () => number, type: DataType, nullable: boolean): Plain {
  if (nullable && random() < 0.2) return null;
  if (typeof type === "string") return randomScalar(random, type);
  switch (type.type) {
    case "struct":
      return Object.fromEntries(
        type.fields.map((field) => [field.name, randomPlain(random, field.type, field.nullable)]),
      );
    case "array":
      // Protobuf has no null elements, and no empty list in a nullable field.
      return Array.from({ length: 1 + below(random, 4) }, () =>
        randomPlain(random, type.elementType, false),
      );
    case "map": {
      const entries = new Map<string, Plain>();
      for (let count = 1 + below(random, random() < 0.05 ? 40 : 4); count > 0; count--) {
        const key = randomPlain(random, type.keyType, false);
        entries.set(textOf(key), [key, randomPlain(random, type.valueType, false)]);
      }
      // In the order in which an object, and so protobufjs, has its keys.
      return Object.values(Object.fromEntries(entries));
    }
  }
}

function randomScalar(random: () => number, type: string): Plain {
  switch (type) {
    case "string":
      return Array.from({ length: below(random, 12) }, () =>
        pick(random, ["a", "é", "\u{1f600}", '"', "\\", "\n", " "]),
      ).join("");
    case "boolean":
      return random() < 0.5;
    case "byte":
      return below(random, 256) - 128;
    case "short":
      return below(random, 65_536) - 32_768;
    case "integer":
      return (below(random, 2 ** 32) | 0) >> below(random, 32);
    case "date":
      return randomDay(random);
    case "long":
      return BigInt.asIntN(
        64,
        BigInt(below(random, 2 ** 32)) << BigInt(below(random, 33)),
      ).toString();
    case "timestamp":
    case "timestamp_ntz":
      return randomMicros(random).toString();
    case "decimal(9,2)":
      return `${random() < 0.5 ? "-" : ""}${1 + below(random, 9_999_999)}.${10 + below(random, 90)}`;
    case "decimal(30,4)":
      return `${1 + below(random, 2 ** 31)}${10_000_000 + below(random, 2 ** 20)}.${1000 + below(random, 9000)}`;
    default:
      return (random() - 0.5) * 10 ** below(random, 20);
  }
}

/** The JSON text of a value; nulls are left out at random. */
export function jsonOf(random: () => number, type: DataType, value: Plain): string {
  if (value === null) return "null";
  if (typeof type === "string") {
    if (type === "long" || type.startsWith("timestamp")) return textOf(value);
    if (type.startsWith("decimal") && random() < 0.5) return textOf(value);
    return JSON.stringify(value);
  }
  switch (type.type) {
    case "struct": {
      const members = type.fields.flatMap((field) => {
        const inner = (value as { [name: string]: Plain })[field.name] ?? null;
        if (inner === null && random() < 0.5) return [];
        return [`${JSON.stringify(field.name)}: ${jsonOf(random, field.type, inner)}`];
      });
      if (random() < 0.3) members.reverse();
      return `{${members.join(",")}}`;
    }
    case "array":
      return `[${(value as Plain[]).map((item) => jsonOf(random, type.elementType, item)).join(" , ")}]`;
    case "map": {
      const entries = (value as [Plain, Plain][]).map(
        ([key, item]) => `${JSON.stringify(textOf(key))}:${jsonOf(random, type.valueType, item)}`,
      );
      return `{${entries.join(",")}}`;
    }
  }
}

/** A key or number as text without quotes. */
export function textOf(value: Plain): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
