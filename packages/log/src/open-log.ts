// SPDX-License-Identifier: Apache-2.0
import { randomFillSync, randomUUID } from "node:crypto";
import { createAdaptiveSyncPolicy } from "./core/sync-policy.ts";
import type { SyncPolicy } from "./core/sync-policy.ts";
import { DurableLog } from "./durable-log.ts";
import { storageError } from "./errors.ts";
import { createNodeStorage } from "./io/node-storage.ts";
import { recoverLog } from "./io/recovery.ts";
import { SegmentStore } from "./io/segment-store.ts";
import type { LogLock, LogStorage } from "./io/storage.ts";
import type { Log } from "./log.ts";
import { resolveLogOptions } from "./options.ts";
import type { LogOptions, LogSettings } from "./options.ts";

/** What a log works with. All have defaults; tests and unusual hosts replace them. */
export interface LogComponents {
  /** Where the files are. Default: the directory on the local file system. */
  readonly storage?: LogStorage;
  /** When a commit may block the calling thread. Default: adaptive. */
  readonly syncPolicy?: SyncPolicy;
  /** A monotonic clock in milliseconds. Default: `performance.now`. */
  readonly now?: () => number;
  /** Fills an array with random bytes nobody can guess. Default: the system's. */
  readonly fillRandom?: (target: Uint8Array) => void;
}

/**
 * Opens the log in `directory`, creating it where there is none, and takes the directory for it.
 *
 * Every frame is read and checked. What a crash left unfinished at the end is discarded; nothing
 * of it was ever reported durable.
 *
 * @throws LogError `locked` when the directory is in use; `data_loss` when entries are missing or
 * damaged in a way that a crash does not cause; `invalid_argument` for an option out of range;
 * `disk_full` or `unavailable` when the files cannot be made or read.
 */
export async function openLog(
  directory: string,
  options: LogOptions & LogComponents = {},
): Promise<Log> {
  const settings = resolveLogOptions(options);
  const storage = options.storage ?? createNodeStorage(directory);
  try {
    const lock = await storage.lock();
    try {
      return await openLocked(storage, lock, settings, options);
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw storageError(error, `opening the log in ${directory}`, "check the disk and try again");
  }
}

async function openLocked(
  storage: LogStorage,
  lock: LogLock,
  settings: LogSettings,
  components: LogComponents,
): Promise<Log> {
  const recovery = await recoverLog(storage);
  const logId = recovery.logId ?? randomUUID();
  const fillRandom = components.fillRandom ?? randomFillSync;
  const { segmentBytes, maxSpareSegmentCount } = settings;
  const store = new SegmentStore(
    { storage, logId, segmentBytes, maxSpareSegmentCount, fillRandom },
    recovery,
  );
  try {
    await store.start(recovery);
  } catch (error) {
    await store.stop(storageError(error, "starting the log", "check the disk"));
    throw error;
  }
  return new DurableLog({
    settings,
    storage,
    lock,
    recovery,
    logId,
    store,
    policy: components.syncPolicy ?? createAdaptiveSyncPolicy(),
    now: components.now ?? (() => performance.now()),
  });
}
