// SPDX-License-Identifier: Apache-2.0
import { parentPort } from "node:worker_threads";
import {
  cleanUpLog,
  loadSnapshot,
  LocalStore,
  logPropertiesOf,
  openTable,
  writeCheckpoint,
} from "@sluice/delta";
import type {
  MaintenanceRequest,
  MaintenanceResponse,
  MaintenanceResult,
} from "./maintenance-protocol.ts";

/** Data files that one vacuum deletes at most; the next one goes on. */
const MAX_VACUUM_FILES = 10_000;

/** The server's own files are among those that no version names, from when they are written until they are committed. */
const MIN_RETENTION_MS = 86_400_000;

/** Rows are written again about as often as their file's size has doubled, and not with each compaction. */
const MAX_FILE_SHARE = 0.5;

const port = parentPort;
if (port === null) throw new Error("the maintenance worker must be started as a worker thread");

port.on("message", (request: MaintenanceRequest) => {
  run(request).then(
    (result) => respond({ kind: "done", result }),
    (cause: unknown) => {
      respond({ kind: "failed", message: cause instanceof Error ? cause.message : String(cause) });
    },
  );
});

/** Reads the table anew: its state need not be copied between threads, and is the newest. */
async function run(request: MaintenanceRequest): Promise<MaintenanceResult> {
  const { task, location } = request;
  switch (task) {
    case "checkpoint": {
      const { store, snapshot } = await open(location);
      const checkpoint = await writeCheckpoint(store, snapshot);
      return { task, checkpoint, tableId: snapshot.metadata.id };
    }
    case "compact": {
      const table = await openTable(location);
      const { removedFileCount, addedFileCount } = await table.optimize({
        maxInputBytes: request.maxCompactionBytes,
        maxFileShare: MAX_FILE_SHARE,
      });
      return { task, removedFileCount, addedFileCount };
    }
    case "cleanUpLog": {
      const { store, snapshot } = await open(location);
      const { deletedPaths } = await cleanUpLog(store, snapshot);
      return { task, deletedCount: deletedPaths.length };
    }
    case "vacuum": {
      const table = await openTable(location);
      const { deletedFileRetentionMs } = logPropertiesOf(table.snapshot().metadata);
      const retentionMs = Math.max(deletedFileRetentionMs, MIN_RETENTION_MS);
      const { fileCount } = await table.vacuum({ retentionMs, maxFiles: MAX_VACUUM_FILES });
      return { task, deletedCount: fileCount };
    }
  }
}

async function open(location: string) {
  const store = new LocalStore(location);
  return { store, snapshot: await loadSnapshot(store) };
}

function respond(response: MaintenanceResponse): void {
  port?.postMessage(response);
}
