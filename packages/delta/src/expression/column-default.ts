// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { sqlTypeOf } from "../schema/sql-type.ts";
import type { StructField } from "../schema/types.ts";
import { bindExpression } from "./bind-expression.ts";
import { castOperation, promotion } from "./casts.ts";
import { constantValue } from "./coercion.ts";
import { comparatorOf } from "./compare.ts";
import { parseExpression } from "./parse-expression.ts";
import { rowValueOfScalar } from "./row-scalars.ts";
import {
  commonType,
  isNumeric,
  type Scalar,
  type ScalarType,
  scalarTypeOf,
} from "./scalar-types.ts";

/** The key of a field's metadata under which its default stands ("Default Columns" of the protocol). */
export const COLUMN_DEFAULT_METADATA_KEY = "CURRENT_DEFAULT";

/**
 * The value of a column's default, as rows have it (see `Row`), or `null` where it is NULL; `undefined` for a column
 * without one. A default is an expression without columns, such as a literal.
 *
 * A number fits every numeric column that holds it exactly; a DATE fits TIMESTAMP columns as its midnight in UTC; other
 * values must be of the column's type.
 * @throws DeltaError `unsupported` naming what is not evaluated here, such as `current_timestamp()`; `invalid_argument`
 *   for a text that is no expression or a value that does not fit. Both name the column.
 */
export function columnDefaultOf(
  field: Pick<StructField, "name" | "type" | "metadata">,
): Scalar | null | undefined {
  const text = field.metadata[COLUMN_DEFAULT_METADATA_KEY];
  if (text === undefined) return undefined;
  if (typeof text !== "string") throw misfit(field, text, "is no text");
  try {
    return parseColumnDefault(text, field);
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    throw new DeltaError(
      error.code,
      `the default ${text} of column ${JSON.stringify(field.name)} cannot be used: ${error.message}`,
      { cause: error, details: { ...error.details, column: field.name } },
    );
  }
}

function parseColumnDefault(
  text: string,
  field: Pick<StructField, "name" | "type">,
): Scalar | null {
  const node = bindExpression(parseExpression(text), { type: "struct", fields: [] });
  const value = constantValue(node);
  if (value === null) return null;
  const type = scalarTypeOf(field.type);
  const fitting = type === undefined ? undefined : assigned(value, node.type, type);
  const result =
    fitting === undefined || type === undefined ? undefined : rowValueOfScalar(fitting, type);
  if (result === undefined) throw misfit(field, text, `does not fit ${sqlTypeOf(field.type)}`);
  return result;
}

/** The value as one of another type, if nothing of it is lost. */
function assigned(value: Scalar, from: ScalarType, to: ScalarType): Scalar | undefined {
  if (from === to) return value;
  if (!isNumeric(from) || !isNumeric(to)) {
    return commonType(from, to) === to ? promotion(from, to)(value) : undefined;
  }
  const cast = castOperation(from, to)?.(value);
  if (cast === undefined || to === "float" || to === "double") return cast;
  const common = commonType(from, to) as ScalarType;
  const isSame =
    comparatorOf(common)(promotion(from, common)(value), promotion(to, common)(cast)) === 0;
  return isSame ? cast : undefined;
}

function misfit(field: Pick<StructField, "name">, text: unknown, problem: string): DeltaError {
  return new DeltaError(
    "invalid_argument",
    `the value ${String(text)} ${problem}, the type of column ${JSON.stringify(field.name)}`,
    { details: { column: field.name } },
  );
}
