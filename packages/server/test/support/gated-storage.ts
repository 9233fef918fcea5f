// SPDX-License-Identifier: Apache-2.0
import type { LogFile, LogStorage } from "@sluice/log";

/** A log storage on a real disk whose commits can be made to fail, or to wait. */
export interface GatedStorage {
  readonly storage: LogStorage;
  /** From now on every write fails with EIO. */
  breakWrites(): void;
  /** From now on every sync waits; the function returned lets them go on. */
  holdSyncs(): () => void;
}

export function gateStorage(inner: LogStorage): GatedStorage {
  let broken = false;
  let held: Promise<void> | undefined;
  const check = (): void => {
    if (broken) throw Object.assign(new Error("EIO: i/o error, write"), { code: "EIO" });
  };
  const wrap = (file: LogFile): LogFile => ({
    read: (target, fileOffset) => file.read(target, fileOffset),
    async write(parts, fileOffset) {
      check();
      await file.write(parts, fileOffset);
    },
    async sync() {
      check();
      // Slow enough that the log never chooses to sync on the calling thread, where it could not be held.
      await new Promise((resolve) => setTimeout(resolve, 2));
      await held;
      await file.sync();
    },
    writeAndSyncBlocking(parts, fileOffset) {
      check();
      file.writeAndSyncBlocking(parts, fileOffset);
    },
    byteLength: () => file.byteLength(),
    close: () => file.close(),
  });
  return {
    storage: {
      lock: () => inner.lock(),
      list: () => inner.list(),
      open: async (name) => wrap(await inner.open(name)),
      create: async (name) => wrap(await inner.create(name)),
      rename: (from, to) => inner.rename(from, to),
      remove: (name) => inner.remove(name),
      syncDirectory: () => inner.syncDirectory(),
    },
    breakWrites() {
      broken = true;
    },
    holdSyncs() {
      let release: () => void = () => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => {
        held = undefined;
        release();
      };
    },
  };
}
