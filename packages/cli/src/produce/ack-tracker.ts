// SPDX-License-Identifier: Apache-2.0
import { LatencyHistogram } from "./latency-histogram.ts";

/** Where the records of an ingest call come from. */
export interface SubmittedCall {
  readonly recordCount: number;
  /** Line of the input on which its first record begins. */
  readonly firstLine: number;
  readonly lastLine: number;
}

interface TrackedCall extends SubmittedCall {
  readonly submittedAtMs: number;
}

/** Pairs ingest calls with their acks, which come in the same order. Holds the unacknowledged calls only. */
export class AckTracker {
  readonly latencies: LatencyHistogram = new LatencyHistogram();
  #submittedRecordCount = 0;
  #acknowledgedRecordCount = 0;
  #calls: TrackedCall[] = [];
  #head = 0;

  get submittedRecordCount(): number {
    return this.#submittedRecordCount;
  }

  get acknowledgedRecordCount(): number {
    return this.#acknowledgedRecordCount;
  }

  get unacknowledgedRecordCount(): number {
    return this.#submittedRecordCount - this.#acknowledgedRecordCount;
  }

  /** The first call that is not acknowledged. */
  get oldestUnacknowledged(): SubmittedCall | undefined {
    return this.#calls[this.#head];
  }

  submitted(call: SubmittedCall, nowMs: number): void {
    this.#calls.push({ ...call, submittedAtMs: nowMs });
    this.#submittedRecordCount += call.recordCount;
  }

  /** Takes back the call submitted last, which the client did not take. */
  withdrawLast(): void {
    const call = this.#calls.pop();
    if (call !== undefined) this.#submittedRecordCount -= call.recordCount;
  }

  /** The oldest call was acknowledged. */
  acknowledged(nowMs: number): void {
    const call = this.#calls[this.#head];
    if (call === undefined) return;
    this.#head++;
    this.#acknowledgedRecordCount += call.recordCount;
    this.latencies.add(nowMs - call.submittedAtMs);
    if (this.#head > 1024 && this.#head * 2 > this.#calls.length) {
      this.#calls = this.#calls.slice(this.#head);
      this.#head = 0;
    }
  }
}
