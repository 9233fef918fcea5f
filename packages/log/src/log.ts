// SPDX-License-Identifier: Apache-2.0
import type { LogState } from "./core/log-state.ts";
import type { LogError } from "./errors.ts";
import type { LogReader } from "./io/durable-reader.ts";
import type { EntryVisitor } from "./io/replay.ts";

/**
 * An append-only log of opaque entries on a local disk, shared by all who append in one process.
 *
 * A *position* is a logical byte address: a safe integer that only grows for the life of the log.
 * An entry's position is the address of its end, so "durable up to P" covers every entry whose
 * position is at most P. An entry takes its length plus {@link ENTRY_OVERHEAD_BYTES}.
 */
export interface Log {
  /** UUID made with the log; the same after every restart. */
  readonly logId: string;
  readonly state: LogState;
  /** Where the next entry starts; its position is this plus its length and overhead. */
  readonly nextPosition: number;
  /** Every entry up to here survives a crash. */
  readonly durablePosition: number;
  /** End of what opening the log found; {@link Log.replay} goes up to here. */
  readonly recoveredPosition: number;
  /** Everything behind this position is still held. */
  readonly firstPosition: number;
  /** Bytes appended and not yet durable. Pause the sources while it is over `maxStagedBytes`. */
  readonly stagedBytes: number;
  /** The `maxStagedBytes` in force. */
  readonly maxStagedBytes: number;
  /** The longest entry, in bytes. */
  readonly maxEntryBytes: number;
  /** Index of the segment that the last entry went to or the next one goes to if it fits. */
  readonly segmentIndex: number;

  /**
   * Copies an entry and returns its position. It is durable once {@link Log.durablePosition}
   * reaches that; a group commit begins by itself when the event loop comes round.
   *
   * @param start - First byte of the entry in `bytes`, 0 unless given.
   * @param end - End of the entry in `bytes`, its length unless given.
   * @throws LogError `invalid_argument` for a range outside `bytes` or an entry over
   * `maxEntryBytes`; `resource_exhausted` over `stagedLimitBytes` or at the end of positions;
   * `closed`; `unavailable` or `disk_full` after a failure.
   */
  append(bytes: Uint8Array, start?: number, end?: number): number;

  /**
   * Appends one entry made of the first `headerBytes` bytes of `header` followed by the bytes of
   * `payload` from `start` to `end`, without copying them together first.
   *
   * @throws as {@link Log.append}.
   */
  appendParts(
    header: Uint8Array,
    headerBytes: number,
    payload: Uint8Array,
    start: number,
    end: number,
  ): number;

  /**
   * Begins the next segment if entries of `byteLength` bytes in all do not fit into the current
   * one, and returns the index of the segment they go to. Holds for entries appended before
   * control returns to the event loop.
   *
   * @param entryCount - Number of those entries, 1 unless given.
   * @throws LogError as {@link Log.append}; `invalid_argument` when no segment can hold them.
   */
  reserve(byteLength: number, entryCount?: number): number;

  /** Calls `listener` after each group commit, in order, with the new durable position. */
  onDurable(listener: (durablePosition: number) => void): void;
  /**
   * Calls `listener` once if a write or a sync fails. Nothing becomes durable afterwards, and the
   * sync is not tried again. Called at once when that has happened already.
   */
  onFailure(listener: (error: LogError) => void): void;
  /** Calls `listener` whenever staged bytes fall below `maxStagedBytes` after having reached it. */
  onDrain(listener: () => void): void;

  /**
   * Resolves when everything appended so far is durable.
   *
   * @throws LogError when the log fails first or is closed already.
   */
  sync(): Promise<void>;

  /**
   * Visits the entries that opening the log found and that are still held, in order, those whose
   * position is greater than `fromPosition`. May run beside appends, which it does not show. A
   * visitor that throws ends the replay with its error.
   *
   * @throws LogError `data_loss` where the files changed since the log was opened; `closed`, or the
   * failure, when the log closes or fails meanwhile.
   */
  replay(fromPosition: number, visit: EntryVisitor): Promise<void>;

  /**
   * Makes a reader of the durable entries behind `fromPosition`, those appended since the log was opened included. It
   * holds nothing between its calls and need not be closed. A reader that starts anew passes over what its first
   * segment holds before `fromPosition`; one that goes on does not.
   */
  reader(fromPosition: number): LogReader;

  /**
   * Says that no entry up to `position` is needed any more. Segments that hold nothing else are
   * recycled, at once or as soon as a later segment holds a durable entry; resolves when those
   * that can be have been.
   *
   * @throws LogError `invalid_argument` for a position that is not durable.
   */
  trim(position: number): Promise<void>;

  /**
   * Takes no more entries, makes durable what was appended, and gives the directory free.
   * Repeated calls return the same promise.
   *
   * @throws LogError when what was appended could not be made durable during the close. The
   * directory is free all the same.
   */
  close(): Promise<void>;
}
