// SPDX-License-Identifier: Apache-2.0

/** A field of an action that is not what the protocol says; the caller adds the file and the line. */
export class FieldProblem extends Error {
  override readonly name = "FieldProblem";
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads the fields of one action, strictly: absent and null are alike, another type than the protocol's is an error. */
export class FieldReader {
  readonly #action: string;
  readonly #object: JsonObject;

  constructor(action: string, value: unknown) {
    if (!isJsonObject(value)) throw new FieldProblem(`"${action}" must be an object`);
    this.#action = action;
    this.#object = value;
  }

  string(key: string): string {
    return this.optionalString(key) ?? this.#missing(key);
  }

  optionalString(key: string): string | undefined {
    const value = this.#object[key] ?? undefined;
    if (value === undefined || typeof value === "string") return value;
    return this.#wrong(key, "text");
  }

  /** Whether there is a value that is not null. */
  has(key: string): boolean {
    return this.#object[key] != null;
  }

  boolean(key: string): boolean {
    return this.optionalBoolean(key) ?? this.#missing(key);
  }

  optionalBoolean(key: string): boolean | undefined {
    const value = this.#object[key] ?? undefined;
    if (value === undefined || typeof value === "boolean") return value;
    return this.#wrong(key, "true or false");
  }

  integer(key: string): number {
    return this.optionalInteger(key) ?? this.#missing(key);
  }

  /** Beyond 2^53 the number is rounded. */
  optionalInteger(key: string): number | undefined {
    const value = toNumber(this.#object[key] ?? undefined);
    if (value === undefined || (typeof value === "number" && Number.isInteger(value))) return value;
    return this.#wrong(key, "a whole number");
  }

  strings(key: string): string[] {
    return this.optionalStrings(key) ?? this.#missing(key);
  }

  optionalStrings(key: string): string[] | undefined {
    const value = this.#object[key] ?? undefined;
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item): item is string => typeof item === "string")) {
      return value;
    }
    return this.#wrong(key, "a list of texts");
  }

  /** A map from text to text; null values are left out. Absent is an empty map. */
  stringMap(key: string): Record<string, string> {
    const map: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.nullableStringMap(key))) {
      if (value !== null) map[name] = value;
    }
    return map;
  }

  nullableStringMap(key: string): Record<string, string | null> {
    const value = this.#object[key] ?? {};
    if (!isJsonObject(value)) return this.#wrong(key, "a map of texts");
    for (const item of Object.values(value)) {
      if (item !== null && typeof item !== "string") return this.#wrong(key, "a map of texts");
    }
    return value as Record<string, string | null>;
  }

  optionalObject(key: string): FieldReader | undefined {
    const value = this.#object[key] ?? undefined;
    return value === undefined ? undefined : new FieldReader(`${this.#action}.${key}`, value);
  }

  #missing(key: string): never {
    throw new FieldProblem(`"${this.#action}" has no "${key}"`);
  }

  #wrong(key: string, expected: string): never {
    throw new FieldProblem(`"${this.#action}.${key}" must be ${expected}`);
  }
}

/** Checkpoints give 64-bit integers as BigInt. */
function toNumber(value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
