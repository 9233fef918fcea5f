// SPDX-License-Identifier: Apache-2.0
import type { ProtocolAction } from "../log/actions.ts";
import type { DataType, StructType } from "../schema/types.ts";

/**
 * Features that protocol versions before table features imply, each with the first writer and reader version that does
 * ("Requirements for Writers" of the protocol).
 */
const LEGACY_VERSIONS: ReadonlyMap<string, { readonly writer: number; readonly reader: number }> =
  new Map([
    ["appendOnly", { writer: 2, reader: 1 }],
    ["invariants", { writer: 2, reader: 1 }],
    ["checkConstraints", { writer: 3, reader: 1 }],
    ["changeDataFeed", { writer: 4, reader: 1 }],
    ["generatedColumns", { writer: 4, reader: 1 }],
    ["columnMapping", { writer: 5, reader: 2 }],
    ["identityColumns", { writer: 6, reader: 1 }],
  ]);

/** Features that readers must know too. */
const READER_WRITER_FEATURES: ReadonlySet<string> = new Set([
  "columnMapping",
  "deletionVectors",
  "timestampNtz",
  "typeWidening",
  "v2Checkpoint",
  "vacuumProtocolCheck",
  "variantType",
]);

/** Features that others rest on. */
const REQUIRED_FEATURES: ReadonlyMap<string, readonly string[]> = new Map([
  ["rowTracking", ["domainMetadata"]],
  ["clustering", ["domainMetadata"]],
]);

/** What every table has had since writer version 2; named where a table names its features. */
const BASE_FEATURES = ["appendOnly", "invariants"];

/** The features that a protocol supports, whether it names them or its versions imply them. */
export function supportedFeaturesOf(protocol: ProtocolAction): ReadonlySet<string> {
  const { minReaderVersion, minWriterVersion, writerFeatures = [], readerFeatures = [] } = protocol;
  const features = new Set([...writerFeatures, ...readerFeatures]);
  if (minWriterVersion >= 7) return features;
  for (const [feature, { writer, reader }] of LEGACY_VERSIONS) {
    if (minWriterVersion >= writer && minReaderVersion >= reader) features.add(feature);
  }
  return features;
}

export function supportsFeature(protocol: ProtocolAction, feature: string): boolean {
  return supportedFeaturesOf(protocol).has(feature);
}

/** The lowest protocol that supports these features, and what they rest on. */
export function protocolOfFeatures(features: Iterable<string>): ProtocolAction {
  const names = closureOf([...BASE_FEATURES, ...features]);
  const legacy = names.map((name) => LEGACY_VERSIONS.get(name));
  if (!legacy.every((versions) => versions !== undefined)) return protocolNaming(names);
  return {
    minReaderVersion: Math.max(...legacy.map(({ reader }) => reader)),
    minWriterVersion: Math.max(...legacy.map(({ writer }) => writer)),
  };
}

/**
 * The protocol with more features; never a lower one. `undefined` where it supports them already. Versions before table
 * features stay such as long as they can express the features.
 */
export function withFeatures(
  protocol: ProtocolAction,
  features: Iterable<string>,
): ProtocolAction | undefined {
  const supported = supportedFeaturesOf(protocol);
  const all = closureOf([...supported, ...features]);
  if (all.length === supported.size) return undefined;
  const { minReaderVersion, minWriterVersion } = protocol;
  const next =
    minWriterVersion >= 7 ? protocolNaming(all, protocol.readerFeatures) : protocolOfFeatures(all);
  if (minReaderVersion >= 3 && next.minReaderVersion < 3) {
    return { ...next, minReaderVersion: 3, readerFeatures: [] };
  }
  return {
    ...next,
    minReaderVersion: Math.max(minReaderVersion, next.minReaderVersion),
    minWriterVersion: Math.max(minWriterVersion, next.minWriterVersion),
  };
}

function closureOf(features: readonly string[]): string[] {
  const all = new Set<string>();
  for (const feature of features) {
    for (const required of REQUIRED_FEATURES.get(feature) ?? []) all.add(required);
    all.add(feature);
  }
  return [...all].toSorted();
}

/** @param forReaders features that are known to be for readers too, such as those that a protocol names so. */
function protocolNaming(
  writerFeatures: readonly string[],
  forReaders: readonly string[] = [],
): ProtocolAction {
  const readerFeatures = writerFeatures.filter(
    (name) => READER_WRITER_FEATURES.has(name) || forReaders.includes(name),
  );
  return readerFeatures.length === 0
    ? { minReaderVersion: 1, minWriterVersion: 7, writerFeatures }
    : { minReaderVersion: 3, minWriterVersion: 7, readerFeatures, writerFeatures };
}

/** The features that a schema needs by its types and the metadata of its columns. */
export function featuresOfSchema(schema: StructType): ReadonlySet<string> {
  const features = new Set<string>();
  collectFeatures(schema, features);
  return features;
}

function collectFeatures(type: DataType, features: Set<string>): void {
  if (type === "timestamp_ntz") features.add("timestampNtz");
  if (type === "variant") features.add("variantType");
  if (typeof type === "string") return;
  switch (type.type) {
    case "struct":
      for (const field of type.fields) {
        if (field.metadata["CURRENT_DEFAULT"] !== undefined) features.add("allowColumnDefaults");
        collectFeatures(field.type, features);
      }
      return;
    case "array":
      collectFeatures(type.elementType, features);
      return;
    case "map":
      collectFeatures(type.keyType, features);
      collectFeatures(type.valueType, features);
      return;
  }
}
