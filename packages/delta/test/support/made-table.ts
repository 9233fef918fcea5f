// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Action, AddAction, MetadataAction, ProtocolAction } from "../../src/log/actions.ts";
import { commitPath } from "../../src/log/log-files.ts";
import type { StructType } from "../../src/schema/types.ts";
import type { ColumnValues } from "../integration/parquet/support/blocks.ts";
import { commitBytes, metadataOf } from "./log-actions.ts";
import { writeDataFile } from "./table-files.ts";

/** Readers have to know all of these; no writer of ours makes such tables. */
const PROTOCOL: ProtocolAction = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: ["columnMapping", "deletionVectors", "timestampNtz"],
  writerFeatures: ["columnMapping", "deletionVectors", "timestampNtz"],
};

/** Makes a table commit by commit, action by action. */
export class MadeTable {
  readonly location: string;
  readonly schema: StructType;
  #version = -1;

  constructor(location: string, schema: StructType, metadata: Partial<MetadataAction> = {}) {
    this.location = location;
    this.schema = schema;
    mkdirSync(join(location, "_delta_log"), { recursive: true });
    this.commit([
      { commitInfo: { timestamp: 1, operation: "CREATE TABLE" } },
      { protocol: PROTOCOL },
      { metaData: { ...metadataOf(schema), ...metadata } },
    ]);
  }

  get version(): number {
    return this.#version;
  }

  commit(actions: readonly Action[]): void {
    this.#version += 1;
    writeFileSync(join(this.location, commitPath(this.#version)), commitBytes(actions));
  }

  /** Writes a data file, and gives the action that adds it. */
  async file(
    rowGroups: readonly ColumnValues[],
    extra: Partial<AddAction> = {},
    schema: StructType = this.schema,
  ): Promise<{ add: AddAction }> {
    const file = await writeDataFile(this.location, schema, rowGroups);
    const { path, sizeBytes, modificationTimeMs, stats } = file;
    return {
      add: {
        path,
        size: sizeBytes,
        modificationTime: modificationTimeMs,
        dataChange: true,
        partitionValues: {},
        ...(stats === undefined ? {} : { stats }),
        ...extra,
      },
    };
  }
}
