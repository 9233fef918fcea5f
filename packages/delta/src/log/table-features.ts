// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { foreignTypeChanges } from "../schema/type-widening.ts";
import type { DataType, StructType } from "../schema/types.ts";
import type { MetadataAction, ProtocolAction } from "./actions.ts";
import { columnMappingModeOf } from "./column-mapping.ts";

export const MAX_READER_VERSION = 3;
export const MAX_WRITER_VERSION = 7;

/** Reader features that a snapshot honours. Whether one is in use, and how far, is checked where it matters. */
const READER_FEATURES: ReadonlySet<string> = new Set([
  "columnMapping",
  "deletionVectors",
  "timestampNtz",
  "typeWidening",
  "typeWidening-preview",
  "v2Checkpoint",
  "vacuumProtocolCheck",
  "variantType",
  "variantType-preview",
]);

/** Writer features that a commit honours, either by doing what they ask or by refusing tables that use them. */
const WRITER_FEATURES: ReadonlySet<string> = new Set([
  "allowColumnDefaults",
  "appendOnly",
  "changeDataFeed",
  "checkConstraints",
  "clustering",
  "columnMapping",
  "deletionVectors",
  "domainMetadata",
  "generatedColumns",
  "identityColumns",
  "inCommitTimestamp",
  "invariants",
  "rowTracking",
  "timestampNtz",
  "typeWidening",
  "typeWidening-preview",
  "v2Checkpoint",
  "vacuumProtocolCheck",
  "variantType",
  "variantType-preview",
]);

/** Features that a table can be given by name. */
export const CREATABLE_FEATURES: ReadonlySet<string> = new Set(
  [...WRITER_FEATURES]
    .filter((feature) => !["generatedColumns", "identityColumns"].includes(feature))
    .filter((feature) => !feature.endsWith("-preview"))
    .toSorted(),
);

const TYPE_WIDENING_FEATURES: readonly string[] = ["typeWidening", "typeWidening-preview"];

/** The parts of a snapshot that decide what can be done with it. */
export interface TableDefinition {
  readonly protocol: ProtocolAction;
  readonly metadata: MetadataAction;
  readonly schema: StructType;
}

/**
 * Checks that a table can be read by this library, but for {@link validateTypeChanges}. Whether each of its files can is found when it is opened.
 * @throws DeltaError `unsupported` naming the protocol version or every feature that stands in the way.
 */
export function validateReadable(protocol: ProtocolAction, metadata: MetadataAction): void {
  if (protocol.minReaderVersion > MAX_READER_VERSION) {
    throw new DeltaError(
      "unsupported",
      `the table asks for reader version ${protocol.minReaderVersion}; this library reads up to ${MAX_READER_VERSION}`,
      { details: { minReaderVersion: protocol.minReaderVersion } },
    );
  }
  const problems = unknownFeatures(protocol.readerFeatures, READER_FEATURES);
  if (metadata.format.provider !== "parquet") problems.push(`format ${metadata.format.provider}`);
  throwIfAny("read", problems);
}

/**
 * Checks that this library knows everything that the table asks of a writer, whatever the commit.
 * @throws DeltaError `unsupported` naming the protocol version or every feature that stands in the way.
 */
export function validateWritable({ protocol, metadata, schema }: TableDefinition): void {
  validateReadable(protocol, metadata);
  validateTypeChanges(protocol, schema);
  checkWriterVersion(protocol);
  throwIfAny("write to", unknownFeatures(protocol.writerFeatures, WRITER_FEATURES));
}

/**
 * Checks that the types that a table's columns had before are those that the protocol lets become theirs.
 * @throws DeltaError `unsupported` naming every change that is not.
 */
export function validateTypeChanges(protocol: ProtocolAction, schema: StructType): void {
  const { readerFeatures = [] } = protocol;
  if (readerFeatures.some((feature) => TYPE_WIDENING_FEATURES.includes(feature))) {
    throwIfAny("read", [...foreignTypeChanges(schema)]);
  }
}

/** What a table may ask of the rows and files of an append, that only who has written them can have seen to. */
export type AppendDuty =
  | "partitioning"
  | "columnMapping"
  | "checkConstraints"
  | "invariants"
  | "allowColumnDefaults";

/**
 * Checks that files can be appended to a table by this library: it honours every feature that the table uses.
 * @param seenTo what the writer of the files has seen to.
 * @throws DeltaError `unsupported` naming the protocol version or every feature that stands in the way.
 */
export function validateAppendable(
  definition: TableDefinition,
  seenTo: ReadonlySet<AppendDuty> = new Set(),
): void {
  const { protocol, metadata, schema } = definition;
  validateReadable(protocol, metadata);
  validateTypeChanges(protocol, schema);
  checkWriterVersion(protocol);
  const problems = unknownFeatures(protocol.writerFeatures, WRITER_FEATURES);
  const { configuration, partitionColumns } = metadata;
  if (columnMappingModeOf(protocol, metadata) !== "none" && !seenTo.has("columnMapping")) {
    problems.push("columnMapping");
  }
  if (partitionColumns.length > 0 && !seenTo.has("partitioning")) {
    problems.push(
      `partitioning by ${partitionColumns.map((name) => JSON.stringify(name)).join(", ")}`,
    );
  }
  for (const key of Object.keys(configuration)) {
    if (key.startsWith("delta.constraints.") && !seenTo.has("checkConstraints")) {
      problems.push(`checkConstraints (${key})`);
    }
  }
  collectFieldFeatures(schema, { path: [], seenTo, problems });
  throwIfAny("append to", problems);
}

function checkWriterVersion({ minWriterVersion }: ProtocolAction): void {
  if (minWriterVersion <= MAX_WRITER_VERSION) return;
  throw new DeltaError(
    "unsupported",
    `the table asks for writer version ${minWriterVersion}; this library writes up to ${MAX_WRITER_VERSION}`,
    { details: { minWriterVersion } },
  );
}

/** Keys of a column's metadata that ask something of a writer, and the feature that each belongs to. */
function featureOfMetadataKey(key: string): string | undefined {
  if (key === "delta.invariants") return "invariants";
  if (key === "delta.generationExpression") return "generatedColumns";
  if (key === "CURRENT_DEFAULT") return "allowColumnDefaults";
  if (key.startsWith("delta.identity.")) return "identityColumns";
  return undefined;
}

interface Collection {
  readonly path: readonly string[];
  readonly seenTo: ReadonlySet<string>;
  readonly problems: string[];
}

function collectFieldFeatures(struct: StructType, { path, seenTo, problems }: Collection): void {
  for (const field of struct.fields) {
    const fieldPath = [...path, field.name];
    const features = new Set(Object.keys(field.metadata).map(featureOfMetadataKey));
    for (const feature of features) {
      if (feature !== undefined && !seenTo.has(feature)) {
        problems.push(`${feature} (column ${JSON.stringify(fieldPath.join("."))})`);
      }
    }
    collectTypeFeatures(field.type, { path: fieldPath, seenTo, problems });
  }
}

function collectTypeFeatures(type: DataType, collection: Collection): void {
  if (typeof type === "string") return;
  switch (type.type) {
    case "struct":
      collectFieldFeatures(type, collection);
      return;
    case "array":
      collectTypeFeatures(type.elementType, collection);
      return;
    case "map":
      collectTypeFeatures(type.keyType, collection);
      collectTypeFeatures(type.valueType, collection);
      return;
  }
}

function unknownFeatures(
  features: readonly string[] | undefined,
  known: ReadonlySet<string>,
): string[] {
  return (features ?? []).filter((feature) => !known.has(feature));
}

function throwIfAny(action: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new DeltaError(
    "unsupported",
    `cannot ${action} the table: it uses ${problems.join(", ")}, which this library does not support`,
    { details: { features: problems } },
  );
}
