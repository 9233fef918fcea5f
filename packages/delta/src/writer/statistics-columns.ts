// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { DataType, StructField, StructType } from "../schema/types.ts";

const DEFAULT_INDEXED_COUNT = 32;

/**
 * The columns that files of a table have statistics for, as paths of physical names: those that
 * `delta.dataSkippingStatsColumns` names, else the first `delta.dataSkippingNumIndexedCols` without parts (32; all for
 * -1); and those that the table is clustered by in any case.
 * @param dataSchema the columns in the files, by logical names.
 * @param physicalSchema the same, by physical names.
 * @param clustering physical paths.
 * @throws DeltaError `unsupported` for a property that names what is not there.
 */
export function statisticsColumnsOf(
  configuration: Readonly<Record<string, string>>,
  dataSchema: StructType,
  physicalSchema: StructType,
  clustering: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  const named = configuration["delta.dataSkippingStatsColumns"];
  const chosen =
    named === undefined
      ? firstLeaves(physicalSchema, indexedCount(configuration))
      : parseColumnNames(named).map((path) => physicalPath(path, dataSchema, physicalSchema));
  const all = new Map([...chosen, ...clustering].map((path) => [JSON.stringify(path), path]));
  return [...all.values()];
}

function indexedCount(configuration: Readonly<Record<string, string>>): number {
  const count = Number(configuration["delta.dataSkippingNumIndexedCols"] ?? DEFAULT_INDEXED_COUNT);
  return count === -1 ? Number.POSITIVE_INFINITY : count;
}

/** Fields of structs count one by one; an ARRAY or MAP counts as one, though it has no statistics. */
function firstLeaves(schema: StructType, count: number): (readonly string[])[] {
  const leaves: (readonly string[])[] = [];
  const collect = (type: DataType, path: readonly string[]): void => {
    if (leaves.length >= count) return;
    if (typeof type === "string" || type.type !== "struct") {
      leaves.push(path);
      return;
    }
    for (const field of type.fields) collect(field.type, [...path, field.name]);
  };
  collect(schema, []);
  return leaves;
}

/** `a, b.c, `d.e`.f`: names separated by commas, paths by dots; a name in backquotes may hold both. */
function parseColumnNames(text: string): string[][] {
  const pattern = /\s*(?:`((?:[^`]|``)+)`|([^`.,\s][^`.,]*))\s*([.,]|$)/uy;
  const paths: string[][] = [];
  let path: string[] = [];
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) throw unreadable(text);
    path.push(match[1]?.replaceAll("``", "`") ?? (match[2] as string).trimEnd());
    if (match[3] === ".") continue;
    paths.push(path);
    path = [];
    if (match[3] === "") return paths;
  }
}

function physicalPath(
  path: readonly string[],
  dataSchema: StructType,
  physicalSchema: StructType,
): readonly string[] {
  const names: string[] = [];
  let logical: DataType = dataSchema;
  let physical: DataType = physicalSchema;
  for (const name of path) {
    if (typeof logical === "string" || logical.type !== "struct") throw unreadable(path.join("."));
    const folded = name.toLowerCase();
    const index: number = logical.fields.findIndex((known) => known.name.toLowerCase() === folded);
    const field: StructField | undefined = logical.fields[index];
    const stored: StructField | undefined = (physical as StructType).fields[index];
    if (field === undefined || stored === undefined) throw unreadable(path.join("."));
    names.push(stored.name);
    ({ type: logical } = field);
    ({ type: physical } = stored);
  }
  return names;
}

function unreadable(text: string): DeltaError {
  return new DeltaError(
    "unsupported",
    `the property delta.dataSkippingStatsColumns names ${JSON.stringify(text)}, which is no column in the table's files`,
    { details: { property: "delta.dataSkippingStatsColumns" } },
  );
}
