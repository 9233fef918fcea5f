// SPDX-License-Identifier: Apache-2.0
export {
  BlockBuilder,
  type Column,
  type ColumnKind,
  type ColumnSpec,
} from "./columns/block-builder.ts";
export { BytesColumn, LENGTH_PREFIX_BYTES } from "./columns/bytes-column.ts";
export {
  type BytesVector,
  type ColumnBlock,
  type ColumnVector,
  type FixedVector,
  type FlatVector,
  type LeafVector,
  type NestedVector,
  memoryOf,
} from "./columns/column-block.ts";
export { copyRows } from "./columns/copy-rows.ts";
export { columnKindOf, columnSpecsOf } from "./columns/column-specs.ts";
export { type FlatKind, flatKindOf } from "./columns/flat-kinds.ts";
export { LeafColumn, type LeafSpec, NestedColumn } from "./columns/nested-column.ts";
export {
  type LayoutNode,
  type LeafNode,
  type ListNode,
  type MapNode,
  type NestedLayout,
  nestedLayoutOf,
  type NodeLevels,
  type StructNode,
  type VariantNode,
} from "./columns/nested-layout.ts";
export {
  ELEMENTS_PER_ROW,
  FixedColumn,
  type FixedKind,
  type FixedValues,
} from "./columns/fixed-column.ts";
export { DeltaError, type DeltaErrorCode, type DeltaErrorOptions } from "./delta-error.ts";
export { bindPredicate, parsePredicate } from "./expression/bind-expression.ts";
export {
  type BlockCheck,
  type BlockCheckOptions,
  compileBlockCheck,
} from "./expression/block-check.ts";
export type { ColumnRows, FlatRows } from "./expression/block-readers.ts";
export type { BoundColumn, BoundPredicate } from "./expression/bound-expression.ts";
export { COLUMN_DEFAULT_METADATA_KEY, columnDefaultOf } from "./expression/column-default.ts";
export {
  compilePruner,
  type PrunableFile,
  type PrunerOptions,
} from "./expression/compile-pruner.ts";
export { parseExpression } from "./expression/parse-expression.ts";
export {
  type JsonTree,
  type ParsedStatistics,
  parseStatistics,
} from "./expression/parse-statistics.ts";
export { compileRowPredicate, type RowValues } from "./expression/row-predicate.ts";
export type { Scalar, ScalarType } from "./expression/scalar-types.ts";
export type { ComparisonOperator, Expression } from "./expression/syntax.ts";
export { type TableConstraint, tableConstraintsOf } from "./expression/table-constraints.ts";
export type {
  DeletionVectorDescriptor,
  DomainMetadataAction,
  MetadataAction,
  PartitionValues,
  ProtocolAction,
} from "./log/actions.ts";
export type { ActiveFile, FileSet } from "./log/file-set.ts";
export {
  assertChecksumMatches,
  type ChecksumDifference,
  type ChecksumVerdict,
  verifySnapshot,
  writeChecksum,
} from "./log/checksum.ts";
export { loadSnapshot, refreshSnapshot, type SnapshotOptions } from "./log/load-snapshot.ts";
export { cleanUpLog, type LogCleanupOptions, type LogCleanupResult } from "./log/log-cleanup.ts";
export type { CheckpointFiles } from "./log/log-segment.ts";
export type { Snapshot, TxnState } from "./log/snapshot.ts";
export {
  type CheckpointOptions,
  isCheckpointDue,
  withCheckpoint,
  writeCheckpoint,
} from "./log/write-checkpoint.ts";
export { type LogProperties, logPropertiesOf } from "./log/table-properties.ts";
export { type AppendDuty, type TableDefinition, validateAppendable } from "./log/table-features.ts";
export type { HistoryEntry, HistoryOptions } from "./maintain/history.ts";
export type { OptimizeOptions, OptimizeProgress, OptimizeResult } from "./maintain/optimize.ts";
export type { RestoreResult, RestoreTarget } from "./maintain/restore.ts";
export type { VacuumOptions, VacuumResult } from "./maintain/vacuum.ts";
export {
  type Compressor,
  createZstdCompressor,
  DEFAULT_ZSTD_LEVEL,
} from "./parquet/compressor.ts";
export { createGzipCompressor } from "./parquet/gzip-compressor.ts";
export {
  DecimalBound,
  type FileStatistics,
  type StatisticsTree,
  type StatisticsValue,
  statisticsToJson,
} from "./parquet/file-statistics.ts";
export {
  type FinishedParquetFile,
  ParquetFileEncoder,
  type ParquetFileOptions,
} from "./parquet/parquet-file-encoder.ts";
export { partitionDirectory } from "./partition/partition-directory.ts";
export {
  type PartitionField,
  type PartitionRows,
  PartitionSplitter,
} from "./partition/partition-splitter.ts";
export { partitionValueFromText, partitionValueToText } from "./partition/partition-values.ts";
export {
  bytesOfPrecision,
  type DecimalFormat,
  decimalOf,
  decimalText,
} from "./schema/decimal.ts";
export type {
  AppendedRow,
  ChangesOptions,
  RemovedFile,
  ScanAppendedOptions,
  VersionChange,
} from "./scan/changes.ts";
export { readBlocks, type ReadBlocksOptions, storedFieldsOf } from "./scan/read-blocks.ts";
export type { Row } from "./scan/row.ts";
export type { BatchColumn, BatchValues, ColumnBatch } from "./scan/scan-columns.ts";
export { isoDateTimeOf } from "./scan/calendar.ts";
export type { ScanOptions } from "./scan/scan-options.ts";
export type { CountOptions } from "./scan/scan-rows.ts";
export { parseColumnList, parseSqlType } from "./schema/column-list.ts";
export { parseSchemaString, printSchemaString } from "./schema/schema-json.ts";
export {
  catalogTypeNameOf,
  catalogTypeOf,
  catalogTypeOfField,
  CHAR_VARCHAR_METADATA_KEY,
  quoteName,
  sqlOfField,
  sqlTypeOf,
} from "./schema/sql-type.ts";
export type {
  ArrayType,
  DataType,
  DecimalTypeName,
  MapType,
  PrimitiveTypeName,
  StructField,
  StructType,
} from "./schema/types.ts";
export { validateTableSchema } from "./schema/validate-schema.ts";
export type { AzureOptions, AzureTokenCredential } from "./store/azure-options.ts";
export type { GcsOptions, GcsServiceAccount } from "./store/gcs-credentials.ts";
export { LocalDataFile } from "./store/local-data-file.ts";
export { LocalStore } from "./store/local-store.ts";
export { openStore, type StoreOptions } from "./store/open-store.ts";
export type { RemoteStoreOptions } from "./store/remote-store.ts";
export type { RetryEnvironment, RetryPolicy } from "./store/retry.ts";
export type { S3Credentials, S3Options } from "./store/s3-store.ts";
export type {
  FinishedDataFile,
  ListOptions,
  ObjectEntry,
  ObjectStore,
  ObjectWriter,
  PutIfAbsentResult,
} from "./store/object-store.ts";
export type { AppendedFile, AppendRequest } from "./table/append-request.ts";
export type { TableComponents } from "./table/components.ts";
export { createTable, type CreateTableOptions } from "./table/create-table.ts";
export { newDataFilePath } from "./table/data-file-path.ts";
export { type AppendRowsOptions, DeltaTable, openTable } from "./table/delta-table.ts";
export { clusteringPathsOf } from "./table/clustering.ts";
export { DELTA_PROPERTIES } from "./table/property-rules.ts";
export type { NewTable } from "./table/table-definition.ts";
export type {
  AddedFile,
  AppendTxn,
  CommitResult,
  ConflictReason,
  ReadScope,
  TransactionRequest,
} from "./table/transaction-request.ts";
export type { InputRow } from "./rows/row-encoder.ts";
export {
  type InputRows,
  TableWriter,
  type TableWriterOptions,
  type WriterCommitOptions,
} from "./writer/table-writer.ts";
export {
  TABLE_WRITER_TRANSITIONS,
  type TableWriterEvent,
  type TableWriterState,
} from "./writer/table-writer-state.ts";
export type { ColumnReference, NewColumn, TableChange } from "./alter/table-change.ts";
export type { FieldPath } from "./schema/field-path.ts";
export type { ColumnMappingMode } from "./log/column-mapping.ts";
export { physicalSchemaOf } from "./schema/column-mapping.ts";
export { type PartitionColumn, type WritePlan, writePlanOf } from "./writer/write-plan.ts";
