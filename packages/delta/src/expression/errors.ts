// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";

/** The text itself, or what it says of the columns, is wrong. */
export function invalidExpression(problem: string, position: number): DeltaError {
  return new DeltaError(
    "invalid_argument",
    `cannot read the expression: ${problem} at position ${position}`,
    { details: { position } },
  );
}

/** The text may well be SQL, but of a kind that is not evaluated here. */
export function unsupportedConstruct(construct: string, position: number): DeltaError {
  return new DeltaError(
    "unsupported",
    `the expression uses ${construct} at position ${position}, which is not supported`,
    { details: { construct, position } },
  );
}

/** A value for which the result is not defined: an overflow, a division by zero, a text that is no number. */
export function evaluationError(problem: string): DeltaError {
  return new DeltaError("invalid_argument", `cannot evaluate the expression: ${problem}`);
}
