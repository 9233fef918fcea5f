// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { durationMs } from "../log/table-properties.ts";

/** Whether the types of the table's columns may be changed to wider ones. */
export const ENABLE_TYPE_WIDENING = "delta.enableTypeWidening";

/** What a property of the protocol takes, and what it asks of the table. */
interface PropertyRule {
  /** What the value must be, for messages. */
  readonly expected: string;
  accepts(value: string): boolean;
  /** The feature that the table must support where the property has this value. */
  feature?(value: string): string | undefined;
}

const BOOLEAN: PropertyRule = {
  expected: "true or false",
  accepts: (value) => /^(true|false)$/i.test(value),
};
const INTERVAL: PropertyRule = {
  expected: 'an interval of weeks to microseconds, such as "interval 7 days"',
  accepts: isInterval,
};
const BYTE_COUNT: PropertyRule = {
  expected: 'a number of bytes above 0, such as "104857600" or "100mb"',
  accepts: (value) => /^0*[1-9]\d*\s*([kmgt]?b?)$/i.test(value.trim()),
};
const COLUMN_NAMES: PropertyRule = {
  expected: "names of columns, separated by commas",
  accepts: (value) => value.trim() !== "",
};

/** The codecs that files of a table may be asked to have; a writer here refuses those that it cannot make. */
const CODECS = [
  "zstd",
  "uncompressed",
  "none",
  "snappy",
  "gzip",
  "lz4",
  "lz4_raw",
  "brotli",
  "lzo",
];

const RULES: ReadonlyMap<string, PropertyRule> = new Map<string, PropertyRule>([
  ["delta.appendOnly", enabling("appendOnly")],
  ["delta.autoOptimize.autoCompact", oneOf("true", "false", "auto", "legacy")],
  ["delta.autoOptimize.optimizeWrite", BOOLEAN],
  ["delta.checkpoint.writeStatsAsJson", BOOLEAN],
  ["delta.checkpoint.writeStatsAsStruct", BOOLEAN],
  ["delta.checkpointInterval", wholeNumber(1)],
  [
    "delta.checkpointPolicy",
    {
      ...oneOf("classic", "v2"),
      feature: (value) => (value.toLowerCase() === "v2" ? "v2Checkpoint" : undefined),
    },
  ],
  ["delta.checkpointRetentionDuration", INTERVAL],
  [
    "delta.columnMapping.mode",
    {
      ...oneOf("none", "name", "id"),
      feature: (value) => (value.toLowerCase() === "none" ? undefined : "columnMapping"),
    },
  ],
  ["delta.dataSkippingNumIndexedCols", wholeNumber(-1)],
  ["delta.dataSkippingStatsColumns", COLUMN_NAMES],
  ["delta.deletedFileRetentionDuration", INTERVAL],
  ["delta.enableChangeDataFeed", enabling("changeDataFeed")],
  ["delta.enableDeletionVectors", enabling("deletionVectors")],
  ["delta.enableExpiredLogCleanup", BOOLEAN],
  ["delta.enableInCommitTimestamps", enabling("inCommitTimestamp")],
  ["delta.enableRowTracking", enabling("rowTracking")],
  [ENABLE_TYPE_WIDENING, enabling("typeWidening")],
  ["delta.isolationLevel", oneOf("Serializable", "WriteSerializable")],
  ["delta.logRetentionDuration", INTERVAL],
  ["delta.parquet.compression.codec", oneOf(...CODECS)],
  ["delta.setTransactionRetentionDuration", INTERVAL],
  ["delta.targetFileSize", BYTE_COUNT],
  ["delta.tuneFileSizesForRewrites", BOOLEAN],
]);

/** Set by what enables them, never by hand. */
const MANAGED_PROPERTIES: ReadonlyMap<string, string> = new Map([
  ["delta.columnMapping.maxColumnId", "column mapping keeps it"],
  ["delta.inCommitTimestampEnablementVersion", "enabling in-commit timestamps sets it"],
  ["delta.inCommitTimestampEnablementTimestamp", "enabling in-commit timestamps sets it"],
  ["delta.rowTracking.materializedRowIdColumnName", "enabling row tracking sets it"],
  ["delta.rowTracking.materializedRowCommitVersionColumnName", "enabling row tracking sets it"],
  ["delta.minReaderVersion", "the features that the table uses decide it"],
  ["delta.minWriterVersion", "the features that the table uses decide it"],
]);

export const CONSTRAINT_PREFIX = "delta.constraints.";
export const FEATURE_PREFIX = "delta.feature.";

/** The names of the properties of the protocol that a table can be given, in order. */
export const DELTA_PROPERTIES: readonly string[] = [...RULES.keys()];

/**
 * Checks properties that a user gives. Those whose names do not start with `delta.` are the user's own.
 * @throws DeltaError `invalid_argument` naming the property, its value and what it may be.
 */
export function validateProperties(properties: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(properties)) {
    checkSettable(key);
    if (!key.startsWith("delta.")) continue;
    const rule = RULES.get(key) as PropertyRule;
    if (!rule.accepts(value)) {
      throw wrong(key, `is ${JSON.stringify(value)}; it must be ${rule.expected}`);
    }
  }
}

/** @throws DeltaError `invalid_argument` for a property that is not for users to set or to take away. */
export function checkSettable(key: string): void {
  if (key === "") throw wrong(key, "has an empty name");
  if (!key.startsWith("delta.") || RULES.has(key)) return;
  const manager = MANAGED_PROPERTIES.get(key);
  if (manager !== undefined) throw wrong(key, `cannot be set: ${manager}`);
  if (key.startsWith(CONSTRAINT_PREFIX)) {
    throw wrong(key, "cannot be set: a CHECK constraint is added as such");
  }
  if (key.startsWith(FEATURE_PREFIX)) {
    throw wrong(key, "cannot be set: a feature is enabled as such");
  }
  const known = DELTA_PROPERTIES.join(", ");
  throw wrong(key, `cannot be set; of the properties that start with "delta." these can: ${known}`);
}

/** The features that a table with these properties must support. */
export function featuresOfProperties(
  configuration: Readonly<Record<string, string>>,
): ReadonlySet<string> {
  const features = new Set<string>();
  for (const [key, value] of Object.entries(configuration)) {
    const feature = key.startsWith(CONSTRAINT_PREFIX)
      ? "checkConstraints"
      : RULES.get(key)?.feature?.(value);
    if (feature !== undefined) features.add(feature);
  }
  return features;
}

function isInterval(value: string): boolean {
  try {
    durationMs("", value);
    return true;
  } catch (error) {
    if (error instanceof DeltaError) return false;
    throw error;
  }
}

function enabling(feature: string): PropertyRule {
  return {
    ...BOOLEAN,
    feature: (value) => (value.toLowerCase() === "true" ? feature : undefined),
  };
}

function oneOf(...values: readonly string[]): PropertyRule {
  const known = new Set(values.map((value) => value.toLowerCase()));
  return {
    expected: `one of ${values.join(", ")}`,
    accepts: (value) => known.has(value.toLowerCase()),
  };
}

function wholeNumber(least: number): PropertyRule {
  return {
    expected: `a whole number from ${least} to 2147483647`,
    accepts: (value) =>
      /^-?\d+$/.test(value) && Number(value) >= least && Number(value) <= 0x7fff_ffff,
  };
}

function wrong(key: string, problem: string): DeltaError {
  return new DeltaError(
    "invalid_argument",
    `the table property ${JSON.stringify(key)} ${problem}`,
    {
      details: { property: key },
    },
  );
}
