// SPDX-License-Identifier: Apache-2.0
import { type Channel, channel } from "node:diagnostics_channel";
import type { ZerobusError } from "../core/zerobus-error.ts";
import type { ErrorCategory } from "../producer/error-category.ts";
import type { EventOrigin, ProducerEvent } from "../producer/producer-event.ts";
import type { ProducerObserver } from "../producer/producer-observer.ts";

/**
 * What is published on which channel of `node:diagnostics_channel`. Messages are not redacted: they stay in the
 * process.
 */
export interface DiagnosticsMessages {
  /** Records were taken from the application. For each record, so a subscriber is on the hot path. */
  readonly "sluice:producer:submit": RecordsMessage;
  readonly "sluice:producer:send": RecordsMessage;
  /** Records became durable; the oldest of them waited for `latencyMs`. */
  readonly "sluice:producer:ack": RecordsMessage & { readonly latencyMs: number };
  readonly "sluice:producer:resend": CountMessage;
  readonly "sluice:producer:invalid": CountMessage;
  readonly "sluice:producer:dead-letter": CountMessage;
  readonly "sluice:producer:reconnect": EventOrigin & { readonly cause: ErrorCategory };
  readonly "sluice:producer:token-refresh": EventOrigin;
  readonly "sluice:producer:flush": EventOrigin & {
    readonly durationMs: number;
    readonly error: ZerobusError | undefined;
  };
  readonly "sluice:producer:close": EventOrigin & {
    readonly durationMs: number;
    readonly unacknowledgedRecords: number;
  };
  readonly "sluice:producer:event": ProducerEvent;
}

type CountMessage = EventOrigin & { readonly recordCount: number };
type RecordsMessage = CountMessage & { readonly byteCount: number };

const SUBMIT = channelOf("sluice:producer:submit");
const SEND = channelOf("sluice:producer:send");
const ACK = channelOf("sluice:producer:ack");
const RESEND = channelOf("sluice:producer:resend");
const INVALID = channelOf("sluice:producer:invalid");
const DEAD_LETTER = channelOf("sluice:producer:dead-letter");
const RECONNECT = channelOf("sluice:producer:reconnect");
const TOKEN_REFRESH = channelOf("sluice:producer:token-refresh");
const FLUSH = channelOf("sluice:producer:flush");
const CLOSE = channelOf("sluice:producer:close");
const EVENT = channelOf("sluice:producer:event");

/** Publishes what happens in a producer. A channel without subscribers costs a look at whether it has any. */
export function diagnosticsObserver(origin: EventOrigin): Required<ProducerObserver> {
  const { endpoint, table } = origin;
  return {
    submitted(recordCount, byteCount) {
      if (SUBMIT.hasSubscribers) SUBMIT.publish({ endpoint, table, recordCount, byteCount });
    },
    sent(recordCount, byteCount) {
      if (SEND.hasSubscribers) SEND.publish({ endpoint, table, recordCount, byteCount });
    },
    acknowledged(recordCount, byteCount, latencyMs) {
      if (ACK.hasSubscribers) ACK.publish({ endpoint, table, recordCount, byteCount, latencyMs });
    },
    resent(recordCount) {
      if (RESEND.hasSubscribers) RESEND.publish({ endpoint, table, recordCount });
    },
    invalid(recordCount) {
      if (INVALID.hasSubscribers) INVALID.publish({ endpoint, table, recordCount });
    },
    deadLettered(recordCount) {
      if (DEAD_LETTER.hasSubscribers) DEAD_LETTER.publish({ endpoint, table, recordCount });
    },
    reconnected(cause) {
      if (RECONNECT.hasSubscribers) RECONNECT.publish({ endpoint, table, cause });
    },
    tokenRefreshed() {
      if (TOKEN_REFRESH.hasSubscribers) TOKEN_REFRESH.publish({ endpoint, table });
    },
    flushed(durationMs, error) {
      if (FLUSH.hasSubscribers) FLUSH.publish({ endpoint, table, durationMs, error });
    },
    closed(durationMs, unacknowledgedRecords) {
      if (CLOSE.hasSubscribers) {
        CLOSE.publish({ endpoint, table, durationMs, unacknowledgedRecords });
      }
    },
    event(event) {
      if (EVENT.hasSubscribers) EVENT.publish(event);
    },
  };
}

function channelOf(name: keyof DiagnosticsMessages): Channel {
  return channel(name);
}
