// SPDX-License-Identifier: Apache-2.0

/** Records per step of the byte counts: a settled part of a step is counted by its average. */
const STEP_RECORDS = 256;

interface LedgerSegment {
  readonly segmentIndex: number;
  /** The log's position in front of its first entry. */
  readonly startPosition: number;
  /** Sequence of its first record, or of the next one where it has none. */
  readonly firstSequence: number;
  endPosition: number;
  recordCount: number;
  recordBytes: number;
  /** Record bytes after each whole step. */
  readonly stepBytes: number[];
}

/** Which records are in which segment of the log. Memory grows with segments and with every 256th record. */
export class SegmentLedger {
  readonly #segments: LedgerSegment[] = [];
  #firstSequence: number;
  #nextSequence: number;
  /** Bytes of all records in the segments held. */
  #segmentRecordBytes = 0;

  constructor(firstSequence: number) {
    this.#firstSequence = firstSequence;
    this.#nextSequence = firstSequence;
  }

  /** The oldest record that is not settled. */
  get firstSequence(): number {
    return this.#firstSequence;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  get recordCount(): number {
    return this.#nextSequence - this.#firstSequence;
  }

  /** Bytes of the records not settled, exact to what one step holds. */
  get recordBytes(): number {
    if (this.recordCount === 0) return 0;
    let settledBytes = 0;
    for (const segment of this.#segments) {
      if (segment.firstSequence >= this.#firstSequence) break;
      settledBytes += bytesBefore(segment, this.#firstSequence - segment.firstSequence);
    }
    return Math.max(0, Math.round(this.#segmentRecordBytes - settledBytes));
  }

  /** Segments held, counted up to the one of this index. */
  segmentCountUpTo(segmentIndex: number): number {
    const oldest = this.#segments[0];
    return oldest === undefined ? 1 : segmentIndex - oldest.segmentIndex + 1;
  }

  /** Takes note of a record; its sequence is the next one. */
  addRecord(segmentIndex: number, startPosition: number, endPosition: number, bytes: number): void {
    const segment = this.#segmentFor(segmentIndex, startPosition);
    segment.endPosition = endPosition;
    segment.recordCount += 1;
    segment.recordBytes += bytes;
    this.#segmentRecordBytes += bytes;
    if (segment.recordCount % STEP_RECORDS === 0) segment.stepBytes.push(segment.recordBytes);
    this.#nextSequence += 1;
  }

  /** Takes note of an entry that is not a record. */
  addNote(segmentIndex: number, startPosition: number, endPosition: number): void {
    this.#segmentFor(segmentIndex, startPosition).endPosition = endPosition;
  }

  /** Starts over with nothing held. */
  startAt(sequence: number): void {
    this.#segments.length = 0;
    this.#segmentRecordBytes = 0;
    this.#firstSequence = sequence;
    this.#nextSequence = sequence;
  }

  /**
   * Everything in front of `sequence` is settled.
   * @returns the position up to which the log is no longer needed, where that has moved
   */
  settle(sequence: number): number | undefined {
    this.#firstSequence = Math.max(this.#firstSequence, Math.min(sequence, this.#nextSequence));
    let freedPosition: number | undefined;
    for (;;) {
      const [oldest, second] = this.#segments;
      if (oldest === undefined || second === undefined) return freedPosition;
      if (second.firstSequence > this.#firstSequence) return freedPosition;
      this.#segments.shift();
      this.#segmentRecordBytes -= oldest.recordBytes;
      freedPosition = oldest.endPosition;
    }
  }

  /** The first record of the second segment held: settling up to there gives the oldest one back. */
  get secondSegmentSequence(): number | undefined {
    return this.#segments[1]?.firstSequence;
  }

  /** A position of the log in front of the record and not far from it. */
  positionBefore(sequence: number): number {
    const segment = this.#segments.findLast(({ firstSequence }) => firstSequence <= sequence);
    return segment?.startPosition ?? this.#segments[0]?.startPosition ?? 0;
  }

  #segmentFor(segmentIndex: number, startPosition: number): LedgerSegment {
    const last = this.#segments.at(-1);
    if (last?.segmentIndex === segmentIndex) return last;
    const segment: LedgerSegment = {
      segmentIndex,
      startPosition,
      firstSequence: this.#nextSequence,
      endPosition: startPosition,
      recordCount: 0,
      recordBytes: 0,
      stepBytes: [],
    };
    this.#segments.push(segment);
    return segment;
  }
}

/** Bytes of a segment's first `count` records. */
function bytesBefore(segment: LedgerSegment, count: number): number {
  if (count >= segment.recordCount) return segment.recordBytes;
  const step = Math.floor(count / STEP_RECORDS);
  const base = segment.stepBytes[step - 1] ?? 0;
  const end = segment.stepBytes[step] ?? segment.recordBytes;
  const stepRecords = Math.min(STEP_RECORDS, segment.recordCount - step * STEP_RECORDS);
  return base + ((end - base) * (count - step * STEP_RECORDS)) / stepRecords;
}
