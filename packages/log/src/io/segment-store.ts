// SPDX-License-Identifier: Apache-2.0
import { fileNameOf, fileNumbersOf } from "../core/file-names.ts";
import { encodeSegmentHeader, SALT_BYTES } from "../core/segment-codec.ts";
import { isDiskFull, LogError, storageError } from "../errors.ts";
import type { LogFile, LogStorage } from "./storage.ts";
import type { Recovery } from "./recovery.ts";
import { withFile } from "./recovery.ts";
import { createZeroFile } from "./zero-file.ts";

/** A segment ready to take frames. */
export interface WritableSegment {
  readonly segmentIndex: number;
  readonly salt: Uint8Array;
  readonly file: LogFile;
}

interface Extent {
  readonly segmentIndex: number;
  readonly segmentBytes: number;
  readonly previousEnd: number;
  endPosition: number;
  frameCount: number;
}

/** The durable part of a segment. */
export interface DurableExtent {
  readonly segmentIndex: number;
  readonly segmentBytes: number;
  /** End of its last durable entry. */
  readonly endPosition: number;
}

interface Demand {
  readonly segmentIndex: number;
  readonly resolve: (segment: WritableSegment) => void;
  readonly reject: (error: LogError) => void;
}

interface TrimWaiter {
  readonly resolve: () => void;
  readonly reject: (error: LogError) => void;
}

/** What a {@link SegmentStore} needs. */
export interface SegmentStoreOptions {
  readonly storage: LogStorage;
  readonly logId: string;
  readonly segmentBytes: number;
  readonly maxSpareSegmentCount: number;
  readonly fillRandom: (target: Uint8Array) => void;
}

const ADVICE = "the log takes nothing more; check the disk, then open the log again";

/**
 * The files of a log: prepares the next segment ahead, and recycles segments that are no longer
 * needed.
 *
 * One maintenance step runs at a time, and each ends with a directory sync, so that a crash leaves
 * the segments contiguous in index. Invariants: a file gets a segment's name only after its zeros
 * and its header were synced; segments are recycled oldest first; the newest segment that holds a
 * frame is never recycled.
 */
export class SegmentStore {
  readonly #options: SegmentStoreOptions;
  readonly #extents: Extent[];
  readonly #prepared = new Map<number, WritableSegment>();
  readonly #spares: string[] = [];
  readonly #demands: Demand[] = [];
  readonly #trimWaiters: TrimWaiter[] = [];
  #lastPreparedIndex: number;
  #wantedIndex: number;
  #nextFileNumber = 0;
  #trimPosition = 0;
  #readerCount = 0;
  #isDiskFullAhead = false;
  #end: LogError | undefined;
  #onFailure: (error: LogError) => void = () => undefined;
  #maintenance: Promise<void> | undefined;

  constructor(options: SegmentStoreOptions, recovery: Recovery) {
    this.#options = options;
    this.#extents = recovery.used.map((segment) => ({
      segmentIndex: segment.header.segmentIndex,
      segmentBytes: segment.header.segmentBytes,
      previousEnd: segment.previousEnd,
      endPosition: segment.endPosition,
      frameCount: segment.frameCount,
    }));
    this.#lastPreparedIndex = this.#extents.at(-1)?.segmentIndex ?? -1;
    this.#wantedIndex = this.#lastPreparedIndex + 1;
  }

  /** Takes over what an earlier process left, and has a segment ready for the first frame. */
  async start(recovery: Recovery): Promise<void> {
    const { storage, segmentBytes, maxSpareSegmentCount } = this.#options;
    const names = await storage.list();
    for (const number of fileNumbersOf("prepare", names)) {
      await storage.remove(fileNameOf("prepare", number));
    }
    for (const number of fileNumbersOf("spare", names)) {
      this.#nextFileNumber = number + 1;
      const name = fileNameOf("spare", number);
      const byteLength = await withFile(storage, name, (file) => file.byteLength());
      if (byteLength === segmentBytes && this.#spares.length < maxSpareSegmentCount) {
        this.#spares.push(name);
      } else {
        await storage.remove(name);
      }
    }
    await this.#adoptPrepared(recovery);
    if (this.#prepared.size === 0) await this.#prepare();
  }

  /**
   * Begins the work that goes on while the log is in use.
   *
   * @param onFailure - Called at most once, when the directory can no longer be trusted or no
   * segment can be had.
   */
  startMaintenance(onFailure: (error: LogError) => void): void {
    this.#onFailure = onFailure;
    this.#wantedIndex += 1;
    this.#wake();
  }

  /** Position behind which everything is still held, or undefined when nothing is. */
  get firstPosition(): number | undefined {
    return this.#extents[0]?.previousEnd;
  }

  /** The oldest segment held that has durable entries behind `position`. */
  extentBehind(position: number): DurableExtent | undefined {
    return this.#extents.find((extent) => extent.endPosition > position);
  }

  /**
   * Hands over the segment of this index, waiting for its preparation where needed. Indexes are
   * asked for in order, each once; the caller closes the file.
   */
  obtain(segmentIndex: number): Promise<WritableSegment> {
    this.#wantedIndex = Math.max(this.#wantedIndex, segmentIndex + 1);
    const prepared = this.#prepared.get(segmentIndex);
    if (prepared !== undefined) {
      this.#prepared.delete(segmentIndex);
      this.#wake();
      return Promise.resolve(prepared);
    }
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#demands.push({ segmentIndex, resolve, reject });
      this.#isDiskFullAhead = false;
      this.#wake();
    });
  }

  /** Takes note that a frame is durable. */
  noteFrame(segmentIndex: number, previousEnd: number, endPosition: number): void {
    const last = this.#extents.at(-1);
    if (last?.segmentIndex === segmentIndex) {
      last.endPosition = endPosition;
      last.frameCount += 1;
      return;
    }
    const { segmentBytes } = this.#options;
    this.#extents.push({ segmentIndex, segmentBytes, previousEnd, endPosition, frameCount: 1 });
    if (this.#canTrim()) this.#wake();
  }

  /** Recycles the segments that hold nothing behind `position`, now and as they fill up. */
  trim(position: number): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    this.#trimPosition = Math.max(this.#trimPosition, position);
    return new Promise((resolve, reject) => {
      this.#trimWaiters.push({ resolve, reject });
      this.#wake();
    });
  }

  /** Keeps all segments in place while `body` reads them. */
  async whileReading<Result>(body: () => Promise<Result>): Promise<Result> {
    this.#readerCount += 1;
    try {
      await this.#maintenance;
      return await body();
    } finally {
      this.#readerCount -= 1;
      this.#wake();
    }
  }

  /** Stops maintenance, settles everything that waits, and closes the files it holds. */
  async stop(reason: LogError): Promise<void> {
    this.#stopTaking(reason);
    await this.#maintenance;
    const segments = [...this.#prepared.values()];
    this.#prepared.clear();
    for (const segment of segments) await segment.file.close();
  }

  #stopTaking(reason: LogError): void {
    this.#end ??= reason;
    for (const demand of this.#demands.splice(0)) demand.reject(this.#end);
    for (const waiter of this.#trimWaiters.splice(0)) waiter.reject(this.#end);
  }

  async #adoptPrepared(recovery: Recovery): Promise<void> {
    const { storage, segmentBytes } = this.#options;
    const misfitAt = recovery.prepared.findIndex((header) => header.segmentBytes !== segmentBytes);
    const keptCount = misfitAt === -1 ? recovery.prepared.length : misfitAt;
    // Highest first: a crash in between must not leave a gap.
    for (const header of recovery.prepared.slice(keptCount).toReversed()) {
      await storage.remove(fileNameOf("segment", header.segmentIndex));
      await storage.syncDirectory();
    }
    for (const { segmentIndex, salt } of recovery.prepared.slice(0, keptCount)) {
      const file = await storage.open(fileNameOf("segment", segmentIndex));
      this.#prepared.set(segmentIndex, { segmentIndex, salt, file });
      this.#lastPreparedIndex = segmentIndex;
    }
  }

  #wake(): void {
    if (this.#maintenance !== undefined || this.#end !== undefined) return;
    this.#maintenance = this.#maintain()
      .catch((error: unknown) => {
        // Work that was cut short by a stop reports nothing new.
        if (this.#end !== undefined) return;
        const failure = storageError(error, "making or recycling a segment", ADVICE);
        this.#stopTaking(failure);
        this.#onFailure(failure);
      })
      .then(() => {
        this.#maintenance = undefined;
        if (this.#hasWork()) this.#wake();
      });
  }

  async #maintain(): Promise<void> {
    while (this.#end === undefined) {
      const canPrepare = this.#canPrepare();
      // A trimmed segment is cheaper than a new one.
      if (this.#canTrim() && !(canPrepare && this.#spares.length > 0)) {
        await this.#trimOne();
      } else if (canPrepare) {
        await this.#prepareAhead();
      } else {
        break;
      }
    }
    if (this.#readerCount > 0 || this.#canTrim()) return;
    for (const waiter of this.#trimWaiters.splice(0)) waiter.resolve();
  }

  #hasWork(): boolean {
    return (
      this.#canPrepare() ||
      this.#canTrim() ||
      (this.#trimWaiters.length > 0 && this.#readerCount === 0)
    );
  }

  #canPrepare(): boolean {
    return (
      this.#lastPreparedIndex < this.#wantedIndex &&
      (!this.#isDiskFullAhead || this.#spares.length > 0)
    );
  }

  #canTrim(): boolean {
    const oldest = this.#extents[0];
    return (
      oldest !== undefined &&
      this.#readerCount === 0 &&
      oldest.endPosition <= this.#trimPosition &&
      this.#extents.some((extent) => extent !== oldest && extent.frameCount > 0)
    );
  }

  async #prepareAhead(): Promise<void> {
    try {
      await this.#prepare();
    } catch (error) {
      // Nothing depends on this segment yet, and a trim may give one in time.
      if (!isDiskFull(error) || this.#demands.length > 0) throw error;
      this.#isDiskFullAhead = true;
    }
  }

  async #prepare(): Promise<void> {
    const { storage, segmentBytes, logId, fillRandom } = this.#options;
    const segmentIndex = this.#lastPreparedIndex + 1;
    const name = fileNameOf("segment", segmentIndex);
    const spare = this.#spares.pop();
    const source = spare ?? fileNameOf("prepare", this.#nextFileNumber++);
    const file =
      spare === undefined
        ? await createZeroFile(storage, source, segmentBytes, () => this.#end)
        : await storage.open(spare);
    try {
      const salt = new Uint8Array(SALT_BYTES);
      fillRandom(salt);
      const header = encodeSegmentHeader({ logId, segmentIndex, salt, segmentBytes });
      await file.write([header], 0);
      await file.sync();
      await storage.rename(source, name);
      await storage.syncDirectory();
      this.#lastPreparedIndex = segmentIndex;
      this.#deliver({ segmentIndex, salt, file });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  #deliver(segment: WritableSegment): void {
    const place = this.#demands.findIndex((demand) => demand.segmentIndex === segment.segmentIndex);
    const demand = place === -1 ? undefined : this.#demands.splice(place, 1)[0];
    if (demand === undefined) this.#prepared.set(segment.segmentIndex, segment);
    else demand.resolve(segment);
  }

  async #trimOne(): Promise<void> {
    const { storage, segmentBytes, maxSpareSegmentCount } = this.#options;
    const oldest = this.#extents[0];
    if (oldest === undefined) return;
    const name = fileNameOf("segment", oldest.segmentIndex);
    if (oldest.segmentBytes === segmentBytes && this.#spares.length < maxSpareSegmentCount) {
      const spare = fileNameOf("spare", this.#nextFileNumber++);
      await storage.rename(name, spare);
      await storage.syncDirectory();
      this.#spares.push(spare);
    } else {
      await storage.remove(name);
      await storage.syncDirectory();
    }
    this.#extents.shift();
    this.#isDiskFullAhead = false;
  }
}
