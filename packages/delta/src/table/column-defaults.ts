// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { bindExpression } from "../expression/bind-expression.ts";
import { castOperation, promotion } from "../expression/casts.ts";
import { constantValue } from "../expression/coercion.ts";
import { parseExpression } from "../expression/parse-expression.ts";
import { type Scalar, type ScalarType, scalarTypeOf } from "../expression/scalar-types.ts";
import { textOfDays } from "../expression/time-text.ts";
import type { DefaultValues } from "../rows/row-encoder.ts";
import { decimalOf, decimalText } from "../schema/decimal.ts";
import { sqlTypeOf } from "../schema/sql-type.ts";
import type { DataType, StructField, StructType } from "../schema/types.ts";

/** Under which a column has the SQL text of its default ("Default Columns"). */
export const DEFAULT_KEY = "CURRENT_DEFAULT";
const NO_COLUMNS: StructType = { type: "struct", fields: [] };

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
      sql === undefined ? field : { ...field, metadata: { ...field.metadata, [DEFAULT_KEY]: sql } };
    defaultValueOf(withDefault);
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
    if (field.metadata[DEFAULT_KEY] !== undefined) values.set(field.name, defaultValueOf(field));
  }
  return values;
}

/** The value in the form of rows; `undefined` for a column without a default. */
function defaultValueOf(field: StructField): unknown {
  const sql = field.metadata[DEFAULT_KEY];
  if (sql === undefined) return undefined;
  if (typeof sql !== "string") {
    throw new DeltaError(
      "data_loss",
      `column ${JSON.stringify(field.name)} has a ${DEFAULT_KEY} that is no text`,
      { details: { column: field.name } },
    );
  }
  try {
    return evaluate(sql, field.type);
  } catch (cause) {
    if (!(cause instanceof DeltaError)) throw cause;
    throw new DeltaError(
      cause.code,
      `the default ${sql} of column ${JSON.stringify(field.name)}: ${cause.message}`,
      { cause, details: { ...cause.details, column: field.name } },
    );
  }
}

function evaluate(sql: string, type: DataType): unknown {
  const node = bindExpression(parseExpression(sql), NO_COLUMNS);
  const value = constantValue(node);
  if (value === null) return null;
  const target = scalarTypeOf(type);
  if (target === undefined) {
    throw new DeltaError(
      "unsupported",
      `a default other than NULL for a column of type ${sqlTypeOf(type)} is not supported`,
    );
  }
  return rowValueOf(assigned(value, node.type, target), target);
}

/** Makes a value one of a column's type, as an INSERT does. */
function assigned(value: Scalar, from: ScalarType, to: ScalarType): Scalar {
  if (from === to) return value;
  const isText = from === "string" || to === "string";
  const operation = isText ? undefined : (castOperation(from, to) ?? promotion(from, to));
  if (operation !== undefined) return operation(value);
  throw new DeltaError(
    "invalid_argument",
    `it is ${sqlTypeOf(from as DataType)} and the column ${sqlTypeOf(to as DataType)}`,
  );
}

function rowValueOf(value: Scalar, type: ScalarType): unknown {
  if (type === "date") return textOfDays(value as number);
  const decimal = type === "void" ? undefined : decimalOf(type);
  return decimal === undefined ? value : decimalText(value as bigint, decimal.scale);
}
