// SPDX-License-Identifier: Apache-2.0
import type { WritePlan } from "@sluice/delta";
import type { FileLayout } from "../commit/file-layout.ts";
import type { RecordRules } from "./compile-decoder.ts";

/** How rows of a table become its files. */
export function layoutOf(plan: WritePlan, { schema, defaults }: RecordRules): FileLayout {
  const { fileSchema, dataColumnIndices, partitionColumns, statisticsColumns, compression } = plan;
  // Rows are decoded with a place for null where a column has a default, and so they are written.
  const fields = fileSchema.fields.map((field, index) =>
    defaults.has(dataColumnIndices[index] ?? -1) ? { ...field, nullable: true } : field,
  );
  return {
    schema,
    fileSchema: { ...fileSchema, fields },
    fileColumnIndices: dataColumnIndices,
    partitionFields: partitionColumns,
    statisticsColumns,
    compression,
  };
}
