// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../core/clock.ts";
import { categoryOf } from "./error-category.ts";
import type { Lane } from "./lane.ts";
import type { LaneSet } from "./lane-set.ts";
import type { LaneHealth, ProducerHealth } from "./producer-health.ts";
import type { SpoolDepth } from "./spool.ts";

/** Says how a producer is, and since when. */
export class HealthMonitor {
  readonly #clock: Clock;
  #status: ProducerHealth["status"] = "down";
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
  }

  look(set: LaneSet, spool: SpoolDepth | undefined): ProducerHealth {
    const nowMs = this.#clock.nowMs();
    const { lanes } = set;
    const status = statusOf(lanes);
    if (status !== this.#status) {
      this.#status = status;
      this.#sinceMs = nowMs;
    }
    const troubled = lanes.find((lane) => lane.state.kind !== "running");
    const error = troubled?.lastChange?.error;
    const oldestMs = lanes.reduce(
      (oldest, lane) => Math.min(oldest, lane.oldestSubmitMs ?? nowMs),
      nowMs,
    );
    return {
      status,
      reason:
        troubled === undefined
          ? undefined
          : `lane ${troubled.index} is ${troubled.state.kind}${error === undefined ? "" : `: ${error.message}`}`,
      category: error === undefined ? undefined : categoryOf(error.code, true),
      since: new Date(Date.now() - (nowMs - this.#sinceMs)),
      oldestUnacknowledgedMs: nowMs - oldestMs,
      unacknowledgedRecords: set.heldRecords,
      unacknowledgedBytes: set.heldBytes,
      waitingCalls: set.waitingCount,
      spool,
      lanes: lanes.map(laneHealth),
    };
  }
}

/** A lane that looks for a refused record has a server that answers: it is slow, not away. */
function statusOf(lanes: readonly Lane[]): ProducerHealth["status"] {
  const running = lanes.filter((lane) => lane.state.kind === "running").length;
  if (running === lanes.length && running > 0) return "healthy";
  const atWork = lanes.some(({ state }) => state.kind === "running" || state.kind === "isolating");
  return atWork ? "degraded" : "down";
}

function laneHealth(lane: Lane): LaneHealth {
  return {
    lane: lane.index,
    state: lane.state.kind,
    unacknowledgedRecords: lane.heldRecords,
    streamId: lane.streamId,
    code: lane.state.kind === "running" ? undefined : lane.lastChange?.error?.code,
  };
}
