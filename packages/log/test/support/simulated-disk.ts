// SPDX-License-Identifier: Apache-2.0
import type { LogFile, LogStorage } from "../../src/io/storage.ts";
import { createRandom } from "./random.ts";
import type { Random } from "./random.ts";

const SECTOR_BYTES = 512;

/** Operations that a fault can be placed at. */
export type DiskOperation = "create" | "write" | "sync" | "rename" | "remove" | "syncDirectory";

interface SimulatedFile {
  /** What a power failure leaves, sectors not synced aside. */
  durable: Uint8Array;
  /** What a process reads. */
  current: Uint8Array;
  readonly dirtySectors: Set<number>;
}

type DirectoryChange =
  | { readonly kind: "create"; readonly name: string; readonly file: SimulatedFile }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly name: string };

/** Thrown by every operation after a simulated crash. */
export class SimulatedCrash extends Error {}

/**
 * A disk in memory. Writes and directory changes reach it durably only by a sync; a power failure
 * keeps any subset of the unsynced sectors, some of them half written, and of the unsynced
 * directory changes. A failed sync forgets which sectors were unsynced, as kernels do.
 */
export class SimulatedDisk {
  /** Decides about faults; returning an error makes the operation fail with it. */
  fault: ((operation: DiskOperation, name: string) => Error | undefined) | undefined;
  /** Number of operations until the process dies in the middle of one. */
  operationsUntilCrash: number = Number.POSITIVE_INFINITY;
  operationCount = 0;
  readonly #random: Random;
  #durableNames = new Map<string, SimulatedFile>();
  #names = new Map<string, SimulatedFile>();
  #changes: DirectoryChange[] = [];
  #isLocked = false;
  #life = 0;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  get hasCrashed(): boolean {
    return this.operationsUntilCrash <= 0;
  }

  names(): string[] {
    return [...this.#names.keys()].toSorted();
  }

  /** The bytes of a file as a process reads them; a test may damage them in place. */
  bytesOf(name: string): Uint8Array {
    const file = this.#names.get(name);
    if (file === undefined) throw new Error(`no file ${name}`);
    return file.current;
  }

  /** Ends the process; the machine goes on. */
  killProcess(): void {
    this.#life += 1;
    this.#isLocked = false;
    this.operationsUntilCrash = Number.POSITIVE_INFINITY;
    this.fault = undefined;
  }

  /** Ends the process and loses what was not synced, in part. */
  failPower(): void {
    this.killProcess();
    const keepProbability = this.#random.below(5) / 4;
    for (const change of this.#changes) {
      if (this.#random.chance(keepProbability)) applyChange(this.#durableNames, change);
    }
    this.#changes = [];
    this.#names = new Map(this.#durableNames);
    for (const file of new Set(this.#names.values())) this.#loseSectors(file);
  }

  /** The storage as one process sees it. */
  openStorage(): LogStorage {
    const life = this.#life;
    const step = async (operation: DiskOperation, name: string, effect: () => void) => {
      if (this.#random.chance(0.2)) await new Promise((resolve) => setImmediate(resolve));
      this.#step(life, operation, name, effect);
    };
    return {
      lock: async () => {
        if (this.#isLocked) throw new Error("the simulated directory is locked");
        this.#isLocked = true;
        return {
          release: async () => {
            if (this.#life === life) this.#isLocked = false;
          },
        };
      },
      list: async () => this.names(),
      open: async (name) => {
        const file = this.#names.get(name);
        if (file === undefined) throw new Error(`no file ${name}`);
        return this.#openFile(life, name, file);
      },
      create: async (name) => {
        if (this.#names.has(name)) throw new Error(`file ${name} exists`);
        const empty = new Uint8Array(0);
        const file = { durable: empty, current: empty, dirtySectors: new Set<number>() };
        await step("create", name, () => this.#change({ kind: "create", name, file }));
        return this.#openFile(life, name, file);
      },
      rename: (from, to) => step("rename", from, () => this.#change({ kind: "rename", from, to })),
      remove: (name) => step("remove", name, () => this.#change({ kind: "remove", name })),
      syncDirectory: () =>
        step("syncDirectory", "", () => {
          for (const change of this.#changes) applyChange(this.#durableNames, change);
          this.#changes = [];
        }),
    };
  }

  #openFile(life: number, name: string, file: SimulatedFile): LogFile {
    const write = (parts: readonly Uint8Array[], fileOffset: number): void => {
      this.#step(life, "write", name, () => writeParts(file, parts, fileOffset));
    };
    const sync = (): void => {
      try {
        this.#step(life, "sync", name, () => {
          syncSectors(file);
        });
      } catch (error) {
        if (!(error instanceof SimulatedCrash)) file.dirtySectors.clear();
        throw error;
      }
    };
    const pause = async (): Promise<void> => {
      if (this.#random.chance(0.2)) await new Promise((resolve) => setImmediate(resolve));
    };
    return {
      read: async (target, fileOffset) => {
        const source = file.current.subarray(fileOffset, fileOffset + target.byteLength);
        target.set(source);
        return source.byteLength;
      },
      write: async (parts, fileOffset) => {
        await pause();
        write(parts, fileOffset);
        await pause();
      },
      sync: async () => {
        await pause();
        sync();
      },
      writeAndSyncBlocking: (parts, fileOffset) => {
        write(parts, fileOffset);
        sync();
      },
      byteLength: async () => file.current.byteLength,
      close: async () => undefined,
    };
  }

  #step(life: number, operation: DiskOperation, name: string, effect: () => void): void {
    if (life !== this.#life || this.hasCrashed) throw new SimulatedCrash("the process is dead");
    this.operationCount += 1;
    this.operationsUntilCrash -= 1;
    if (this.hasCrashed) {
      if (operation !== "sync" && this.#random.chance(0.5)) effect();
      throw new SimulatedCrash("the process died");
    }
    const error = this.fault?.(operation, name);
    if (error !== undefined) throw error;
    effect();
  }

  #change(change: DirectoryChange): void {
    applyChange(this.#names, change);
    this.#changes.push(change);
  }

  #loseSectors(file: SimulatedFile): void {
    const keepProbability = this.#random.below(5) / 4;
    const isLengthKept = this.#random.chance(0.5);
    const byteLength = isLengthKept ? file.current.byteLength : file.durable.byteLength;
    const image = new Uint8Array(byteLength);
    image.set(file.durable.subarray(0, byteLength));
    for (const sector of file.dirtySectors) {
      if (!this.#random.chance(keepProbability)) continue;
      const start = sector * SECTOR_BYTES;
      const keptBytes = this.#random.chance(0.1) ? this.#random.below(SECTOR_BYTES) : SECTOR_BYTES;
      const end = Math.min(start + keptBytes, byteLength);
      if (start < end) image.set(file.current.subarray(start, end), start);
    }
    file.dirtySectors.clear();
    file.durable = image;
    file.current = image.slice();
  }
}

function writeParts(file: SimulatedFile, parts: readonly Uint8Array[], fileOffset: number): void {
  let offset = fileOffset;
  const end = fileOffset + parts.reduce((sum, part) => sum + part.byteLength, 0);
  if (end > file.current.byteLength) {
    const grown = new Uint8Array(end);
    grown.set(file.current);
    file.current = grown;
  }
  for (const part of parts) {
    file.current.set(part, offset);
    offset += part.byteLength;
  }
  const lastSector = Math.ceil(end / SECTOR_BYTES);
  for (let sector = Math.floor(fileOffset / SECTOR_BYTES); sector < lastSector; sector += 1) {
    file.dirtySectors.add(sector);
  }
}

function syncSectors(file: SimulatedFile): void {
  if (file.durable.byteLength !== file.current.byteLength) file.durable = file.current.slice();
  for (const sector of file.dirtySectors) {
    const start = sector * SECTOR_BYTES;
    file.durable.set(file.current.subarray(start, start + SECTOR_BYTES), start);
  }
  file.dirtySectors.clear();
}

function applyChange(names: Map<string, SimulatedFile>, change: DirectoryChange): void {
  switch (change.kind) {
    case "create":
      names.set(change.name, change.file);
      return;
    case "rename": {
      const file = names.get(change.from);
      if (file === undefined) return;
      names.delete(change.from);
      names.set(change.to, file);
      return;
    }
    case "remove":
      names.delete(change.name);
      return;
  }
}
