// SPDX-License-Identifier: Apache-2.0
import { quoted } from "../column-labels.ts";
import type { SetupProblem } from "../decoder.ts";
import type { FieldModel } from "../descriptor/descriptor-model.ts";

/** A descriptor field of another type than the part of the table that it is for. */
export function incompatible(
  path: string,
  field: FieldModel,
  sqlName: string,
  accepted: string,
): SetupProblem {
  return {
    field: path,
    reason: "type_incompatible",
    message: `descriptor field ${quoted(path)} is ${describeField(field)}, but the table's column is ${sqlName}, which takes ${accepted}`,
  };
}

function describeField(field: FieldModel): string {
  const { type } = field;
  const name =
    type.kind === "scalar" ? type.scalar : type.kind === "enum" ? "an enum" : "a message";
  return field.isRepeated ? `repeated (${name})` : name;
}
