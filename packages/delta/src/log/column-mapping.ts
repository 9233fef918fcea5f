// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { MetadataAction, ProtocolAction } from "./actions.ts";
import type { StructField } from "../schema/types.ts";

/** How the columns of a table are found in its data files ("Column Mapping" of the protocol). */
export type ColumnMappingMode = "none" | "name" | "id";

/**
 * The mode of a table. The table property counts only where the protocol supports column mapping.
 * @throws DeltaError `unsupported` for a mode that the protocol does not have.
 */
export function columnMappingModeOf(
  protocol: ProtocolAction,
  metadata: MetadataAction,
): ColumnMappingMode {
  const isSupported =
    protocol.minReaderVersion === 2 || (protocol.readerFeatures ?? []).includes("columnMapping");
  const mode = (metadata.configuration["delta.columnMapping.mode"] ?? "none").toLowerCase();
  if (!isSupported || mode === "none") return "none";
  if (mode === "name" || mode === "id") return mode;
  throw new DeltaError(
    "unsupported",
    `the table's delta.columnMapping.mode is ${JSON.stringify(mode)}; this library knows none, name and id`,
    { details: { mode } },
  );
}

/**
 * The name that a column has in data files, partition values and statistics.
 * @throws DeltaError `data_loss` for a mapped table's column that has none.
 */
export function physicalNameOf(field: StructField, mode: ColumnMappingMode): string {
  if (mode === "none") return field.name;
  const name = field.metadata["delta.columnMapping.physicalName"];
  if (typeof name === "string") return name;
  throw unmapped(field, "physicalName");
}

/**
 * The id that a column has in data files of a table mapped by id.
 * @throws DeltaError `data_loss` for a column that has none.
 */
export function columnIdOf(field: StructField): number {
  const id = field.metadata["delta.columnMapping.id"];
  if (typeof id === "number") return id;
  throw unmapped(field, "id");
}

function unmapped(field: StructField, key: string): DeltaError {
  return new DeltaError(
    "data_loss",
    `the table maps its columns, and its column ${JSON.stringify(field.name)} has no delta.columnMapping.${key}`,
    { details: { column: field.name } },
  );
}
