// SPDX-License-Identifier: Apache-2.0
import type { Snapshot, StructType } from "@sluice/delta";
import type { FileLayout } from "../commit/file-layout.ts";
import { ServerError } from "../errors.ts";
import type { RecordRules } from "./compile-decoder.ts";

/** How rows of a table become its files. */
export function layoutOf({ metadata }: Snapshot, { schema }: RecordRules): FileLayout {
  const { partitionColumns } = metadata;
  const fileColumnIndices = schema.fields.flatMap(({ name }, index) =>
    partitionColumns.includes(name) ? [] : [index],
  );
  const fields = fileColumnIndices.map(
    (index) => schema.fields[index] as StructType["fields"][number],
  );
  return {
    schema,
    fileSchema: { ...schema, fields },
    fileColumnIndices,
    partitionFields: partitionColumns.map((name) => {
      const field = schema.fields.find((candidate) => candidate.name === name);
      if (field === undefined) {
        throw new ServerError(
          "data_loss",
          `the table is partitioned by ${name}, which it does not have`,
        );
      }
      return { field, physicalName: name };
    }),
    statisticsColumns: undefined,
  };
}
