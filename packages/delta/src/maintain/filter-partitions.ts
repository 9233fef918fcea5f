// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { parsePredicate } from "../expression/bind-expression.ts";
import { compileRowPredicate } from "../expression/row-predicate.ts";
import type { ActiveFile } from "../log/file-set.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { partitionValueFromText } from "../partition/partition-values.ts";
import { columnMappingModeOf, physicalNameOf } from "../log/column-mapping.ts";

/**
 * The files of partitions for which a condition is true.
 * @throws DeltaError `invalid_argument` for a condition that is none, or on other columns than those that the table is
 *   partitioned by; `unsupported` for one beyond the subset that is known.
 */
export function* filterPartitions(
  { schema, metadata, protocol, files }: Snapshot,
  where: string,
): Generator<ActiveFile, void, undefined> {
  const { partitionColumns } = metadata;
  if (partitionColumns.length === 0) {
    throw new DeltaError(
      "invalid_argument",
      "the table is not partitioned, so there is nothing that a condition could choose; leave the condition out",
    );
  }
  const mode = columnMappingModeOf(protocol, metadata);
  const fields = schema.fields.filter(({ name }) => partitionColumns.includes(name));
  const columns = fields.map((field) => ({ field, physicalName: physicalNameOf(field, mode) }));
  const holds = compileRowPredicate(parsePredicate(where, { type: "struct", fields }));
  for (const file of files) {
    const row = Object.fromEntries(
      columns.map(({ field, physicalName }) => [
        field.name,
        partitionValueFromText(file.partitionValues[physicalName] ?? null, field),
      ]),
    );
    if (holds(row) === true) yield file;
  }
}
