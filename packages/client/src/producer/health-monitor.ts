// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../core/clock.ts";
import type { ZerobusError } from "../core/zerobus-error.ts";
import { categoryOf } from "./error-category.ts";
import type { Lane } from "./lane.ts";
import type { LaneSet } from "./lane-set.ts";
import type { ThrottleReport } from "./limits/throttle-report.ts";
import type { LaneHealth, ProducerHealth } from "./producer-health.ts";
import type { RecordIntake } from "./record-intake.ts";

/** Says how a producer is, and since when. */
export class HealthMonitor {
  readonly #clock: Clock;
  #status: ProducerHealth["status"] = "down";
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
  }

  look(
    set: LaneSet,
    intake: Pick<RecordIntake, "depth" | "failure">,
    throttlingOf: (lane: Lane) => ThrottleReport | undefined,
  ): ProducerHealth {
    const nowMs = this.#clock.nowMs();
    const { lanes } = set;
    const laneParts = lanes.map((lane) => laneHealth(lane, throttlingOf(lane)));
    const throttled = laneParts.find((part) => part.throttled !== undefined);
    const spoolFailure = intake.failure;
    const status = spoolFailure === undefined ? statusOf(lanes, throttled !== undefined) : "down";
    if (status !== this.#status) {
      this.#status = status;
      this.#sinceMs = nowMs;
    }
    const troubled = lanes.find((lane) => lane.state.kind !== "running");
    const error = troubled === undefined ? spoolFailure : troubled.lastError;
    const oldestMs = lanes.reduce(
      (oldest, lane) => Math.min(oldest, lane.oldestSubmitMs ?? nowMs),
      nowMs,
    );
    return {
      status,
      reason:
        troubled === undefined
          ? (spoolFailureText(spoolFailure) ?? throttlingText(throttled))
          : `lane ${troubled.index} is ${troubled.state.kind}${error === undefined ? "" : `: ${error.message}`}`,
      category:
        error !== undefined
          ? categoryOf(error.code, troubled?.state.kind !== "settingAside")
          : troubled === undefined && throttled !== undefined
            ? "throttling"
            : undefined,
      since: new Date(Date.now() - (nowMs - this.#sinceMs)),
      oldestUnacknowledgedMs: nowMs - oldestMs,
      unacknowledgedRecords: set.heldRecords,
      unacknowledgedBytes: set.heldBytes,
      waitingCalls: set.waitingCount,
      spool: intake.depth,
      lanes: laneParts,
    };
  }
}

/** A lane that looks for a refused record has a server that answers: it is slow, not away. */
function statusOf(lanes: readonly Lane[], throttled: boolean): ProducerHealth["status"] {
  const running = lanes.filter((lane) => lane.state.kind === "running").length;
  if (running === lanes.length && running > 0) return throttled ? "degraded" : "healthy";
  const atWork = lanes.some(({ state }) => state.kind === "running" || state.kind === "isolating");
  return atWork ? "degraded" : "down";
}

/** Lanes may be well while nothing comes to them any more. */
function spoolFailureText(error: ZerobusError | undefined): string | undefined {
  return error === undefined ? undefined : `the spool has failed: ${error.message}`;
}

function throttlingText(part: LaneHealth | undefined): string | undefined {
  if (part?.throttled === undefined) return undefined;
  const { recordsPerSecond, bytesPerSecond, advice } = part.throttled;
  return `lane ${part.lane} gets no further than ${recordsPerSecond} records (${bytesPerSecond} bytes) per second: ${advice}`;
}

function laneHealth(lane: Lane, throttled: ThrottleReport | undefined): LaneHealth {
  return {
    lane: lane.index,
    state: lane.state.kind,
    unacknowledgedRecords: lane.heldRecords,
    streamId: lane.streamId,
    code: lane.state.kind === "running" ? undefined : lane.lastError?.code,
    throttled,
    slowedTo: lane.slowedTo,
  };
}
