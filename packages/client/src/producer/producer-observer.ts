// SPDX-License-Identifier: Apache-2.0
import type { ZerobusError } from "../core/zerobus-error.ts";
import type { ErrorCategory } from "./error-category.ts";
import type { ProducerEvent } from "./producer-event.ts";

/**
 * What happens in a producer, for metrics. Called from the hot path: methods must be cheap and must not throw. Counts
 * are records unless said otherwise.
 */
export interface ProducerObserver {
  /** Taken from the application. Several calls of `submit` may be told at once. */
  submitted(recordCount: number, byteCount: number): void;
  /** Given to the connection, again after a reconnect too. Several requests may be told at once. */
  sent?(recordCount: number, byteCount: number): void;
  /** Settled as durable. `latencyMs` is that of the oldest of them, from `submit` to acknowledgement. */
  acknowledged(recordCount: number, byteCount: number, latencyMs: number): void;
  /** Sent again after a reconnect. */
  resent(recordCount: number): void;
  /** Refused by the server and set aside. */
  invalid(recordCount: number): void;
  deadLettered(recordCount: number): void;
  /** A lost stream was replaced. */
  reconnected(cause: ErrorCategory): void;
  /** A token was requested because the one before was refused. */
  tokenRefreshed(): void;
  /** A flush or drain has ended, with the error it was rejected with. */
  flushed?(durationMs: number, error: ZerobusError | undefined): void;
  /** The producer has ended, with so many records unacknowledged. */
  closed?(durationMs: number, unacknowledgedRecords: number): void;
  /** Everything that {@link ProducerEvent} says. */
  event(event: ProducerEvent): void;
}
