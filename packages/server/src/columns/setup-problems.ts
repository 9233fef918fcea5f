// SPDX-License-Identifier: Apache-2.0
import type { StructField } from "@sluice/delta";
import { quoted, sqlNameOf } from "./column-labels.ts";
import type { SetupProblem } from "./decoder.ts";

/** What is said of a column whose type cannot be written. */
export function unsupportedColumn(column: StructField): SetupProblem {
  return {
    field: column.name,
    reason: "unsupported_type",
    message: `column ${quoted(column.name)} has type ${sqlNameOf(column.type)}, which cannot be written yet`,
  };
}
