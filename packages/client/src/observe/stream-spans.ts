// SPDX-License-Identifier: Apache-2.0
import type { ZerobusError } from "../core/zerobus-error.ts";
import type { LaneStateName } from "../producer/lane-state.ts";
import type { EventOrigin, LaneStateEvent, ProducerEvent } from "../producer/producer-event.ts";
import {
  type OpenTelemetryAttributes,
  type OpenTelemetrySpan,
  type OpenTelemetryTracer,
  SPAN_KIND_CLIENT,
  SPAN_STATUS_ERROR,
} from "./open-telemetry-api.ts";
import type { Redact } from "./redactor.ts";

export interface StreamSpansOptions extends EventOrigin {
  readonly tracer: OpenTelemetryTracer;
  readonly redact: Redact;
}

/** Whether a lane in this state is without a stream and working on one. */
const SEEKS_STREAM: Readonly<Record<LaneStateName, boolean>> = {
  idle: false,
  opening: true,
  running: false,
  reconnecting: true,
  isolating: false,
  settingAside: false,
  backingOff: true,
  draining: false,
  closed: false,
  failed: false,
};

/**
 * Spans of what takes a while: opening a stream, replacing one, flushing, closing. At most one per lane is open. Those
 * of streams have no parent, since they outlive whatever call they began in; those of flush and close belong to the
 * caller's span.
 */
export class StreamSpans {
  readonly #options: StreamSpansOptions;
  readonly #server: OpenTelemetryAttributes;
  readonly #byLane = new Map<number, OpenTelemetrySpan>();

  constructor(options: StreamSpansOptions) {
    this.#options = options;
    this.#server = { ...serverAttributes(options.endpoint), "sluice.table": options.table };
  }

  event(event: ProducerEvent): void {
    if (event.kind === "laneStateChanged") this.#laneChanged(event);
  }

  flushed(durationMs: number, error: ZerobusError | undefined): void {
    const span = this.#past("sluice.producer.flush", durationMs, {});
    if (error !== undefined) this.#fail(span, error);
    span.end();
  }

  closed(durationMs: number, unacknowledgedRecords: number): void {
    const span = this.#past("sluice.producer.close", durationMs, {
      "sluice.unacknowledged_records": unacknowledgedRecords,
    });
    if (unacknowledgedRecords > 0) span.setStatus({ code: SPAN_STATUS_ERROR });
    span.end();
  }

  /** Ends what is open. */
  stop(): void {
    for (const span of this.#byLane.values()) span.end();
    this.#byLane.clear();
  }

  #laneChanged(event: LaneStateEvent): void {
    const { lane, from, to, cause } = event;
    const open = this.#byLane.get(lane);
    if (SEEKS_STREAM[to]) {
      if (open === undefined) this.#byLane.set(lane, this.#startStream(event));
      else open.addEvent(to, attemptAttributes(event));
      return;
    }
    if (open === undefined || !SEEKS_STREAM[from]) return;
    this.#byLane.delete(lane);
    open.setAttributes({ ...streamAttributes(event), "sluice.lane.state": to });
    if (to === "failed") this.#fail(open, cause);
    open.end();
  }

  #startStream(event: LaneStateEvent): OpenTelemetrySpan {
    const first = event.from === "idle";
    const span = this.#options.tracer.startSpan(
      first ? "sluice.producer.stream.open" : "sluice.producer.stream.reconnect",
      {
        kind: SPAN_KIND_CLIENT,
        root: true,
        attributes: { ...this.#server, "sluice.lane": event.lane, ...attemptAttributes(event) },
      },
    );
    return span;
  }

  #past(name: string, durationMs: number, attributes: OpenTelemetryAttributes): OpenTelemetrySpan {
    return this.#options.tracer.startSpan(name, {
      kind: SPAN_KIND_CLIENT,
      startTime: Date.now() - durationMs,
      attributes: { ...this.#server, ...attributes },
    });
  }

  #fail(span: OpenTelemetrySpan, error: ZerobusError | undefined): void {
    if (error === undefined) {
      span.setStatus({ code: SPAN_STATUS_ERROR });
      return;
    }
    span.setAttributes({ "error.type": error.code });
    const message = this.#options.redact(error.message);
    span.setStatus({ code: SPAN_STATUS_ERROR, message });
  }
}

/** Why a stream is sought: the error that ended the one before, if it was one. */
function attemptAttributes(event: LaneStateEvent): OpenTelemetryAttributes {
  const { attempt, cause, category } = event;
  return {
    "sluice.attempt": attempt,
    ...(cause === undefined ? {} : { "sluice.cause.code": cause.code }),
    ...(category === undefined ? {} : { "sluice.cause.category": category }),
  };
}

function streamAttributes({ streamId }: LaneStateEvent): OpenTelemetryAttributes {
  return streamId === undefined ? {} : { "sluice.stream.id": streamId };
}

/** `server.address` and `server.port` of an authority, `host:port` or just `host`. */
function serverAttributes(authority: string): OpenTelemetryAttributes {
  const [, host = authority, port] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? [];
  return { "server.address": host, ...(port === undefined ? {} : { "server.port": Number(port) }) };
}
