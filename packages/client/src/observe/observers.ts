// SPDX-License-Identifier: Apache-2.0
import type { ZerobusError } from "../core/zerobus-error.ts";
import type { ErrorCategory } from "../producer/error-category.ts";
import type { ProducerEvent } from "../producer/producer-event.ts";
import type { ProducerObserver } from "../producer/producer-observer.ts";

/** Several observers as one. */
export interface CombinedObserver extends Required<ProducerObserver> {
  /** Calls that ended with an error of an observer. */
  readonly failedCalls: number;
}

/**
 * Tells every observer, in this order. What one of them throws is counted and reaches neither the others nor the
 * producer. Those that are `undefined` are left out.
 */
export function observers(...list: readonly (ProducerObserver | undefined)[]): CombinedObserver {
  return new ObserverList(list.filter((observer) => observer !== undefined));
}

class ObserverList implements CombinedObserver {
  readonly #list: readonly ProducerObserver[];
  failedCalls = 0;

  constructor(list: readonly ProducerObserver[]) {
    this.#list = list;
  }

  // Written out: it is called once per record, and a closure for each call would be garbage for each record.
  submitted(recordCount: number, byteCount: number): void {
    for (const observer of this.#list) {
      try {
        observer.submitted(recordCount, byteCount);
      } catch {
        this.failedCalls++;
      }
    }
  }

  sent(recordCount: number, byteCount: number): void {
    this.#tell((observer) => observer.sent?.(recordCount, byteCount));
  }

  acknowledged(recordCount: number, byteCount: number, latencyMs: number): void {
    this.#tell((observer) => observer.acknowledged(recordCount, byteCount, latencyMs));
  }

  resent(recordCount: number): void {
    this.#tell((observer) => observer.resent(recordCount));
  }

  invalid(recordCount: number): void {
    this.#tell((observer) => observer.invalid(recordCount));
  }

  deadLettered(recordCount: number): void {
    this.#tell((observer) => observer.deadLettered(recordCount));
  }

  reconnected(cause: ErrorCategory): void {
    this.#tell((observer) => observer.reconnected(cause));
  }

  tokenRefreshed(): void {
    this.#tell((observer) => observer.tokenRefreshed());
  }

  flushed(durationMs: number, error: ZerobusError | undefined): void {
    this.#tell((observer) => observer.flushed?.(durationMs, error));
  }

  closed(durationMs: number, unacknowledgedRecords: number): void {
    this.#tell((observer) => observer.closed?.(durationMs, unacknowledgedRecords));
  }

  event(event: ProducerEvent): void {
    this.#tell((observer) => observer.event(event));
  }

  #tell(call: (observer: ProducerObserver) => void): void {
    for (const observer of this.#list) {
      try {
        call(observer);
      } catch {
        this.failedCalls++;
      }
    }
  }
}
