// SPDX-License-Identifier: Apache-2.0
import { parentPort } from "node:worker_threads";
import { cleanUpLog, loadSnapshot, LocalStore, writeCheckpoint } from "@sluice/delta";
import type {
  MaintenanceRequest,
  MaintenanceResponse,
  MaintenanceResult,
} from "./maintenance-protocol.ts";

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
async function run({ task, location }: MaintenanceRequest): Promise<MaintenanceResult> {
  const store = new LocalStore(location);
  const snapshot = await loadSnapshot(store);
  switch (task) {
    case "checkpoint":
      return {
        task,
        checkpoint: await writeCheckpoint(store, snapshot),
        tableId: snapshot.metadata.id,
      };
    case "cleanUpLog": {
      const { deletedPaths } = await cleanUpLog(store, snapshot);
      return { task, deletedCount: deletedPaths.length };
    }
  }
}

function respond(response: MaintenanceResponse): void {
  port?.postMessage(response);
}
