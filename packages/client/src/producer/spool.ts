// SPDX-License-Identifier: Apache-2.0

/** A record read back from a spool. */
export interface SpooledRecord {
  /** Its place in the spool: grows by one per record. */
  readonly sequence: number;
  readonly slot: number;
  readonly record: Uint8Array;
}

export interface SpoolDepth {
  readonly records: number;
  readonly bytes: number;
}

/** Records on disk between `submit` and the server. One producer has it at a time. */
export interface Spool {
  /** The oldest record not trimmed. */
  readonly firstSequence: number;
  /** The place of the next record appended. */
  readonly nextSequence: number;
  readonly depth: SpoolDepth;
  /**
   * Resolves with the record's sequence once it is durable. What a full spool does is its own option.
   * @throws ZerobusError `resource_exhausted` when full; `unavailable` when the disk failed; `closed`
   */
  append(record: Uint8Array, slot: number): Promise<number>;
  /** Durable records from `fromSequence` on, in order; ends at the last one that is durable now. */
  read(fromSequence: number): AsyncIterable<SpooledRecord>;
  /** Everything in front of `sequence` is settled and may be forgotten. */
  trim(sequence: number): void;
  close(): Promise<void>;
}
