// SPDX-License-Identifier: Apache-2.0
import type { ErrorCode } from "@sluice/protocol";
import { ZerobusError } from "../../../src/core/zerobus-error.ts";
import type { LaneStateName } from "../../../src/producer/lane-state.ts";
import type {
  FaultEvent,
  HealthEvent,
  LaneCountEvent,
  LaneStateEvent,
  RecordInvalidEvent,
  ThrottledEvent,
} from "../../../src/producer/producer-event.ts";
import type { LaneHealth, ProducerHealth } from "../../../src/producer/producer-health.ts";

export const ORIGIN = { endpoint: "ingest.example:443", table: "main.test.records" } as const;

export function laneEvent(
  from: LaneStateName,
  to: LaneStateName,
  error?: ZerobusError,
  lane = 0,
): LaneStateEvent {
  return {
    kind: "laneStateChanged",
    ...ORIGIN,
    lane,
    streamId: "stream-1",
    from,
    to,
    attempt: error === undefined ? 0 : 3,
    cause: error,
    category: error === undefined ? undefined : "connection",
  };
}

export function recordInvalid(error: ZerobusError): RecordInvalidEvent {
  return {
    kind: "recordInvalid",
    ...ORIGIN,
    lane: 0,
    streamId: "stream-1",
    offset: 17,
    action: "skip",
    error,
  };
}

export const LANE_COUNT: LaneCountEvent = {
  kind: "laneCountChanged",
  ...ORIGIN,
  from: 1,
  to: 2,
  reason: "full",
};

export const THROTTLED: ThrottledEvent = {
  kind: "throttled",
  ...ORIGIN,
  lane: 0,
  streamId: undefined,
  report: { recordsPerSecond: 15_000, bytesPerSecond: 1_000_000, advice: "add lanes" },
};

export function healthEvent(
  status: ProducerHealth["status"],
  troubled: boolean,
  reason?: string,
): HealthEvent {
  const health = { ...healthOf([], status), reason, category: troubled ? "auth" : undefined };
  return { kind: "healthChanged", ...ORIGIN, from: "degraded", health: health as ProducerHealth };
}

export function callbackFailed(cause: unknown): FaultEvent {
  return { kind: "callbackFailed", ...ORIGIN, callback: "onAck", cause };
}

export function healthOf(
  states: readonly LaneStateName[],
  status: ProducerHealth["status"] = "healthy",
): ProducerHealth {
  return {
    status,
    reason: undefined,
    category: undefined,
    since: new Date(0),
    oldestUnacknowledgedMs: 1_500,
    unacknowledgedRecords: 12,
    unacknowledgedBytes: 3_400,
    waitingCalls: 5,
    spool: undefined,
    lanes: states.map(
      (state, lane): LaneHealth => ({
        lane,
        state,
        unacknowledgedRecords: 0,
        streamId: undefined,
        code: undefined,
        throttled: undefined,
        slowedTo: undefined,
      }),
    ),
  };
}

export function errorWith(
  message: string,
  cause?: unknown,
  code: ErrorCode = "unavailable",
): ZerobusError {
  return new ZerobusError(code, message, { cause, details: { serverMessage: message } });
}
