// SPDX-License-Identifier: Apache-2.0
import type { ZerobusError } from "../core/zerobus-error.ts";
import type { LaneStateName } from "../producer/lane-state.ts";
import type {
  HealthEvent,
  LaneStateEvent,
  ProducerEvent,
  RecordInvalidEvent,
} from "../producer/producer-event.ts";
import type { ProducerObserver } from "../producer/producer-observer.ts";
import { describeError } from "./describe-error.ts";
import type { LogFields, Logger, LogLevel } from "./logger.ts";
import { makeRedactor, type Redact } from "./redactor.ts";

export interface LogEventsOptions {
  /**
   * Texts that must not appear in a line, such as the client secret, in whatever form a server or library repeats them.
   * What looks like a secret is taken out in any case. @default none
   */
  readonly secrets?: readonly string[];
}

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

const LANE_LEVELS: Readonly<Record<LaneStateName, LogLevel>> = {
  idle: "debug",
  opening: "debug",
  running: "info",
  reconnecting: "warn",
  isolating: "warn",
  settingAside: "warn",
  backingOff: "warn",
  draining: "debug",
  closed: "info",
  failed: "error",
};

/**
 * Makes a line of each event of a producer. Fields: `event`, `endpoint`, `table`, and where there are any `lane`,
 * `streamId`, `attempt`, `code`, `category`, `cause`. Messages are always the same for the same kind of event.
 */
export function logEvents(logger: Logger, options: LogEventsOptions = {}): ProducerObserver {
  const redact = makeRedactor(options.secrets ?? []);
  const write = ({ level, message, fields }: Line): void =>
    logger[level](withoutSecrets(fields, redact), message);
  return {
    submitted() {},
    acknowledged() {},
    resent(recordCount) {
      if (recordCount === 0) return;
      write({
        level: "info",
        message: "records are sent again",
        fields: { event: "resent", recordCount },
      });
    },
    invalid() {},
    deadLettered() {},
    reconnected() {},
    tokenRefreshed() {
      write({
        level: "info",
        message: "token was refused, a new one is got",
        fields: { event: "tokenRefreshed" },
      });
    },
    flushed(durationMs, error) {
      if (error === undefined) return;
      const fields = { event: "flushFailed", durationMs, ...errorFields(error, redact) };
      write({ level: "warn", message: "flush failed", fields });
    },
    closed(durationMs, unacknowledgedRecords) {
      const fields = { event: "producerClosed", durationMs, unacknowledgedRecords };
      const level = unacknowledgedRecords > 0 ? "error" : "info";
      write({ level, message: "producer closed", fields });
    },
    event(event) {
      write(lineOf(event, redact));
    },
  };
}

function lineOf(event: ProducerEvent, redact: Redact): Line {
  switch (event.kind) {
    case "laneStateChanged":
      return laneLine(event, redact);
    case "recordInvalid":
      return invalidLine(event, redact);
    case "laneCountChanged": {
      const { from, to, reason } = event;
      const fields = { ...place(event), from, to, reason };
      return { level: "info", message: "number of lanes changed", fields };
    }
    case "throttled": {
      const { recordsPerSecond, bytesPerSecond, advice } = event.report;
      const fields = { ...lanePlace(event), recordsPerSecond, bytesPerSecond, advice };
      return { level: "warn", message: "service throttles silently", fields };
    }
    case "healthChanged":
      return healthLine(event);
    case "schemaDrift": {
      const { differences } = event;
      const message = differences.length === 0 ? "table fits records again" : "table has changed";
      const isBreaking = differences.some(({ severity }) => severity === "breaking");
      const level = differences.length === 0 ? "info" : isBreaking ? "error" : "warn";
      return { level, message, fields: { ...place(event), differences } };
    }
    case "schemaCheckFailed": {
      const fields = { ...place(event), ...errorFields(event.error, redact) };
      return { level: "warn", message: "table could not be compared with records", fields };
    }
    case "spoolDropped": {
      const fields = { ...place(event), recordCount: event.recordCount };
      return { level: "error", message: "full spool dropped records", fields };
    }
    case "callbackFailed": {
      const fields = {
        ...place(event),
        callback: event.callback,
        cause: describeError(event.cause, redact),
      };
      return { level: "error", message: "callback failed", fields };
    }
  }
}

function laneLine(event: LaneStateEvent, redact: Redact): Line {
  const { from, to, attempt, cause, category } = event;
  const fields = {
    ...lanePlace(event),
    from,
    to,
    attempt,
    ...(category === undefined ? {} : { category }),
    ...(cause === undefined ? {} : errorFields(cause, redact)),
  };
  return { level: LANE_LEVELS[to], message: "lane changed state", fields };
}

function invalidLine(event: RecordInvalidEvent, redact: Redact): Line {
  const { offset, action, error } = event;
  const fields = { ...lanePlace(event), offset, action, ...errorFields(error, redact) };
  return { level: "warn", message: "record was refused", fields };
}

/** Without a category nothing went wrong: it is being opened or closed. */
function healthLine(event: HealthEvent): Line {
  const { from, health } = event;
  const { status, reason, category, unacknowledgedRecords, waitingCalls } = health;
  const fields = {
    ...place(event),
    from,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(category === undefined ? {} : { category }),
    unacknowledgedRecords,
    waitingCalls,
    oldestUnacknowledgedMs: health.oldestUnacknowledgedMs,
  };
  const troubled = status === "down" ? "error" : "warn";
  const level = status === "healthy" || category === undefined ? "info" : troubled;
  return { level, message: "health changed", fields };
}

function place(event: ProducerEvent): LogFields {
  return { event: event.kind, endpoint: event.endpoint, table: event.table };
}

function lanePlace(event: Extract<ProducerEvent, { readonly lane: number }>): LogFields {
  const { lane, streamId } = event;
  return { ...place(event), lane, ...(streamId === undefined ? {} : { streamId }) };
}

function errorFields(error: ZerobusError, redact: Redact): LogFields {
  return { code: error.code, cause: describeError(error, redact) };
}

/** Texts from elsewhere are at the top: what is below was described without secrets. */
function withoutSecrets(fields: LogFields, redact: Redact): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? redact(value) : value,
    ]),
  );
}
