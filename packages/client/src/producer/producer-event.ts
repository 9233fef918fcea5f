// SPDX-License-Identifier: Apache-2.0
import type { ZerobusError } from "../core/zerobus-error.ts";
import type { SchemaDifference } from "../schema/compare-schemas.ts";
import type { TableSchema } from "../schema/table-schema.ts";
import type { ErrorCategory } from "./error-category.ts";
import type { LaneStateName } from "./lane-state.ts";
import type { ProducerHealth } from "./producer-health.ts";
import type { ThrottleReport } from "./limits/throttle-report.ts";

/** Where an event happened. */
export interface EventOrigin {
  readonly endpoint: string;
  readonly table: string;
}

/** As {@link EventOrigin}, in one lane. */
export interface LaneOrigin extends EventOrigin {
  /** Number of the lane. Numbers of lanes that ended are used again. */
  readonly lane: number;
  /** The server's name for the stream that is or was open last. */
  readonly streamId: string | undefined;
}

/** A lane went from one state to another. */
export interface LaneStateEvent extends LaneOrigin {
  readonly kind: "laneStateChanged";
  readonly from: LaneStateName;
  readonly to: LaneStateName;
  /** Attempts made since the last stream was open. */
  readonly attempt: number;
  readonly cause: ZerobusError | undefined;
  readonly category: ErrorCategory | undefined;
}

/** A record was refused and set aside. */
export interface RecordInvalidEvent extends LaneOrigin {
  readonly kind: "recordInvalid";
  /** Its ticket's offset in the lane. */
  readonly offset: number;
  readonly action: "raise" | "skip" | "deadLetter";
  readonly error: ZerobusError;
}

/** The number of lanes changed. */
export interface LaneCountEvent extends EventOrigin {
  readonly kind: "laneCountChanged";
  readonly from: number;
  readonly to: number;
  /** Callers waited for room; a stream is throttled; there was next to nothing to do. */
  readonly reason: "full" | "throttled" | "idle";
}

/** The service seems to hold a stream back without saying so. */
export interface ThrottledEvent extends LaneOrigin {
  readonly kind: "throttled";
  readonly report: ThrottleReport;
}

export interface HealthEvent extends EventOrigin {
  readonly kind: "healthChanged";
  readonly from: ProducerHealth["status"];
  readonly health: ProducerHealth;
}

/** The table is not any more, or again, as records are made for it. */
export interface SchemaDriftEvent extends EventOrigin {
  readonly kind: "schemaDrift";
  /** Each with what will come of it; empty when the table is again as records expect it. */
  readonly differences: readonly SchemaDifference[];
  /** The table's schema as it is now. */
  readonly schema: TableSchema;
}

/** The table could not be compared with the schema of the records; it will be tried again. */
export interface SchemaCheckFailedEvent extends EventOrigin {
  readonly kind: "schemaCheckFailed";
  readonly error: ZerobusError;
}

/** A full spool gave up its oldest records before they were delivered. */
export interface SpoolDroppedEvent extends EventOrigin {
  readonly kind: "spoolDropped";
  readonly recordCount: number;
}

/** A callback of the application or a dead letter sink failed. */
export interface FaultEvent extends EventOrigin {
  readonly kind: "callbackFailed";
  readonly callback: "onAck" | "onError" | "onEvent" | "deadLetters";
  readonly cause: unknown;
}

/** Everything a producer reports as it happens. */
export type ProducerEvent =
  | LaneStateEvent
  | RecordInvalidEvent
  | LaneCountEvent
  | ThrottledEvent
  | HealthEvent
  | SchemaDriftEvent
  | SchemaCheckFailedEvent
  | SpoolDroppedEvent
  | FaultEvent;
