// SPDX-License-Identifier: Apache-2.0
import type { ErrorCode } from "@sluice/protocol";
import type { ErrorCategory } from "./error-category.ts";
import type { LaneStateName } from "./lane-state.ts";
import type { SendRate } from "./limits/lane-pace.ts";
import type { ThrottleReport } from "./limits/throttle-report.ts";
import type { SpoolDepth } from "./spool.ts";

/** One lane's part in the health of its producer. */
export interface LaneHealth {
  readonly lane: number;
  readonly state: LaneStateName;
  readonly unacknowledgedRecords: number;
  readonly streamId: string | undefined;
  /** Why it is not running. */
  readonly code: ErrorCode | undefined;
  /** What the service seems to hold its stream to without saying so. */
  readonly throttled: ThrottleReport | undefined;
  /** What it is slowed to because the service refused for want of capacity. */
  readonly slowedTo: SendRate | undefined;
}

/** How a producer is, now. */
export interface ProducerHealth {
  /** `healthy`: every lane has an open stream. `degraded`: some have, or one seems to be throttled. `down`: none has, or the spool has failed. */
  readonly status: "healthy" | "degraded" | "down";
  /** Why it is not healthy. */
  readonly reason: string | undefined;
  readonly category: ErrorCategory | undefined;
  /** Since when the status has been what it is. */
  readonly since: Date;
  /** Milliseconds since the oldest unacknowledged record was submitted; 0 when there is none. */
  readonly oldestUnacknowledgedMs: number;
  readonly unacknowledgedRecords: number;
  readonly unacknowledgedBytes: number;
  readonly waitingCalls: number;
  /** What lies in the spool, unacknowledged records that lanes have included; `undefined` without one. */
  readonly spool: SpoolDepth | undefined;
  readonly lanes: readonly LaneHealth[];
}
