// SPDX-License-Identifier: Apache-2.0
import type { ProducerObserver } from "@sluice/client";
import { LatencyHistogram } from "./latency-histogram.ts";

/** Counts what becomes of records, as the producer tells it. */
export class ProduceCounts implements ProducerObserver {
  /** From `submit` to acknowledgement, of the oldest record of each. */
  readonly latencies: LatencyHistogram = new LatencyHistogram();
  /** Records handed to the producer. */
  submittedCount = 0;
  acknowledgedCount = 0;
  resentCount = 0;
  /** Records that were refused, here or by the server. */
  refusedCount = 0;
  deadLetteredCount = 0;
  reconnectCount = 0;

  /** Records on their way. */
  get inflightCount(): number {
    return Math.max(0, this.submittedCount - this.acknowledgedCount - this.#refusedByServerCount);
  }

  #refusedByServerCount = 0;

  submitted(recordCount: number): void {
    this.submittedCount += recordCount;
  }

  acknowledged(recordCount: number, _byteCount: number, latencyMs: number): void {
    this.acknowledgedCount += recordCount;
    this.latencies.add(latencyMs);
  }

  resent(recordCount: number): void {
    this.resentCount += recordCount;
  }

  invalid(recordCount: number): void {
    this.refusedCount += recordCount;
    this.#refusedByServerCount += recordCount;
  }

  deadLettered(recordCount: number): void {
    this.deadLetteredCount += recordCount;
  }

  reconnected(): void {
    this.reconnectCount++;
  }

  tokenRefreshed(): void {}

  event(): void {}
}
