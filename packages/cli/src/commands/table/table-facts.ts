// SPDX-License-Identifier: Apache-2.0
import { clusteringPathsOf, type Snapshot } from "@sluice/delta";
import { columnPathText } from "../../column-paths.ts";
import { type DescribedColumn, describedColumns } from "./column-tree.ts";
import type { Target } from "./target.ts";

/** All that a table's log says of it; the shape of `describe --json`. */
export interface TableFacts {
  readonly name: string;
  readonly location: string;
  readonly id: string;
  readonly version: number;
  /** ISO 8601, as all times; `null` where the log does not say. */
  readonly changedAt: string | null;
  readonly createdAt: string | null;
  readonly comment: string | null;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  /** Files of which a deletion vector hides rows. */
  readonly filesWithDeletedRows: number;
  readonly checkpointVersion: number | null;
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly features: readonly string[];
  readonly partitionColumns: readonly string[];
  readonly clusterColumns: readonly string[];
  readonly constraints: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, string>>;
  readonly columns: readonly DescribedColumn[];
}

/** How far an application has come in the table. */
export interface ApplicationFacts {
  readonly appId: string;
  readonly version: number;
  readonly updatedAt: string | null;
}

const CONSTRAINT_PREFIX = "delta.constraints.";

export async function tableFacts({ name, table }: Target): Promise<TableFacts> {
  const snapshot = table.snapshot();
  const { version, metadata, protocol, files, tombstones } = snapshot;
  const rows = await table.countRows();
  let bytes = 0;
  let filesWithDeletedRows = 0;
  for (const file of files) {
    bytes += file.sizeBytes;
    if (file.deletionVector !== undefined) filesWithDeletedRows += 1;
  }
  const { readerFeatures = [], writerFeatures = [] } = protocol;
  return {
    name,
    location: table.location,
    id: metadata.id,
    version,
    changedAt: await timeOf(table, version),
    createdAt: timeText(metadata.createdTime),
    comment: metadata.description ?? null,
    rows,
    files: files.fileCount,
    bytes,
    filesWithDeletedRows,
    checkpointVersion: tombstones.checkpoint?.version ?? null,
    minReaderVersion: protocol.minReaderVersion,
    minWriterVersion: protocol.minWriterVersion,
    features: [...new Set([...readerFeatures, ...writerFeatures])].sort(),
    partitionColumns: metadata.partitionColumns,
    clusterColumns: clusteringPathsOf(snapshot).map(columnPathText),
    constraints: constraintsOf(metadata.configuration),
    properties: propertiesOf(metadata.configuration),
    columns: describedColumns(snapshot.schema),
  };
}

export function applicationFacts({ txns }: Snapshot): ApplicationFacts[] {
  return [...txns].map(([appId, { version, lastUpdatedMs }]) => ({
    appId,
    version,
    updatedAt: timeText(lastUpdatedMs),
  }));
}

/** A time in UTC, as ISO 8601 has it; `null` for what is none. */
export function timeText(timeMs: number | undefined): string | null {
  const date = new Date(timeMs ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** When a version was committed. Others may have committed later ones meanwhile. */
async function timeOf(table: Target["table"], version: number): Promise<string | null> {
  for await (const entry of table.history()) {
    if (entry.version <= version) {
      return entry.version === version ? timeText(entry.timestampMs) : null;
    }
  }
  return null;
}

function constraintsOf(configuration: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(configuration).flatMap(([key, value]) =>
      key.startsWith(CONSTRAINT_PREFIX) ? [[key.slice(CONSTRAINT_PREFIX.length), value]] : [],
    ),
  );
}

function propertiesOf(configuration: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(configuration).filter(([key]) => !key.startsWith(CONSTRAINT_PREFIX)),
  );
}
