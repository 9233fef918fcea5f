// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { COLUMN_DEFAULT_METADATA_KEY, columnDefaultOf } from "../expression/column-default.ts";
import type { DefaultValues } from "../rows/row-encoder.ts";
import type { StructField, StructType } from "../schema/types.ts";

/**
 * A schema whose columns have these defaults.
 * @param defaults SQL literals by column name.
 * @throws DeltaError `invalid_argument` for a column that is not there or a default that does not fit it, `unsupported`
 *   for one that is not evaluated here.
 */
export function withDefaults(
  schema: StructType,
  defaults: Readonly<Record<string, string>>,
): StructType {
  for (const name of Object.keys(defaults)) {
    if (schema.fields.some((field) => field.name === name)) continue;
    throw new DeltaError(
      "invalid_argument",
      `there is a default for ${JSON.stringify(name)}, which is no column of the table`,
      { details: { column: name } },
    );
  }
  const fields = schema.fields.map((field): StructField => {
    const sql = Object.hasOwn(defaults, field.name) ? defaults[field.name] : undefined;
    const withDefault =
      sql === undefined
        ? field
        : { ...field, metadata: { ...field.metadata, [COLUMN_DEFAULT_METADATA_KEY]: sql } };
    columnDefaultOf(withDefault);
    return withDefault;
  });
  return { type: "struct", fields };
}

/**
 * The values of columns that rows do not give.
 * @throws DeltaError `unsupported` for a default that is not evaluated here.
 */
export function defaultValuesOf(schema: StructType): DefaultValues {
  const values = new Map<string, unknown>();
  for (const field of schema.fields) {
    const value = columnDefaultOf(field);
    if (value !== undefined) values.set(field.name, value);
  }
  return values;
}
