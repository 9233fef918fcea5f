// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timer } from "../core/clock.ts";
import type { RecordPayload } from "../core/record-payload.ts";
import { closedError, toZerobusError, ZerobusError } from "../core/zerobus-error.ts";
import { systemClock } from "../io/system-clock.ts";
import { checkRecordBytes, keyedRequests, requestOf, splitByBytes } from "./batch-requests.ts";
import { EngineSource } from "./engine-source.ts";
import { fullJitterBackoff } from "./full-jitter.ts";
import { HealthMonitor } from "./health-monitor.ts";
import { protoBytesEncoder, strictJsonEncoder } from "./json-encoder.ts";
import { Lane } from "./lane.ts";
import { LaneReporter } from "./lane-reporter.ts";
import { LaneSet } from "./lane-set.ts";
import { LoadMeter } from "./load-meter.ts";
import type { ProducerHealth } from "./producer-health.ts";
import type { ProducerOptions } from "./producer-options.ts";
import { type ProducerSettings, resolveProducerOptions } from "./producer-settings.ts";
import type { RecordEncoder } from "./record-encoder.ts";
import { type PartitionKey, slotOf } from "./slot-hash.ts";
import type { LaneRequest } from "./submit-call.ts";
import { Ticket } from "./ticket.ts";

const LOAD_INTERVAL_MS = 1_000;
const CLOSE_DEADLINE_MS = 300_000;

/** What a producer works with beside its options; tests replace it. */
export interface ProducerParts {
  readonly clock: Clock;
  readonly random: () => number;
}

export interface DeadlineOptions {
  /** Milliseconds to wait at most. */
  readonly deadlineMs?: number;
}

/** A record that was taken and not acknowledged when its producer ended. It may have reached the table all the same. */
export interface UnacknowledgedRecord {
  readonly lane: number;
  /** As it was encoded. */
  readonly record: Uint8Array;
}

/**
 * Sends records into one table, for as long as it takes: lost streams are replaced without end or within a budget,
 * refused records are found and set aside, records of one key keep their order over any number of streams. Delivery is
 * at least once.
 *
 * `submit` resolves when there is room for the record, the `ack()` of its ticket when the server has made it durable.
 */
export class Producer<T> {
  readonly #settings: ProducerSettings;
  readonly #encoder: RecordEncoder<T>;
  readonly #key: ((record: T) => PartitionKey) | undefined;
  readonly #clock: Clock;
  readonly #engines: EngineSource;
  readonly #reporter: LaneReporter<T>;
  readonly #lanes: LaneSet;
  readonly #health: HealthMonitor;
  readonly #loadMeter: LoadMeter;
  #loadTimer: Timer | undefined;
  #growing = false;
  #reportedStatus: ProducerHealth["status"] = "down";
  #taking = true;
  #closing: Promise<readonly UnacknowledgedRecord[]> | undefined;

  private constructor(options: ProducerOptions<T>, parts: ProducerParts) {
    const settings = resolveProducerOptions(options);
    const { clock, random } = parts;
    this.#settings = settings;
    this.#clock = clock;
    this.#encoder =
      options.encoder ??
      (options.descriptor === undefined
        ? strictJsonEncoder<T>()
        : protoBytesEncoder<T>(options.descriptor));
    this.#key = options.lanes?.key;
    const backoff = fullJitterBackoff(settings.firstDelayMs, settings.maxDelayMs);
    this.#engines = new EngineSource({
      settings,
      tls: options.tls,
      descriptor: this.#encoder.descriptor,
      clock,
      random,
      backoff,
      onInvalidate: () => options.observer?.tokenRefreshed(),
    });
    this.#health = new HealthMonitor(clock);
    this.#reporter = new LaneReporter<T>({
      settings,
      options,
      encoder: this.#encoder,
      engines: this.#engines,
      clock,
      lanes: () => this.#lanes,
      onLaneChange: () => this.#laneChanged(),
    });
    this.#lanes = new LaneSet({
      maxInflightRecords: settings.maxInflightRecords,
      maxInflightBytes: settings.maxInflightBytes,
      keyed: this.#key !== undefined,
      makeLane: (index) =>
        new Lane({
          index,
          host: this.#reporter,
          clock,
          random,
          backoff,
          policy: { maxAuthElapsedMs: settings.maxAuthElapsedMs },
          maxElapsedMs: settings.maxElapsedMs ?? Number.POSITIVE_INFINITY,
          limiter: options.limiter?.(),
        }),
    });
    this.#loadMeter = new LoadMeter(settings);
  }

  /**
   * Checks the options and opens the first streams.
   * @throws ZerobusError `invalid_argument` for options; why the server or the token service refused;
   * `deadline_exceeded` when no stream was open within `openTimeoutMs`
   */
  static async open<T = unknown>(
    options: ProducerOptions<T>,
    parts: ProducerParts = { clock: systemClock, random: Math.random },
  ): Promise<Producer<T>> {
    const producer = new Producer<T>(options, parts);
    await producer.#start();
    return producer;
  }

  /** How the producer is, now. */
  health(): ProducerHealth {
    return this.#health.look(this.#lanes);
  }

  /** Promises the producer has handed out and not settled. */
  get pendingCount(): number {
    const lanes = this.#lanes.lanes.reduce((sum, lane) => sum + lane.pendingCount, 0);
    return lanes + this.#lanes.waitingCount;
  }

  /**
   * Takes one record; waits while the producer or the record's lane has no room.
   * @throws ZerobusError `invalid_argument` for a record that cannot be encoded or is too long; `closed`; why the lane
   * of the record has failed
   */
  submit(record: T): Promise<Ticket> {
    try {
      if (!this.#taking) throw closedError();
      const slot = this.#key === undefined ? -1 : slotOf(this.#key(record));
      const payload = this.#encoder.encode(record);
      checkRecordBytes(payload);
      const ticket = this.#lanes.trySubmit(payload, slot);
      if (ticket === undefined) {
        const slots = slot < 0 ? [] : [slot];
        return this.#lanes.submitWhenRoom({ submission: kept(payload), recordCount: 1, slots });
      }
      const { turn } = this.#lanes;
      return turn === undefined ? Promise.resolve(ticket) : turn.then(() => ticket);
    } catch (error) {
      return Promise.reject(toZerobusError(error));
    }
  }

  /**
   * Takes records under one ticket. They go in as few requests as keys and limits allow, each taken or refused by the
   * server as one; of a refused one the record at fault is found and the others go through.
   * @throws as {@link Producer.submit}; no record is taken when one of them cannot be encoded
   */
  async submitBatch(records: readonly T[]): Promise<Ticket> {
    if (!this.#taking) throw closedError();
    if (!Array.isArray(records)) {
      throw new ZerobusError("invalid_argument", "submitBatch expects an array of records");
    }
    const requests = this.#requests(records);
    const promises = requests.map((request) => this.#lanes.submitWhenRoom(request));
    const { turn } = this.#lanes;
    const [first, ...rest] = await allTickets(promises);
    if (turn !== undefined) await turn;
    if (first === undefined) return new Ticket(this.#lanes.lanes[0] as Lane, -1);
    return rest.length === 0 ? first : first.with(rest);
  }

  /**
   * Resolves once every record submitted before is settled, calls that still wait for room included.
   * @throws ZerobusError the first refusal that no flush has reported yet, with `onInvalidRecord: "raise"`;
   * `deadline_exceeded`; why a lane ended with records unacknowledged
   */
  async flush(options: DeadlineOptions = {}): Promise<void> {
    const deadlineMs = deadlineOption(options, undefined);
    const report = this.#reporter.beginReport();
    await this.#within(deadlineMs, this.#settled());
    const refusal = report();
    if (refusal !== undefined) throw refusal;
  }

  /**
   * Takes no more records, and flushes.
   * @throws as {@link Producer.flush}
   */
  drain(options: DeadlineOptions = {}): Promise<void> {
    this.#taking = false;
    return this.flush(options);
  }

  /**
   * Takes no more records, waits for the acknowledgement of those it has, five minutes unless told otherwise, and ends
   * its streams. Does not throw for records: it returns those that were not acknowledged, oldest first within a lane.
   * Later calls return the same.
   */
  close(options: DeadlineOptions = {}): Promise<readonly UnacknowledgedRecord[]> {
    this.#closing ??= this.#close(deadlineOption(options, CLOSE_DEADLINE_MS));
    return this.#closing;
  }

  /** As {@link Producer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const { minLanes, maxLanes, openTimeoutMs } = this.#settings;
    const lanes = Array.from({ length: minLanes }, () => this.#lanes.add());
    const opened = lanes.map((lane) => lane.start());
    for (const lane of lanes) this.#lanes.activate(lane);
    for (const promise of opened) promise.catch(() => undefined);
    if (maxLanes > minLanes) this.#watchLoad();
    if (openTimeoutMs === 0) return;
    try {
      await this.#within(openTimeoutMs, Promise.all(opened));
    } catch (error) {
      const cause = lanes.find((lane) => lane.lastChange?.error !== undefined)?.lastChange?.error;
      await this.close({ deadlineMs: 0 });
      const reason = toZerobusError(error);
      if (reason.code !== "deadline_exceeded" || cause === undefined) throw reason;
      throw new ZerobusError(
        cause.code,
        `No stream within openTimeoutMs (${openTimeoutMs} ms): ${cause.message}`,
        {
          cause,
          details: cause.details,
        },
      );
    }
  }

  #requests(records: readonly T[]): LaneRequest[] {
    const key = this.#key;
    const payloads: RecordPayload[] = [];
    const slots: number[] = [];
    for (const record of records) {
      if (key !== undefined) slots.push(slotOf(key(record)));
      const payload = this.#encoder.encode(record);
      checkRecordBytes(payload);
      payloads.push(kept(payload));
    }
    if (key === undefined) return splitByBytes(payloads).map((part) => requestOf(part, []));
    return keyedRequests(payloads, slots, (slot) => this.#lanes.laneOfSlot(slot));
  }

  async #settled(): Promise<void> {
    await this.#lanes.whenAdmitted();
    const outcomes = await Promise.allSettled(
      this.#lanes.lanes.map((lane) => lane.settlement.waitUntilSettled(lane.nextSequence - 1)),
    );
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  async #close(deadlineMs: number | undefined): Promise<readonly UnacknowledgedRecord[]> {
    this.#taking = false;
    this.#loadTimer?.cancel();
    this.#loadTimer = undefined;
    try {
      await this.#within(deadlineMs, this.#settled());
    } catch {
      // What is left is returned.
    }
    this.#lanes.refuseAll(closedError());
    const { lanes } = this.#lanes;
    await Promise.all(lanes.map((lane) => lane.close()));
    this.#engines.close();
    await this.#reporter.closeDeadLetters();
    return lanes.flatMap((lane) =>
      lane.leftovers().map((record) => ({ lane: lane.index, record })),
    );
  }

  #watchLoad(): void {
    this.#loadTimer = this.#clock.startTimer(LOAD_INTERVAL_MS, () => {
      this.#adapt();
      this.#watchLoad();
    });
  }

  #adapt(): void {
    const sample = this.#lanes.sample();
    if (this.#growing) return;
    const { laneCount } = sample;
    const decision = this.#loadMeter.decide(sample);
    if (decision === "shrink") {
      this.#lanes.shrink();
      this.#reporter.laneCountChanged(laneCount, laneCount - 1, "idle");
    } else if (decision === "grow") {
      this.#growing = true;
      const grown = (): void => {
        this.#growing = false;
        if (this.#lanes.laneCount === laneCount) return;
        this.#reporter.laneCountChanged(laneCount, this.#lanes.laneCount, "full");
      };
      // A lane that does not open has reported why by itself.
      this.#lanes.grow().then(grown, grown);
    }
  }

  #laneChanged(): void {
    const health = this.health();
    if (health.status === this.#reportedStatus) return;
    const from = this.#reportedStatus;
    this.#reportedStatus = health.status;
    this.#reporter.healthChanged(from, health);
  }

  /** Waits for a promise, so long at most; it is not left without a listener. */
  #within(deadlineMs: number | undefined, promise: Promise<unknown>): Promise<void> {
    if (deadlineMs === undefined) return promise.then(() => undefined);
    return new Promise<void>((resolve, reject) => {
      const timer = this.#clock.startTimer(deadlineMs, () => {
        const text = `Not settled within ${deadlineMs} ms; records are still on their way`;
        reject(new ZerobusError("deadline_exceeded", text, { effect: "unknown" }));
      });
      promise.then(
        () => {
          timer.cancel();
          resolve();
        },
        (error: unknown) => {
          timer.cancel();
          reject(toZerobusError(error));
        },
      );
    });
  }
}

/** Bytes belong to the caller or the encoder: what waits needs its own. */
function kept(payload: RecordPayload): RecordPayload {
  return typeof payload === "string" ? payload : Buffer.from(payload);
}

async function allTickets(promises: readonly Promise<Ticket>[]): Promise<Ticket[]> {
  const outcomes = await Promise.allSettled(promises);
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

function deadlineOption(
  options: DeadlineOptions,
  standard: number | undefined,
): number | undefined {
  const value = options.deadlineMs ?? standard;
  if (value === undefined || (typeof value === "number" && value >= 0)) return value;
  throw new ZerobusError(
    "invalid_argument",
    `deadlineMs is ${String(value)}; it must be a number of milliseconds from 0`,
  );
}
