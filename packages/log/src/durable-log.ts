// SPDX-License-Identifier: Apache-2.0
import { ENTRY_PREFIX_BYTES, MAX_POSITION, maxPayloadBytesOf } from "./core/layout.ts";
import { transitionLog } from "./core/log-state.ts";
import type { LogState } from "./core/log-state.ts";
import { Staging } from "./core/staging.ts";
import type { Group } from "./core/staging.ts";
import type { SyncPolicy } from "./core/sync-policy.ts";
import { LogError } from "./errors.ts";
import { Committer } from "./io/committer.ts";
import { DurableReader } from "./io/durable-reader.ts";
import type { LogReader } from "./io/durable-reader.ts";
import type { Recovery } from "./io/recovery.ts";
import { replaySegments } from "./io/replay.ts";
import type { EntryVisitor } from "./io/replay.ts";
import type { SegmentStore } from "./io/segment-store.ts";
import type { LogLock, LogStorage } from "./io/storage.ts";
import type { Log } from "./log.ts";
import type { LogSettings } from "./options.ts";

/** Bytes of positions that an entry takes beside its own. */
export const ENTRY_OVERHEAD_BYTES: number = ENTRY_PREFIX_BYTES;

const EMPTY = new Uint8Array(0);

/** The parts that an open log is composed of. */
export interface DurableLogOptions {
  readonly settings: LogSettings;
  readonly storage: LogStorage;
  readonly lock: LogLock;
  readonly recovery: Recovery;
  readonly logId: string;
  readonly policy: SyncPolicy;
  readonly now: () => number;
  /** Has a segment ready; its maintenance has not begun. */
  readonly store: SegmentStore;
}

interface SyncWaiter {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: LogError) => void;
}

/** Checks calls, tracks the state and tells listeners; staging, committer and store do the work. */
export class DurableLog implements Log {
  readonly logId: string;
  readonly maxStagedBytes: number;
  readonly maxEntryBytes: number;
  readonly recoveredPosition: number;
  readonly #options: DurableLogOptions;
  readonly #staging: Staging;
  readonly #store: SegmentStore;
  readonly #committer: Committer;
  readonly #durableListeners: ((durablePosition: number) => void)[] = [];
  readonly #failureListeners: ((error: LogError) => void)[] = [];
  readonly #drainListeners: (() => void)[] = [];
  #syncWaiters: SyncWaiter[] = [];
  #state: LogState = "open";
  #failure: LogError | undefined;
  #durablePosition: number;
  #isOverBound = false;
  #closing: Promise<void> | undefined;

  constructor(options: DurableLogOptions) {
    const { settings, recovery } = options;
    this.#options = options;
    this.logId = options.logId;
    this.maxStagedBytes = settings.maxStagedBytes;
    this.maxEntryBytes = maxPayloadBytesOf(settings.segmentBytes) - ENTRY_PREFIX_BYTES;
    this.recoveredPosition = recovery.endPosition;
    this.#durablePosition = Math.max(recovery.endPosition, settings.minPosition);
    this.#staging = new Staging({
      segmentBytes: settings.segmentBytes,
      segmentIndex: (recovery.used.at(-1)?.header.segmentIndex ?? -1) + 1,
      previousEnd: recovery.endPosition,
      nextPosition: this.#durablePosition,
      maxPooledBytes: settings.maxStagedBytes * 2,
    });
    this.#store = options.store;
    this.#committer = new Committer({
      staging: this.#staging,
      store: this.#store,
      policy: options.policy,
      now: options.now,
      onDurable: (group) => this.#noteDurable(group),
      onFailure: (error) => this.#fail(error),
    });
    this.#store.startMaintenance((error) => this.#fail(error));
  }

  get state(): LogState {
    return this.#state;
  }

  get nextPosition(): number {
    return this.#staging.nextPosition;
  }

  get durablePosition(): number {
    return this.#durablePosition;
  }

  get firstPosition(): number {
    return this.#store.firstPosition ?? this.#durablePosition;
  }

  get stagedBytes(): number {
    return this.#staging.stagedBytes;
  }

  get segmentIndex(): number {
    return this.#staging.segmentIndex;
  }

  append(bytes: Uint8Array, start: number = 0, end: number = bytes.byteLength): number {
    return this.appendParts(EMPTY, 0, bytes, start, end);
  }

  appendParts(
    header: Uint8Array,
    headerBytes: number,
    payload: Uint8Array,
    start: number,
    end: number,
  ): number {
    checkSlice("header", header, 0, headerBytes);
    checkSlice("payload", payload, start, end);
    const entryBytes = headerBytes + end - start;
    this.#checkRoom(entryBytes, 1);
    this.#staging.beginEntry(entryBytes);
    if (headerBytes > 0) this.#staging.write(header, 0, headerBytes);
    this.#staging.write(payload, start, end);
    if (this.#staging.stagedBytes >= this.maxStagedBytes) this.#isOverBound = true;
    this.#committer.schedule();
    return this.#staging.nextPosition;
  }

  reserve(byteLength: number, entryCount: number = 1): number {
    this.#checkRoom(byteLength, entryCount);
    this.#staging.makeRoom(byteLength + entryCount * ENTRY_PREFIX_BYTES);
    return this.#staging.segmentIndex;
  }

  onDurable(listener: (durablePosition: number) => void): void {
    this.#durableListeners.push(listener);
  }

  onFailure(listener: (error: LogError) => void): void {
    if (this.#failure === undefined) this.#failureListeners.push(listener);
    else callSafely(listener, this.#failure);
  }

  onDrain(listener: () => void): void {
    this.#drainListeners.push(listener);
  }

  sync(): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const position = this.#staging.nextPosition;
    if (position <= this.#durablePosition) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#syncWaiters.push({ position, resolve, reject });
    });
  }

  async replay(fromPosition: number, visit: EntryVisitor): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
    const { storage, recovery } = this.#options;
    await this.#store.whileReading(async () => {
      const firstPosition = this.firstPosition;
      const held = recovery.used.filter((segment) => segment.endPosition > firstPosition);
      await replaySegments(storage, held, fromPosition, visit, () => this.#refusal());
    });
  }

  reader(fromPosition: number): LogReader {
    const { storage } = this.#options;
    const stopReason = (): LogError | undefined => this.#refusal();
    return new DurableReader({ storage, store: this.#store, stopReason }, fromPosition);
  }

  async trim(position: number): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
    if (!Number.isSafeInteger(position) || position < 0 || position > this.#durablePosition) {
      throw new LogError(
        "invalid_argument",
        `log: cannot trim up to ${position}; the log is durable up to ${this.#durablePosition}`,
      );
    }
    await this.#store.trim(position);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const failureBefore = this.#failure;
    this.#state = transitionLog(this.#state, "close");
    await this.#committer.whenIdle();
    this.#committer.stop();
    const reason = this.#failure ?? closedError();
    try {
      await this.#store.stop(reason);
      await this.#committer.close();
    } finally {
      this.#rejectWaiters(reason);
      this.#staging.discard();
      await this.#options.lock.release();
      this.#state = transitionLog(this.#state, "release");
    }
    if (this.#failure !== undefined && failureBefore === undefined) throw this.#failure;
  }

  #noteDurable(group: Group): void {
    if (this.#state === "failed") return;
    this.#durablePosition = group.startPosition + group.payloadBytes;
    this.#staging.release(group);
    let settledCount = 0;
    for (const waiter of this.#syncWaiters) {
      if (waiter.position > this.#durablePosition) break;
      waiter.resolve();
      settledCount += 1;
    }
    if (settledCount > 0) this.#syncWaiters.splice(0, settledCount);
    for (const listener of this.#durableListeners) callSafely(listener, this.#durablePosition);
    if (this.#isOverBound && this.#staging.stagedBytes < this.maxStagedBytes) {
      this.#isOverBound = false;
      for (const listener of this.#drainListeners) callSafely(listener, undefined);
    }
  }

  #fail(error: LogError): void {
    if (this.#failure !== undefined || this.#state === "closed") return;
    this.#failure = error;
    this.#state = transitionLog(this.#state, "fail");
    this.#committer.stop();
    this.#rejectWaiters(error);
    for (const listener of this.#failureListeners.splice(0)) callSafely(listener, error);
  }

  #rejectWaiters(error: LogError): void {
    for (const waiter of this.#syncWaiters.splice(0)) waiter.reject(error);
  }

  /** Why the log takes no call now; undefined when it does. */
  #refusal(): LogError | undefined {
    switch (this.#state) {
      case "open":
        return undefined;
      case "failed":
        return this.#failure;
      case "closing":
      case "closed":
        return closedError();
    }
  }

  #checkRoom(byteLength: number, entryCount: number): void {
    const refusal = this.#state === "open" ? undefined : this.#refusal();
    if (refusal !== undefined) throw refusal;
    const payloadBytes = byteLength + entryCount * ENTRY_PREFIX_BYTES;
    const maxPayloadBytes = this.maxEntryBytes + ENTRY_PREFIX_BYTES;
    // Written so that it also catches NaN.
    if (!(byteLength >= 0 && entryCount >= 1 && payloadBytes <= maxPayloadBytes)) {
      throw new LogError(
        "invalid_argument",
        `log: ${entryCount} entries of ${byteLength} bytes in all do not fit into a segment, ` +
          `which holds ${maxPayloadBytes} with ${ENTRY_PREFIX_BYTES} for each entry; ` +
          "split them or raise segmentBytes",
      );
    }
    const { stagedLimitBytes } = this.#options.settings;
    // An entry over the limit must get through when it is alone.
    if (
      this.#staging.stagedBytes > 0 &&
      this.#staging.stagedBytes + payloadBytes > stagedLimitBytes
    ) {
      throw new LogError(
        "resource_exhausted",
        `log: ${this.#staging.stagedBytes} bytes are staged and ${payloadBytes} more would pass ` +
          `stagedLimitBytes (${stagedLimitBytes}); pause the sources until onDrain`,
      );
    }
    if (this.#staging.nextPosition + payloadBytes > MAX_POSITION) {
      throw new LogError(
        "resource_exhausted",
        `log: position ${this.#staging.nextPosition} is too near the end of positions ` +
          `(${MAX_POSITION}); start an empty log`,
      );
    }
  }
}

function checkSlice(name: string, bytes: Uint8Array, start: number, end: number): void {
  const isInside =
    Number.isInteger(start) &&
    Number.isInteger(end) &&
    start >= 0 &&
    start <= end &&
    end <= bytes.byteLength;
  if (isInside) return;
  throw new LogError(
    "invalid_argument",
    `log: bytes ${start} to ${end} are not inside the ${name}, which has ${bytes.byteLength}`,
  );
}

function closedError(): LogError {
  return new LogError("closed", "log: the log was closed; open it again to use it");
}

/** A listener that throws must not stop the log: its error becomes an uncaught exception. */
function callSafely<Value>(listener: (value: Value) => void, value: Value): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
