// SPDX-License-Identifier: Apache-2.0
import type {
  AddAction,
  CheckpointMetadataAction,
  DeletionVectorDescriptor,
  DomainMetadataAction,
  MetadataAction,
  ProtocolAction,
  RemoveAction,
  SidecarAction,
  Tags,
  TxnAction,
} from "./actions.ts";
import { FieldProblem, FieldReader } from "./json-fields.ts";

/** Each function reads one action from its JSON value and throws `FieldProblem` where the value is not one. */

export function parseProtocol(value: unknown): ProtocolAction {
  const fields = new FieldReader("protocol", value);
  const minReaderVersion = fields.integer("minReaderVersion");
  const minWriterVersion = fields.integer("minWriterVersion");
  const readerFeatures = fields.optionalStrings("readerFeatures");
  const writerFeatures = fields.optionalStrings("writerFeatures");
  if (minReaderVersion === 3 && readerFeatures === undefined) {
    throw new FieldProblem(`"protocol" has reader version 3 without "readerFeatures"`);
  }
  if (minWriterVersion === 7 && writerFeatures === undefined) {
    throw new FieldProblem(`"protocol" has writer version 7 without "writerFeatures"`);
  }
  return {
    minReaderVersion,
    minWriterVersion,
    ...(readerFeatures === undefined ? {} : { readerFeatures }),
    ...(writerFeatures === undefined ? {} : { writerFeatures }),
  };
}

export function parseMetadata(value: unknown): MetadataAction {
  const fields = new FieldReader("metaData", value);
  const name = fields.optionalString("name");
  const description = fields.optionalString("description");
  const createdTime = fields.optionalInteger("createdTime");
  const format = fields.optionalObject("format");
  return {
    id: fields.string("id"),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    format: {
      provider: format?.optionalString("provider") ?? "parquet",
      options: format?.stringMap("options") ?? {},
    },
    schemaString: fields.string("schemaString"),
    partitionColumns: fields.optionalStrings("partitionColumns") ?? [],
    configuration: fields.stringMap("configuration"),
    ...(createdTime === undefined ? {} : { createdTime }),
  };
}

export function parseAdd(value: unknown): AddAction {
  const fields = new FieldReader("add", value);
  const stats = fields.optionalString("stats");
  const deletionVector = parseDeletionVector(fields);
  const clusteringProvider = fields.optionalString("clusteringProvider");
  return {
    path: fields.string("path"),
    partitionValues: fields.nullableStringMap("partitionValues"),
    size: fields.integer("size"),
    modificationTime: fields.integer("modificationTime"),
    dataChange: fields.boolean("dataChange"),
    ...(stats === undefined ? {} : { stats }),
    ...optionalTags(fields),
    ...(deletionVector === undefined ? {} : { deletionVector }),
    ...optionalRowTracking(fields),
    ...(clusteringProvider === undefined ? {} : { clusteringProvider }),
  };
}

export function parseRemove(value: unknown): RemoveAction {
  const fields = new FieldReader("remove", value);
  const deletionTimestamp = fields.optionalInteger("deletionTimestamp");
  const extendedFileMetadata = fields.optionalBoolean("extendedFileMetadata");
  const size = fields.optionalInteger("size");
  const stats = fields.optionalString("stats");
  const deletionVector = parseDeletionVector(fields);
  return {
    path: fields.string("path"),
    dataChange: fields.boolean("dataChange"),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(extendedFileMetadata === undefined ? {} : { extendedFileMetadata }),
    ...(fields.has("partitionValues")
      ? { partitionValues: fields.nullableStringMap("partitionValues") }
      : {}),
    ...(size === undefined ? {} : { size }),
    ...(stats === undefined ? {} : { stats }),
    ...optionalTags(fields),
    ...(deletionVector === undefined ? {} : { deletionVector }),
    ...optionalRowTracking(fields),
  };
}

export function parseTxn(value: unknown): TxnAction {
  const fields = new FieldReader("txn", value);
  const lastUpdated = fields.optionalInteger("lastUpdated");
  return {
    appId: fields.string("appId"),
    version: fields.integer("version"),
    ...(lastUpdated === undefined ? {} : { lastUpdated }),
  };
}

export function parseDomainMetadata(value: unknown): DomainMetadataAction {
  const fields = new FieldReader("domainMetadata", value);
  return {
    domain: fields.string("domain"),
    configuration: fields.string("configuration"),
    removed: fields.boolean("removed"),
  };
}

export function parseSidecar(value: unknown): SidecarAction {
  const fields = new FieldReader("sidecar", value);
  return {
    path: fields.string("path"),
    sizeInBytes: fields.integer("sizeInBytes"),
    modificationTime: fields.integer("modificationTime"),
    ...optionalTags(fields),
  };
}

export function parseCheckpointMetadata(value: unknown): CheckpointMetadataAction {
  const fields = new FieldReader("checkpointMetadata", value);
  return { version: fields.integer("version"), ...optionalTags(fields) };
}

function optionalTags(fields: FieldReader): { readonly tags?: Tags } {
  return fields.has("tags") ? { tags: fields.nullableStringMap("tags") } : {};
}

function optionalRowTracking(
  fields: FieldReader,
): Pick<AddAction, "baseRowId" | "defaultRowCommitVersion"> {
  const baseRowId = fields.optionalInteger("baseRowId");
  const defaultRowCommitVersion = fields.optionalInteger("defaultRowCommitVersion");
  return {
    ...(baseRowId === undefined ? {} : { baseRowId }),
    ...(defaultRowCommitVersion === undefined ? {} : { defaultRowCommitVersion }),
  };
}

function parseDeletionVector(fields: FieldReader): DeletionVectorDescriptor | undefined {
  const vector = fields.optionalObject("deletionVector");
  return vector === undefined ? undefined : deletionVectorOf(vector);
}

export function deletionVectorOf(vector: FieldReader): DeletionVectorDescriptor {
  const offset = vector.optionalInteger("offset");
  return {
    storageType: vector.string("storageType"),
    pathOrInlineDv: vector.string("pathOrInlineDv"),
    ...(offset === undefined ? {} : { offset }),
    sizeInBytes: vector.integer("sizeInBytes"),
    cardinality: vector.integer("cardinality"),
  };
}
