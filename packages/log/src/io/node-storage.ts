// SPDX-License-Identifier: Apache-2.0
import * as fs from "node:fs";
import { mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { acquireDirectoryLock } from "./node-lock.ts";
import type { LogFile, LogStorage } from "./storage.ts";

const openDescriptor = promisify(fs.open);
const fdatasync = promisify(fs.fdatasync);
const closeDescriptor = promisify(fs.close);

/** The storage that keeps a log in a directory of a local file system. */
export function createNodeStorage(directory: string): LogStorage {
  const root = resolve(directory);
  return {
    async lock() {
      await makeDurableDirectory(root);
      return await acquireDirectoryLock(root);
    },
    async list() {
      return await readdir(root);
    },
    async open(name) {
      return createNodeFile(await openDescriptor(join(root, name), "r+"));
    },
    async create(name) {
      return createNodeFile(await openDescriptor(join(root, name), "wx+"));
    },
    async rename(from, to) {
      await rename(join(root, from), join(root, to));
    },
    async remove(name) {
      await unlink(join(root, name));
    },
    async syncDirectory() {
      await syncDirectoryAt(root);
    },
  };
}

async function makeDurableDirectory(directory: string): Promise<void> {
  const firstMade = await mkdir(directory, { recursive: true });
  if (firstMade === undefined) return;
  const top = dirname(firstMade);
  for (let parent = dirname(directory); ; parent = dirname(parent)) {
    await syncDirectoryAt(parent);
    if (parent === top || parent === dirname(parent)) return;
  }
}

async function syncDirectoryAt(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function createNodeFile(descriptor: number): LogFile {
  return {
    async read(target, fileOffset) {
      let done = 0;
      while (done < target.byteLength) {
        const count = await readOnce(descriptor, target, done, fileOffset + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    },
    async write(parts, fileOffset) {
      let pending = parts;
      let offset = fileOffset;
      while (pending.length > 0) {
        const count = await writeOnce(descriptor, pending, offset);
        offset += checkProgress(count);
        pending = partsBehind(pending, count);
      }
    },
    async sync() {
      await fdatasync(descriptor);
    },
    writeAndSyncBlocking(parts, fileOffset) {
      let pending = parts;
      let offset = fileOffset;
      while (pending.length > 0) {
        const count = fs.writevSync(descriptor, pending, offset);
        offset += checkProgress(count);
        pending = partsBehind(pending, count);
      }
      fs.fdatasyncSync(descriptor);
    },
    async byteLength() {
      return await new Promise<number>((resolvePromise, reject) => {
        fs.fstat(descriptor, (error, stats) => {
          if (error === null) resolvePromise(stats.size);
          else reject(error);
        });
      });
    },
    async close() {
      await closeDescriptor(descriptor);
    },
  };
}

function readOnce(
  descriptor: number,
  target: Uint8Array,
  targetOffset: number,
  fileOffset: number,
): Promise<number> {
  return new Promise((resolvePromise, reject) => {
    const byteLength = target.byteLength - targetOffset;
    fs.read(descriptor, target, targetOffset, byteLength, fileOffset, (error, count) => {
      if (error === null) resolvePromise(count);
      else reject(error);
    });
  });
}

function writeOnce(
  descriptor: number,
  parts: readonly Uint8Array[],
  fileOffset: number,
): Promise<number> {
  return new Promise((resolvePromise, reject) => {
    fs.writev(descriptor, parts, fileOffset, (error, count) => {
      if (error === null) resolvePromise(count);
      else reject(error);
    });
  });
}

function checkProgress(count: number): number {
  if (count > 0) return count;
  throw new Error("the file system accepted no bytes of a write");
}

function partsBehind(parts: readonly Uint8Array[], byteCount: number): readonly Uint8Array[] {
  let skipped = 0;
  for (const [index, part] of parts.entries()) {
    if (skipped + part.byteLength > byteCount) {
      return [part.subarray(byteCount - skipped), ...parts.slice(index + 1)];
    }
    skipped += part.byteLength;
  }
  return [];
}
