// SPDX-License-Identifier: Apache-2.0
import { sealFrame } from "../core/frame-codec.ts";
import type { Group, Staging } from "../core/staging.ts";
import type { SyncPolicy } from "../core/sync-policy.ts";
import { fileNameOf } from "../core/file-names.ts";
import { storageError } from "../errors.ts";
import type { LogError } from "../errors.ts";
import type { SegmentStore, WritableSegment } from "./segment-store.ts";

/** What a {@link Committer} needs. */
export interface CommitterOptions {
  readonly staging: Staging;
  readonly store: SegmentStore;
  readonly policy: SyncPolicy;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Called when a group is durable. */
  readonly onDurable: (group: Group) => void;
  /** Called at most once; no further group becomes durable. */
  readonly onFailure: (error: LogError) => void;
}

/** Commits of one entry after which the next does not wait for the end of its turn, and as many after that was wrong. */
const LONE_AFTER = 8;
const LONE_AGAIN_AFTER = 64;

const ADVICE =
  "nothing staged is acknowledged and the log takes nothing more; " +
  "check the disk, then open the log again";

/**
 * Makes staged groups durable, one at a time and in order: one write and one sync each.
 *
 * A commit begins when the event loop has handled what had arrived, so that everything read from
 * sockets in one turn shares a sync. While a commit is in flight the next group fills. Where one
 * entry after the other has come alone in its turn, as from a source that waits for each to be
 * durable, there is nothing to share: then a commit begins as soon as the caller has returned.
 */
export class Committer {
  readonly #options: CommitterOptions;
  #segment: WritableSegment | undefined;
  #isScheduled = false;
  #isCommitting = false;
  #isStopped = false;
  /** Commits in a row that had one entry. Negative after a turn in which a second entry came too late. */
  #loneCount = 0;
  /** Whether a commit has begun before the end of its turn, and the turn has not ended. */
  #isTurnUsed = false;
  readonly #idleWaiters: (() => void)[] = [];

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** Has staged entries committed soon. Cheap when a commit is already coming. */
  schedule(): void {
    if (this.#isScheduled || this.#isCommitting || this.#isStopped) return;
    this.#isScheduled = true;
    if (this.#isTurnUsed) this.#loneCount = -LONE_AGAIN_AFTER;
    if (this.#loneCount < LONE_AFTER) {
      setImmediate(this.#turn);
      return;
    }
    this.#isTurnUsed = true;
    setImmediate(this.#endTurn);
    process.nextTick(this.#turn);
  }

  /** Begins no further commit. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves when no commit is in flight and, unless stopped, nothing is staged. */
  whenIdle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
      this.schedule();
    });
  }

  /** Closes the segment being written. Only when idle and stopped. */
  async close(): Promise<void> {
    const segment = this.#segment;
    this.#segment = undefined;
    await segment?.file.close();
  }

  #isIdle(): boolean {
    return !this.#isCommitting && (this.#isStopped || this.#options.staging.isEmpty);
  }

  readonly #endTurn = (): void => {
    this.#isTurnUsed = false;
  };

  readonly #turn = (): void => {
    this.#isScheduled = false;
    const group = this.#isStopped ? undefined : this.#options.staging.take();
    if (group === undefined) {
      this.#settle();
      return;
    }
    if (group.entryCount === 1) this.#loneCount += 1;
    else this.#loneCount = Math.min(this.#loneCount, 0);
    this.#isCommitting = true;
    this.#commit(group).then(this.#finish, (error: unknown) => {
      this.#isStopped = true;
      const file = fileNameOf("segment", group.segmentIndex);
      const failure = storageError(error, `committing to ${file}`, ADVICE, {
        file,
        byteOffset: group.frameOffset,
      });
      this.#options.onFailure(failure);
      this.#finish();
    });
  };

  readonly #finish = (): void => {
    this.#isCommitting = false;
    if (!this.#isStopped && !this.#options.staging.isEmpty) this.schedule();
    this.#settle();
  };

  #settle(): void {
    if (!this.#isIdle()) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  async #commit(group: Group): Promise<void> {
    const { staging, store, policy, now, onDurable } = this.#options;
    let segment = this.#segment;
    if (segment?.segmentIndex !== group.segmentIndex) {
      this.#segment = undefined;
      await segment?.file.close();
      segment = await store.obtain(group.segmentIndex);
      this.#segment = segment;
    }
    const parts = staging.partsOf(group);
    sealFrame(parts, group, segment.salt);
    const frameBytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
    const startedAtMs = now();
    const isBlocking = policy.shouldBlock(frameBytes);
    if (isBlocking) {
      segment.file.writeAndSyncBlocking(parts, group.frameOffset);
    } else {
      await segment.file.write(parts, group.frameOffset);
      await segment.file.sync();
    }
    policy.record(frameBytes, now() - startedAtMs, isBlocking);
    if (this.#isStopped) return;
    const endPosition = group.startPosition + group.payloadBytes;
    store.noteFrame(group.segmentIndex, group.previousEnd, endPosition);
    onDurable(group);
  }
}
