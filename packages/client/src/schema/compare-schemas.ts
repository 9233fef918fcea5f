// SPDX-License-Identifier: Apache-2.0
import { type Column, type ColumnType, sqlTypeText, type TableSchema } from "./table-schema.ts";

/** What differs about a column. `added` and `removed` are from the table's view. */
export type SchemaDifferenceKind =
  | "addedNullable"
  | "addedRequired"
  | "removed"
  | "retyped"
  | "becameRequired"
  | "becameNullable";

export interface SchemaDifference {
  readonly kind: SchemaDifferenceKind;
  /** Path of the column, such as `place.x`; `[]` stands for an array's elements, `{}` for a map's values. */
  readonly column: string;
  /** The type in the schema that records are made for; `undefined` where it has no such column. */
  readonly mine: string | undefined;
  /** The type that the table has now; `undefined` where it has no such column. */
  readonly theirs: string | undefined;
  /** `breaking`: records are refused, or will be when the stream is opened again. */
  readonly severity: "info" | "warning" | "breaking";
  /** What will come of it, and what to do. */
  readonly consequence: string;
}

type Severity = SchemaDifference["severity"];

const CONSEQUENCES: Readonly<Record<SchemaDifferenceKind, readonly [Severity, string]>> = {
  addedNullable: [
    "warning",
    "records do not carry it, so it stays null; take the new schema to fill it",
  ],
  addedRequired: [
    "breaking",
    "it is NOT NULL and records do not carry it, so they are refused; take the new schema and fill it",
  ],
  removed: ["breaking", "records that carry it are refused; take the new schema and leave it out"],
  retyped: [
    "breaking",
    "values of the old type are refused; take the new schema and send the new type",
  ],
  becameRequired: [
    "breaking",
    "it is NOT NULL now, so records without it are refused; fill it in every record",
  ],
  becameNullable: ["info", "records need not carry it any longer"],
};

/**
 * What the table has otherwise than the schema that records are made for, in the order of the columns. Names count with
 * their case; the order of columns does not, nor do comments.
 */
export function compareSchemas(mine: TableSchema, theirs: TableSchema): SchemaDifference[] {
  const differences: SchemaDifference[] = [];
  compareColumns(mine.columns, theirs.columns, "", differences);
  return differences;
}

function compareColumns(
  mine: readonly Column[],
  theirs: readonly Column[],
  prefix: string,
  differences: SchemaDifference[],
): void {
  const mineByName = new Map(mine.map((column) => [column.name, column]));
  const theirsByName = new Map(theirs.map((column) => [column.name, column]));
  for (const column of mine) {
    const path = prefix + column.name;
    const other = theirsByName.get(column.name);
    if (other === undefined) {
      differences.push(difference("removed", path, column.type, undefined));
      continue;
    }
    compareTypes(column.type, other.type, path, differences);
    compareNullability(column.nullable, other.nullable, path, column.type, other.type, differences);
  }
  for (const column of theirs) {
    if (mineByName.has(column.name)) continue;
    const kind = column.nullable ? "addedNullable" : "addedRequired";
    differences.push(difference(kind, prefix + column.name, undefined, column.type));
  }
}

function compareTypes(
  mine: ColumnType,
  theirs: ColumnType,
  path: string,
  differences: SchemaDifference[],
): void {
  if (mine.kind === "struct" && theirs.kind === "struct") {
    compareColumns(mine.fields, theirs.fields, `${path}.`, differences);
    return;
  }
  if (mine.kind === "array" && theirs.kind === "array") {
    const inner = `${path}[]`;
    compareTypes(mine.element, theirs.element, inner, differences);
    compareNullability(
      mine.containsNull,
      theirs.containsNull,
      inner,
      mine.element,
      theirs.element,
      differences,
    );
    return;
  }
  if (mine.kind === "map" && theirs.kind === "map" && sameText(mine.key, theirs.key)) {
    const inner = `${path}{}`;
    compareTypes(mine.value, theirs.value, inner, differences);
    compareNullability(
      mine.valueContainsNull,
      theirs.valueContainsNull,
      inner,
      mine.value,
      theirs.value,
      differences,
    );
    return;
  }
  if (!sameText(mine, theirs)) differences.push(difference("retyped", path, mine, theirs));
}

function compareNullability(
  mine: boolean,
  theirs: boolean,
  path: string,
  myType: ColumnType,
  theirType: ColumnType,
  differences: SchemaDifference[],
): void {
  if (mine === theirs) return;
  const kind = theirs ? "becameNullable" : "becameRequired";
  differences.push(difference(kind, path, myType, theirType));
}

function sameText(left: ColumnType, right: ColumnType): boolean {
  return sqlTypeText(left) === sqlTypeText(right);
}

function difference(
  kind: SchemaDifferenceKind,
  column: string,
  mine: ColumnType | undefined,
  theirs: ColumnType | undefined,
): SchemaDifference {
  const [severity, consequence] = CONSEQUENCES[kind];
  return {
    kind,
    column,
    mine: mine === undefined ? undefined : sqlTypeText(mine),
    theirs: theirs === undefined ? undefined : sqlTypeText(theirs),
    severity,
    consequence,
  };
}
