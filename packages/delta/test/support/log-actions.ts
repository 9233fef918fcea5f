// SPDX-License-Identifier: Apache-2.0
import type { Action, MetadataAction, ProtocolAction } from "../../src/log/actions.ts";
import { type Commit, encodeCommit, parseCommit } from "../../src/log/commit-codec.ts";
import { printSchemaString } from "../../src/schema/schema-json.ts";
import type { StructType } from "../../src/schema/types.ts";

export const SCHEMA: StructType = {
  type: "struct",
  fields: [{ name: "id", type: "long", nullable: true, metadata: {} }],
};

export const PROTOCOL: ProtocolAction = { minReaderVersion: 1, minWriterVersion: 2 };

export function metadataOf(
  schema: StructType,
  configuration: Record<string, string> = {},
): MetadataAction {
  return {
    id: "00000000-0000-4000-8000-000000000000",
    format: { provider: "parquet", options: {} },
    schemaString: printSchemaString(schema),
    partitionColumns: [],
    configuration,
  };
}

/** The actions of a version 0. */
export function tableActions(): Action[] {
  return [
    { commitInfo: { timestamp: 1, operation: "CREATE TABLE" } },
    { protocol: PROTOCOL },
    { metaData: metadataOf(SCHEMA) },
  ];
}

export function addOf(path: string, rowCount: number, extra: object = {}): Action {
  return {
    add: {
      path,
      partitionValues: {},
      size: 100,
      modificationTime: 1,
      dataChange: true,
      stats: JSON.stringify({ numRecords: rowCount }),
      ...extra,
    },
  };
}

export function removeOf(path: string, extra: object = {}): Action {
  return { remove: { path, dataChange: true, ...extra } };
}

export function commitBytes(actions: readonly Action[]): Uint8Array {
  return encodeCommit(actions);
}

export function commitOf(version: number, actions: readonly Action[]): Commit {
  return parseCommit(version, encodeCommit(actions));
}
