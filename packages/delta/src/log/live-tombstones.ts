// SPDX-License-Identifier: Apache-2.0
import type { ObjectStore } from "../store/object-store.ts";
import { vectorIdOf } from "./active-file.ts";
import { decodeDataPath } from "./data-path.ts";
import { loadSnapshot } from "./load-snapshot.ts";
import { LOG_DIRECTORY } from "./log-files.ts";
import { readCheckpointTombstones } from "./read-checkpoint.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Tombstone } from "./tombstones.ts";

/**
 * The files that a snapshot has removed and that may still be in use: each logical file once, with its last removal.
 * What commits since the last checkpoint have removed is in memory; the rest is read from that checkpoint, a row group at
 * a time.
 * @param removedAfterMs what was removed at this time or before has expired.
 * @throws DeltaError `data_loss` while iterating if the checkpoint cannot be read.
 */
export async function* liveTombstones(
  store: ObjectStore,
  snapshot: Snapshot,
  removedAfterMs: number,
): AsyncGenerator<Tombstone, void, undefined> {
  const { tombstones, files } = await withReadableTombstones(store, snapshot);
  const seen = new Set<string>();
  const isLive = (tombstone: Tombstone): boolean => {
    const path = decodeDataPath(tombstone.path);
    const vectorId = vectorIdOf(tombstone.deletionVector);
    const key = vectorId === undefined ? path : `${path} ${vectorId}`;
    if (seen.has(key)) return false;
    seen.add(key);
    const active = files.get(path);
    if (active !== undefined && vectorIdOf(active.deletionVector) === vectorId) return false;
    return (tombstone.deletionTimestamp ?? 0) > removedAfterMs;
  };
  for (const tombstone of tombstones.newestFirst()) if (isLive(tombstone)) yield tombstone;
  if (tombstones.checkpoint === undefined) return;
  for await (const tombstone of readCheckpointTombstones(store, tombstones.checkpoint)) {
    if (isLive(tombstone)) yield tombstone;
  }
}

/** The same snapshot read anew where the checkpoint that has its older tombstones has been cleaned up. */
async function withReadableTombstones(store: ObjectStore, snapshot: Snapshot): Promise<Snapshot> {
  for (const name of snapshot.tombstones.checkpoint?.names ?? []) {
    if ((await store.head(`${LOG_DIRECTORY}/${name}`)) === undefined) {
      return loadSnapshot(store, { version: snapshot.version });
    }
  }
  return snapshot;
}
