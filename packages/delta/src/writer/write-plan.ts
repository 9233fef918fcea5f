// SPDX-License-Identifier: Apache-2.0
import { type ColumnSpec } from "../columns/block-builder.ts";
import { columnSpecsOf } from "../columns/column-specs.ts";
import { DeltaError } from "../delta-error.ts";
import { type BlockCheck, compileBlockCheck } from "../expression/block-check.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { validateWritable } from "../log/table-features.ts";
import type { ParquetCompression } from "../parquet/parquet-file-encoder.ts";
import type { DefaultValues } from "../rows/row-encoder.ts";
import { columnMappingModeOf, physicalNameOf } from "../log/column-mapping.ts";
import { physicalSchemaOf } from "../schema/column-mapping.ts";
import type { StructField, StructType } from "../schema/types.ts";
import { type RowCheck, rowChecksOf } from "../table/check-constraints.ts";
import { clusteringColumnsOf } from "../table/clustering.ts";
import { defaultValuesOf } from "../table/column-defaults.ts";
import { refuseComputedColumns } from "../table/table-definition.ts";
import { statisticsColumnsOf } from "./statistics-columns.ts";

export interface PartitionColumn {
  readonly field: StructField;
  /** The name in `partitionValues`. */
  readonly physicalName: string;
}

export interface CompiledCheck extends RowCheck {
  readonly findBroken: BlockCheck;
}

/** How rows of a table become files: everything that its definition asks of a writer. */
export interface WritePlan {
  /** All columns, by logical names: what rows are written into first. */
  readonly schema: StructType;
  readonly columnSpecs: readonly ColumnSpec[];
  /** Which of the columns are in files: all but those that the table is partitioned by. */
  readonly dataColumnIndices: readonly number[];
  /** Those columns by physical names. */
  readonly fileSchema: StructType;
  readonly partitionColumns: readonly PartitionColumn[];
  readonly statisticsColumns: readonly (readonly string[])[];
  readonly compression: ParquetCompression;
  readonly checks: readonly CompiledCheck[];
  readonly defaults: DefaultValues;
  /** From the table's properties; `undefined` where they do not say. */
  readonly targetFileBytes: number | undefined;
}

/**
 * Works out how rows are written to a table as it is.
 * @throws DeltaError `unsupported` naming everything that this library cannot do for the rows.
 */
export function writePlanOf(snapshot: Snapshot): WritePlan {
  validateWritable(snapshot);
  refuseComputedColumns(snapshot.schema);
  const { schema, metadata, protocol, domains } = snapshot;
  const mode = columnMappingModeOf(protocol, metadata);
  const isPartition = (field: StructField): boolean =>
    metadata.partitionColumns.includes(field.name);
  const dataSchema: StructType = {
    type: "struct",
    fields: schema.fields.filter((field) => !isPartition(field)),
  };
  const fileSchema = physicalSchemaOf(dataSchema, mode);
  const { configuration } = metadata;
  return {
    schema,
    columnSpecs: columnSpecsOf(schema),
    dataColumnIndices: schema.fields.flatMap((field, index) => (isPartition(field) ? [] : [index])),
    fileSchema,
    partitionColumns: partitionColumnsOf(metadata.partitionColumns, schema, (field) =>
      physicalNameOf(field, mode),
    ),
    statisticsColumns: statisticsColumnsOf(
      configuration,
      dataSchema,
      fileSchema,
      clusteringColumnsOf(domains),
    ),
    compression: compressionOf(configuration),
    checks: rowChecksOf(snapshot).map((check) => ({
      ...check,
      findBroken: compileBlockCheck(check.predicate),
    })),
    defaults: defaultValuesOf(schema),
    targetFileBytes: targetFileBytesOf(configuration),
  };
}

function partitionColumnsOf(
  names: readonly string[],
  schema: StructType,
  physicalName: (field: StructField) => string,
): readonly PartitionColumn[] {
  return names.map((name) => {
    const field = schema.fields.find((candidate) => candidate.name === name);
    if (field === undefined) {
      throw new DeltaError(
        "data_loss",
        `the table is partitioned by ${JSON.stringify(name)}, which its schema does not have`,
        { details: { column: name } },
      );
    }
    return { field, physicalName: physicalName(field) };
  });
}

function compressionOf(configuration: Readonly<Record<string, string>>): ParquetCompression {
  const codec = (configuration["delta.parquet.compression.codec"] ?? "zstd").toLowerCase();
  if (codec === "zstd" || codec === "gzip") return codec;
  if (codec === "none" || codec === "uncompressed") return "uncompressed";
  throw new DeltaError(
    "unsupported",
    `the table asks for files compressed with ${codec} (delta.parquet.compression.codec); this library writes zstd, gzip and uncompressed`,
    { details: { codec } },
  );
}

const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["k", 2 ** 10],
  ["m", 2 ** 20],
  ["g", 2 ** 30],
  ["t", 2 ** 40],
]);

function targetFileBytesOf(configuration: Readonly<Record<string, string>>): number | undefined {
  const match = /^\s*(\d+)\s*([kmgt]?)b?\s*$/i.exec(configuration["delta.targetFileSize"] ?? "");
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (UNIT_BYTES.get((match[2] ?? "").toLowerCase()) ?? 1);
  return bytes > 0 ? bytes : undefined;
}
