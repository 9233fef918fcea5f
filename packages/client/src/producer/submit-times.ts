// SPDX-License-Identifier: Apache-2.0

/** A time is noted for every so many records: reading the clock costs more than counting. */
const RECORDS_PER_NOTE = 256;

/** When records were submitted, roughly: tells how old the oldest unsettled one is. */
export class SubmitTimes {
  #sequences: number[] = [];
  #times: number[] = [];
  #head = 0;
  #nextNote = 0;

  /** Whether the record with this sequence is one whose time is to be noted. */
  isDue(sequence: number): boolean {
    return sequence >= this.#nextNote;
  }

  note(sequence: number, nowMs: number): void {
    this.#nextNote = sequence + RECORDS_PER_NOTE;
    this.#sequences.push(sequence);
    this.#times.push(nowMs);
  }

  /**
   * Forgets what lies in front of `sequence`, and returns when the oldest forgotten record was submitted, or
   * `undefined` if nothing was noted.
   * @param next - the sequence of the next record submitted
   */
  settle(sequence: number, next: number): number | undefined {
    const oldestMs = this.#times[this.#head];
    while (
      this.#head + 1 < this.#sequences.length &&
      (this.#sequences[this.#head + 1] as number) <= sequence
    ) {
      this.#head++;
    }
    if (sequence === next) {
      this.#sequences = [];
      this.#times = [];
      this.#head = 0;
      this.#nextNote = 0;
    } else if (this.#head >= 256) {
      this.#sequences = this.#sequences.slice(this.#head);
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
    return oldestMs;
  }

  /** When the oldest unsettled record was submitted, or a little before. */
  get oldestMs(): number | undefined {
    return this.#times[this.#head];
  }
}
