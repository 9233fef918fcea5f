// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../core/clock.ts";
import type { SendPace } from "../core/rate-limiter.ts";
import type { StreamListeners, StreamStateChange } from "../core/settings.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import type { StreamEngine } from "../io/stream-engine.ts";
import type { SchemaDrift } from "../schema/schema-watch.ts";
import type { DeadLetter, DeadLetterSink } from "./dead-letter-sink.ts";
import type { EngineSource } from "./engine-source.ts";
import { categoryOf, type ErrorCategory } from "./error-category.ts";
import { recordIdOf } from "./identity/record-id-of.ts";
import type { RecordIdStamper } from "./identity/record-id-stamper.ts";
import type { Lane, LaneHost } from "./lane.ts";
import type { LaneSet } from "./lane-set.ts";
import type { LaneState } from "./lane-state.ts";
import type { ThrottleReport } from "./limits/throttle-report.ts";
import type { FaultEvent, LaneCountEvent, LaneOrigin, ProducerEvent } from "./producer-event.ts";
import type { ProducerHealth } from "./producer-health.ts";
import type { ProducerOptions } from "./producer-options.ts";
import type { ProducerSettings } from "./producer-settings.ts";
import type { RecordEncoder } from "./record-encoder.ts";
import type { RecordIntake } from "./record-intake.ts";

export interface LaneReporterOptions<T> {
  readonly settings: ProducerSettings;
  readonly options: ProducerOptions<T>;
  readonly encoder: RecordEncoder<T>;
  readonly deadLetters: DeadLetterSink | undefined;
  readonly stamper: RecordIdStamper | undefined;
  readonly engines: EngineSource;
  readonly clock: Clock;
  readonly lanes: () => LaneSet;
  readonly intake: () => RecordIntake;
  readonly onLaneChange: () => void;
}

/** What lanes ask of their producer, and the application's callbacks: none of them can harm a lane. */
export class LaneReporter<T> implements LaneHost {
  readonly #parts: LaneReporterOptions<T>;
  readonly #options: ProducerOptions<T>;
  /** Why lanes lost the streams that are being replaced. */
  readonly #lostBy = new Map<Lane, ErrorCategory>();
  /** Refusals that a flush has to report. */
  #raised = 0;
  #reported = 0;
  #lastRaised: ZerobusError | undefined;

  constructor(parts: LaneReporterOptions<T>) {
    this.#parts = parts;
    this.#options = parts.options;
  }

  makeEngine(listeners: StreamListeners, onProgress: () => void, pace: SendPace): StreamEngine {
    const onRoom = (): void => this.#parts.lanes().admit();
    return this.#parts.engines.makeEngine(listeners, onProgress, { pace, onRoom });
  }

  held(recordDelta: number, byteDelta: number): void {
    const lanes = this.#parts.lanes();
    lanes.held(recordDelta, byteDelta);
    if (recordDelta > 0) this.#options.observer?.submitted(recordDelta, byteDelta);
  }

  acknowledged(lane: Lane, recordCount: number, byteCount: number, sinceMs: number): void {
    const { observer, onAck } = this.#options;
    if (observer !== undefined && recordCount > 0) {
      observer.acknowledged(recordCount, byteCount, this.#parts.clock.nowMs() - sinceMs);
    }
    const intake = this.#parts.intake();
    const office = intake.officeOf(lane);
    const before = office.settlement.settledNext;
    intake.laneSettled(lane);
    const { settledNext } = office.settlement;
    if (onAck !== undefined && (office === lane || settledNext > before)) {
      this.#guard("onAck", () => onAck(BigInt(settledNext - 1), office.index));
    }
    this.#parts.lanes().admit();
  }

  resent(recordCount: number): void {
    this.#options.observer?.resent(recordCount);
  }

  changed(lane: Lane, from: LaneState, change: StreamStateChange | undefined): void {
    const { state } = lane;
    const failing = state.kind !== "running" && state.kind !== "opening";
    const cause = failing ? change?.error : undefined;
    const category = cause === undefined ? undefined : categoryOf(cause.code, isOpening(from));
    this.#emit({
      kind: "laneStateChanged",
      ...this.#origin(lane),
      from: from.kind,
      to: state.kind,
      attempt: change?.attempt ?? 0,
      cause,
      category,
    });
    if (from.kind === "running" && lane.accepting) this.#lostBy.set(lane, category ?? "connection");
    const lostBy = this.#lostBy.get(lane);
    if (state.kind === "running" && lostBy !== undefined) {
      this.#options.observer?.reconnected(lostBy);
      this.#lostBy.delete(lane);
    }
    if (!lane.accepting) this.#lostBy.delete(lane);
    if (state.kind === "failed") this.#failed(lane, state.error);
    this.#parts.intake().laneSettled(lane);
    this.#parts.onLaneChange();
    this.#parts.lanes().admit();
  }

  async setAside(lane: Lane, record: Uint8Array, error: ZerobusError): Promise<void> {
    const action = this.#parts.settings.onInvalidRecord;
    const { observer, onError } = this.#options;
    const { deadLetters } = this.#parts;
    observer?.invalid(1);
    let raised = action === "raise";
    if (action === "deadLetter" && deadLetters !== undefined) {
      try {
        await deadLetters.write(this.#letterOf(record, error));
        observer?.deadLettered(1);
      } catch (cause) {
        // The record is nowhere now: the next flush has to say so.
        raised = true;
        this.#fault("deadLetters", cause);
      }
    }
    if (raised) this.#raise(error);
    const { offset, lane: laneIndex } = this.#parts.intake().oldestPlace(lane);
    this.#emit({ kind: "recordInvalid", ...this.#origin(lane), offset, action, error });
    if (onError === undefined) return;
    this.#guard("onError", () =>
      onError(error, { lane: laneIndex, offset: BigInt(offset), record }),
    );
  }

  #letterOf(record: Uint8Array, error: ZerobusError): DeadLetter {
    const { settings, encoder, stamper } = this.#parts;
    const { format, descriptor } = encoder;
    const encoded = { record, format, ...(descriptor === undefined ? {} : { descriptor }) };
    const recordId = stamper === undefined ? undefined : recordIdOf(encoded, stamper.column);
    return {
      table: settings.table,
      ...encoded,
      code: error.code,
      reason: error.details.serverMessage ?? error.message,
      at: new Date(),
      ...(recordId === undefined ? {} : { recordId }),
    };
  }

  laneCountChanged(from: number, to: number, reason: LaneCountEvent["reason"]): void {
    this.#emit({ kind: "laneCountChanged", ...this.#place(), from, to, reason });
  }

  throttled(lane: Lane, report: ThrottleReport): void {
    this.#emit({ kind: "throttled", ...this.#origin(lane), report });
  }

  healthChanged(from: ProducerHealth["status"], health: ProducerHealth): void {
    this.#emit({ kind: "healthChanged", ...this.#place(), from, health });
  }

  schemaDrifted({ schema, differences }: SchemaDrift): void {
    this.#emit({ kind: "schemaDrift", ...this.#place(), differences, schema });
  }

  schemaCheckFailed(error: ZerobusError): void {
    this.#emit({ kind: "schemaCheckFailed", ...this.#place(), error });
  }

  spoolDropped(recordCount: number): void {
    this.#emit({ kind: "spoolDropped", ...this.#place(), recordCount });
  }

  flushed(durationMs: number, error: ZerobusError | undefined): void {
    this.#options.observer?.flushed?.(durationMs, error);
  }

  closed(durationMs: number, unacknowledgedRecords: number): void {
    this.#options.observer?.closed?.(durationMs, unacknowledgedRecords);
  }

  /** Closes the dead letters; a failure is reported. */
  async closeDeadLetters(): Promise<void> {
    try {
      await this.#parts.deadLetters?.close();
    } catch (cause) {
      this.#fault("deadLetters", cause);
    }
  }

  /** Begins a flush: the function returned ends it and tells what it has to report. */
  beginReport(): () => ZerobusError | undefined {
    const from = this.#reported;
    return () => {
      const count = this.#raised - from;
      const last = this.#lastRaised;
      this.#reported = Math.max(this.#reported, this.#raised);
      if (count === 0 || last === undefined) return undefined;
      return new ZerobusError(
        last.code,
        `The server refused ${count} of the records flushed; the last one: ${last.message}`,
        { cause: last, details: last.details, effect: "none" },
      );
    };
  }

  #raise(error: ZerobusError): void {
    this.#raised++;
    this.#lastRaised = error;
  }

  #failed(lane: Lane, error: ZerobusError): void {
    this.#parts.intake().laneFailed(lane, error);
    const { onError } = this.#options;
    if (onError !== undefined) this.#guard("onError", () => onError(error, undefined));
  }

  #origin(lane: Lane): LaneOrigin {
    return { ...this.#place(), lane: lane.index, streamId: lane.streamId };
  }

  #place(): { readonly endpoint: string; readonly table: string } {
    const { endpoint, table } = this.#parts.settings;
    return { endpoint: endpoint.authority, table };
  }

  #emit(event: ProducerEvent): void {
    const { observer, onEvent } = this.#options;
    observer?.event(event);
    if (onEvent !== undefined) this.#guard("onEvent", () => onEvent(event));
  }

  #guard(callback: "onAck" | "onError" | "onEvent", call: () => void): void {
    try {
      call();
    } catch (cause) {
      this.#fault(callback, cause);
    }
  }

  #fault(callback: FaultEvent["callback"], cause: unknown): void {
    const event: FaultEvent = { kind: "callbackFailed", ...this.#place(), callback, cause };
    if (callback === "onEvent") this.#options.observer?.event(event);
    else this.#emit(event);
  }
}

/** Whether what went wrong in the state did so before anything was sent. */
function isOpening({ kind }: LaneState): boolean {
  return kind === "opening" || kind === "reconnecting";
}
