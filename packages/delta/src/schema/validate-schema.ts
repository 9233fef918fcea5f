// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { MAX_TYPE_DEPTH } from "./schema-json.ts";
import { isDecimalTypeName, isPrimitiveTypeName } from "./type-names.ts";
import type { DataType, StructType } from "./types.ts";

/** Characters that a column name may not hold unless the table maps column names. */
const FORBIDDEN_CHARACTERS = /[ ,;{}()\n\t=]/;

/**
 * Checks that a schema can be a table's: it has columns, every struct has fields, names are given, unique regardless
 * of case, and without the characters that Delta forbids where there is no column mapping.
 * @param isMapped whether the table maps column names, so that any character may be in them.
 * @throws DeltaError `invalid_argument` naming the column.
 */
export function validateTableSchema(schema: StructType, isMapped = false): void {
  if (schema.fields.length === 0) {
    throw new DeltaError("invalid_argument", "a table must have at least one column");
  }
  validateStruct(schema, [], 0, isMapped);
}

type Path = readonly string[];

function validateStruct(struct: StructType, path: Path, depth: number, isMapped: boolean): void {
  if (struct.fields.length === 0) {
    throw invalid(path, "is a struct without fields");
  }
  const seen = new Map<string, string>();
  for (const field of struct.fields) {
    const fieldPath = [...path, field.name];
    validateName(field.name, path, isMapped);
    const folded = field.name.toLowerCase();
    const earlier = seen.get(folded);
    if (earlier !== undefined) {
      const problem =
        earlier === field.name
          ? "is declared twice"
          : `differs only in case from ${JSON.stringify(earlier)}`;
      throw invalid(fieldPath, `${problem}; column names must be unique regardless of case`);
    }
    seen.set(folded, field.name);
    validateType(field.type, fieldPath, depth + 1, isMapped);
  }
}

function validateName(name: string, parent: Path, isMapped: boolean): void {
  if (name === "") {
    const place = parent.length === 0 ? "" : ` in ${JSON.stringify(parent.join("."))}`;
    throw new DeltaError("invalid_argument", `a column name${place} is empty`);
  }
  const forbidden = isMapped ? null : FORBIDDEN_CHARACTERS.exec(name);
  if (forbidden !== null) {
    throw invalid(
      [...parent, name],
      `has the character ${JSON.stringify(forbidden[0])} in its name; Delta forbids any of " ,;{}()\\n\\t=" without column mapping`,
    );
  }
}

function validateType(type: DataType, path: Path, depth: number, isMapped: boolean): void {
  if (depth > MAX_TYPE_DEPTH) throw invalid(path, `nests more than ${MAX_TYPE_DEPTH} types`);
  if (typeof type === "string") {
    if (!isPrimitiveTypeName(type) && !isDecimalTypeName(type)) {
      throw invalid(path, `has the unknown type ${JSON.stringify(type)}`);
    }
    return;
  }
  switch (type.type) {
    case "struct":
      validateStruct(type, path, depth, isMapped);
      return;
    case "array":
      validateType(type.elementType, [...path, "element"], depth + 1, isMapped);
      return;
    case "map":
      if (
        type.keyType === "variant" ||
        (typeof type.keyType === "object" && type.keyType.type === "map")
      ) {
        throw invalid(path, "has a map key of type MAP or VARIANT, which cannot be compared");
      }
      validateType(type.keyType, [...path, "key"], depth + 1, isMapped);
      validateType(type.valueType, [...path, "value"], depth + 1, isMapped);
      return;
  }
}

function invalid(path: Path, problem: string): DeltaError {
  const column = path.join(".");
  return new DeltaError("invalid_argument", `column ${JSON.stringify(column)} ${problem}`, {
    details: { column },
  });
}
