// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { Action, ProtocolAction } from "../log/actions.ts";
import { encodeCommit, parseCommit } from "../log/commit-codec.ts";
import { commitPath, LOG_DIRECTORY } from "../log/log-files.ts";
import { listLog } from "../log/log-listing.ts";
import { replayCommits } from "../log/snapshot.ts";
import { printSchemaString } from "../schema/schema-json.ts";
import type { DataType, StructType } from "../schema/types.ts";
import { validateTableSchema } from "../schema/validate-schema.ts";
import { resolveComponents, type TableComponents } from "./components.ts";
import { DeltaTable } from "./delta-table.ts";
import { ENGINE_INFO } from "./engine-info.ts";

export interface CreateTableOptions extends TableComponents {
  /**
   * The table's directory, made if needed, or its place in an object store; see `openStore`. It may hold other files,
   * but no Delta table.
   */
  readonly location: string;
  readonly schema: StructType;
  readonly name?: string;
  readonly description?: string;
  /** Table properties. Of those that start with `delta.` only those in {@link ALLOWED_DELTA_PROPERTIES}. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** The properties that need no table feature, so that any table may have them. */
export const ALLOWED_DELTA_PROPERTIES: ReadonlySet<string> = new Set([
  "delta.appendOnly",
  "delta.autoOptimize.autoCompact",
  "delta.autoOptimize.optimizeWrite",
  "delta.checkpoint.writeStatsAsJson",
  "delta.checkpoint.writeStatsAsStruct",
  "delta.checkpointInterval",
  "delta.dataSkippingNumIndexedCols",
  "delta.dataSkippingStatsColumns",
  "delta.deletedFileRetentionDuration",
  "delta.enableExpiredLogCleanup",
  "delta.logRetentionDuration",
  "delta.parquet.compression.codec",
  "delta.setTransactionRetentionDuration",
  "delta.targetFileSize",
]);

/**
 * Makes an empty table: version 0 of its log, which is durable when the promise is fulfilled.
 * @throws DeltaError `already_exists` if there is a table in `location`, `invalid_argument` for a schema or property
 *   that cannot be, and what the store throws.
 */
export async function createTable(options: CreateTableOptions): Promise<DeltaTable> {
  const { location, schema, properties = {} } = options;
  validateTableSchema(schema);
  validateProperties(properties);
  const components = await resolveComponents(location, options);
  const { store, clock, randomUuid } = components;
  if ((await listLog(store)).length > 0) throw alreadyExists(store.location);
  const bytes = encodeCommit(
    actionsOfCreate(options, { nowMs: clock(), tableId: randomUuid(), txnId: randomUuid() }),
  );
  const snapshot = replayCommits(undefined, [parseCommit(0, bytes)]);
  await store.prepareDirectory(LOG_DIRECTORY);
  const result = await store.putIfAbsent(commitPath(0), bytes);
  if (result.kind === "exists") throw alreadyExists(store.location);
  return new DeltaTable(snapshot, components);
}

/** The protocol that a new table with this schema needs, no higher than its types ask for. */
export function protocolOfSchema(schema: StructType): ProtocolAction {
  const types = new Set<string>();
  collectTypeNames(schema, types);
  const features = [
    ...(types.has("timestamp_ntz") ? ["timestampNtz"] : []),
    ...(types.has("variant") ? ["variantType"] : []),
  ];
  if (features.length === 0) return { minReaderVersion: 1, minWriterVersion: 2 };
  return {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: features,
    writerFeatures: ["appendOnly", "invariants", ...features],
  };
}

interface CreateContext {
  readonly nowMs: number;
  readonly tableId: string;
  readonly txnId: string;
}

function actionsOfCreate(options: CreateTableOptions, context: CreateContext): Action[] {
  const { schema, name, description, properties = {} } = options;
  return [
    {
      commitInfo: {
        timestamp: context.nowMs,
        operation: "CREATE TABLE",
        operationParameters: {
          isManaged: "false",
          description: description ?? null,
          partitionBy: "[]",
          properties: JSON.stringify(properties),
        },
        isolationLevel: "Serializable",
        isBlindAppend: true,
        operationMetrics: {},
        engineInfo: ENGINE_INFO,
        txnId: context.txnId,
      },
    },
    { protocol: protocolOfSchema(schema) },
    {
      metaData: {
        id: context.tableId,
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
        format: { provider: "parquet", options: {} },
        schemaString: printSchemaString(schema),
        partitionColumns: [],
        configuration: properties,
        createdTime: context.nowMs,
      },
    },
  ];
}

function validateProperties(properties: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(properties)) {
    if (key.startsWith("delta.") && !ALLOWED_DELTA_PROPERTIES.has(key)) {
      throw new DeltaError(
        "invalid_argument",
        `the table property ${JSON.stringify(key)} cannot be set; of the properties that start with "delta." these can: ${[...ALLOWED_DELTA_PROPERTIES].join(", ")}`,
        { details: { property: key } },
      );
    }
  }
}

function collectTypeNames(type: DataType, names: Set<string>): void {
  if (typeof type === "string") {
    names.add(type);
    return;
  }
  switch (type.type) {
    case "struct":
      for (const field of type.fields) collectTypeNames(field.type, names);
      return;
    case "array":
      collectTypeNames(type.elementType, names);
      return;
    case "map":
      collectTypeNames(type.keyType, names);
      collectTypeNames(type.valueType, names);
      return;
  }
}

function alreadyExists(location: string): DeltaError {
  return new DeltaError("already_exists", `there is a Delta table in ${location} already`, {
    details: { location },
  });
}
