// SPDX-License-Identifier: Apache-2.0
import { addOf, removeOf, stateActions } from "../../src/log/checkpoint-actions.ts";
import { CheckpointFileWriter } from "../../src/log/checkpoint-file.ts";
import { addLayoutOf, checkpointSchema } from "../../src/log/checkpoint-schema.ts";
import { liveTombstones } from "../../src/log/live-tombstones.ts";
import { LOG_DIRECTORY, paddedVersion } from "../../src/log/log-files.ts";
import type { Snapshot } from "../../src/log/snapshot.ts";
import { logPropertiesOf } from "../../src/log/table-properties.ts";
import { createZstdCompressor } from "../../src/parquet/compressor.ts";
import type { MemoryStore } from "./memory-store.ts";

interface PlainAction {
  readonly column: string;
  readonly value: object;
}

async function actionsOf(
  store: MemoryStore,
  snapshot: Snapshot,
  removedAfterMs: number,
): Promise<PlainAction[]> {
  const properties = logPropertiesOf(snapshot.metadata);
  const layout = addLayoutOf(snapshot, properties);
  const actions: PlainAction[] = [...stateActions(snapshot, properties, 0)];
  for (const file of snapshot.files) actions.push({ column: "add", value: addOf(file, layout) });
  for await (const tombstone of liveTombstones(store, snapshot, removedAfterMs)) {
    actions.push({ column: "remove", value: removeOf(tombstone) });
  }
  return actions;
}

/** Writes a checkpoint in three parts, a kind that we read but never write. */
export async function multiPartCheckpointOf(
  store: MemoryStore,
  snapshot: Snapshot,
  removedAfterMs: number,
): Promise<void> {
  const actions = await actionsOf(store, snapshot, removedAfterMs);
  const layout = addLayoutOf(snapshot, logPropertiesOf(snapshot.metadata));
  const compressor = await createZstdCompressor();
  const count = 3;
  for (let part = 1; part <= count; part += 1) {
    const suffix = [part, count].map((number) => String(number).padStart(10, "0")).join(".");
    const path = `${LOG_DIRECTORY}/${paddedVersion(snapshot.version)}.checkpoint.${suffix}.parquet`;
    const schema = checkpointSchema(layout, false);
    const file = new CheckpointFileWriter(store.createWriter(path), schema, compressor);
    for (const [index, { column, value }] of actions.entries()) {
      if (index % count === part - 1) await file.add(column, value);
    }
    await file.finish();
  }
}

/** Writes a v2 checkpoint in JSON, without sidecars: a form that we read but never write. */
export async function jsonCheckpointOf(
  store: MemoryStore,
  snapshot: Snapshot,
  removedAfterMs: number,
): Promise<void> {
  const actions = await actionsOf(store, snapshot, removedAfterMs);
  const lines = [
    { column: "checkpointMetadata", value: { version: snapshot.version } },
    ...actions,
  ].map(({ column, value }) => `${JSON.stringify({ [column]: value })}\n`);
  const name = `${paddedVersion(snapshot.version)}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json`;
  store.write(`${LOG_DIRECTORY}/${name}`, Buffer.from(lines.join("")));
}
