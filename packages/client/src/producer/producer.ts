// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../core/clock.ts";
import type { RecordPayload } from "../core/record-payload.ts";
import { closedError, toZerobusError, ZerobusError } from "../core/zerobus-error.ts";
import { systemClock } from "../io/system-clock.ts";
import { composeObserver } from "../observe/compose-observer.ts";
import { SchemaWatch } from "../schema/schema-watch.ts";
import { checkRecordBytes } from "./batch-requests.ts";
import { type DeadlineOptions, deadlineOption, within } from "./deadline.ts";
import { DirectIntake } from "./direct-intake.ts";
import { EngineSource } from "./engine-source.ts";
import { fullJitterBackoff } from "./full-jitter.ts";
import { HealthMonitor } from "./health-monitor.ts";
import type { RecordIdStamper } from "./identity/record-id-stamper.ts";
import { Lane } from "./lane.ts";
import { LaneReporter } from "./lane-reporter.ts";
import { LaneSet } from "./lane-set.ts";
import { LoadWatch } from "./load-watch.ts";
import { type OpenedParts, openParts } from "./opened-parts.ts";
import type { ProducerHealth } from "./producer-health.ts";
import type { ProducerOptions } from "./producer-options.ts";
import { type ProducerSettings, resolveProducerOptions } from "./producer-settings.ts";
import type { RecordEncoder } from "./record-encoder.ts";
import type { RecordIntake } from "./record-intake.ts";
import { type PartitionKey, slotOf } from "./slot-hash.ts";
import { SpoolIntake } from "./spool-intake.ts";
import type { Ticket } from "./ticket.ts";

const CLOSE_DEADLINE_MS = 300_000;

/** What a producer works with beside its options; tests replace it. */
export interface ProducerParts {
  readonly clock: Clock;
  readonly random: () => number;
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
  readonly #stamper: RecordIdStamper | undefined;
  readonly #parts: OpenedParts<T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #engines: EngineSource;
  readonly #reporter: LaneReporter<T>;
  readonly #lanes: LaneSet;
  readonly #intake: RecordIntake;
  readonly #health: HealthMonitor;
  readonly #load: LoadWatch;
  #schemaWatch: SchemaWatch | undefined;
  #reportedStatus: ProducerHealth["status"] = "down";
  #taking = true;
  #closing: Promise<readonly UnacknowledgedRecord[]> | undefined;

  private constructor(
    options: ProducerOptions<T>,
    settings: ProducerSettings,
    { clock, random }: ProducerParts,
    parts: OpenedParts<T>,
  ) {
    this.#settings = settings;
    this.#parts = parts;
    this.#clock = clock;
    this.#random = random;
    this.#encoder = parts.encoder;
    this.#stamper = parts.stamper;
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
      onSent: (recordCount, byteCount) => options.observer?.sent?.(recordCount, byteCount),
    });
    this.#health = new HealthMonitor(clock);
    this.#reporter = new LaneReporter<T>({
      settings,
      options,
      encoder: this.#encoder,
      deadLetters: parts.deadLetters,
      stamper: parts.stamper,
      engines: this.#engines,
      clock,
      lanes: () => this.#lanes,
      intake: () => this.#intake,
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
          limiter: parts.limiter?.(),
        }),
    });
    this.#intake =
      parts.spool === undefined
        ? new DirectIntake(this.#lanes)
        : new SpoolIntake({
            spool: parts.spool,
            lanes: this.#lanes,
            keyed: this.#key !== undefined,
            onDropped: (recordCount) => this.#reporter.spoolDropped(recordCount),
          });
    this.#load = new LoadWatch({
      limits: settings,
      lanes: this.#lanes,
      clock,
      throttleDetection: settings.throttleDetection,
      onThrottled: (lane, report) => this.#reporter.throttled(lane, report),
      onLaneCount: (from, to, reason) => this.#reporter.laneCountChanged(from, to, reason),
      onLooked: () => this.#laneChanged(),
    });
  }

  /**
   * Checks the options, fetches the schema, opens the spool and the first streams.
   * @throws ZerobusError `invalid_argument` for options; why a part could not be opened; why the server or the token service refused;
   * `deadline_exceeded` when no stream was open within `openTimeoutMs`
   */
  static async open<T = unknown>(
    options: ProducerOptions<T>,
    parts: ProducerParts = { clock: systemClock, random: Math.random },
  ): Promise<Producer<T>> {
    const settings = resolveProducerOptions(options);
    const opened = await openParts(options, { settings, ...parts });
    const observer = composeObserver({
      endpoint: settings.endpoint.authority,
      table: settings.table,
      auth: settings.auth,
      metrics: options.metrics,
      logger: options.logger,
      observer: options.observer,
    });
    const producer = new Producer<T>({ ...options, observer }, settings, parts, opened);
    options.metrics?.watch(producer);
    await producer.#start();
    return producer;
  }

  /** How the producer is, now. */
  health(): ProducerHealth {
    return this.#health.look(this.#lanes, this.#intake, (lane) => this.#load.throttlingOf(lane));
  }

  /** Records the lanes hold that are not sent, or have to be sent again. */
  get queuedRecords(): number {
    return this.#lanes.lanes.reduce((sum, lane) => sum + lane.queuedRecords, 0);
  }

  /** Promises the producer has handed out and not settled. */
  get pendingCount(): number {
    const lanes = this.#lanes.lanes.reduce((sum, lane) => sum + lane.pendingCount, 0);
    return lanes + this.#intake.pendingCount;
  }

  /**
   * Takes one record; waits while the producer or the record's lane has no room, or until the record is in the spool.
   * @throws ZerobusError `invalid_argument` for a record that cannot be encoded or is too long; `closed`; why the lane
   * of the record has failed; what the spool refuses
   */
  submit(record: T): Promise<Ticket> {
    try {
      if (!this.#taking) throw takesNoMore();
      const slot = this.#key === undefined ? -1 : slotOf(this.#key(record));
      return this.#intake.submit(this.#encode(record), slot);
    } catch (error) {
      return Promise.reject(toZerobusError(error));
    }
  }

  /**
   * Takes records under one ticket. They go in as few requests as keys and limits allow, each taken or refused by the
   * server as one; of a refused one the record at fault is found and the others go through.
   * @throws as {@link Producer.submit}; no record is taken when one of them cannot be encoded; a full spool may have
   * taken the first ones
   */
  async submitBatch(records: readonly T[]): Promise<Ticket> {
    if (!this.#taking) throw takesNoMore();
    if (!Array.isArray(records)) {
      throw new ZerobusError("invalid_argument", "submitBatch expects an array of records");
    }
    const key = this.#key;
    const payloads: RecordPayload[] = [];
    const slots: number[] = [];
    for (const record of records as readonly T[]) {
      if (key !== undefined) slots.push(slotOf(key(record)));
      const payload = this.#encode(record);
      // Encoders use their bytes again for the next record.
      payloads.push(typeof payload === "string" ? payload : Buffer.from(payload));
    }
    return this.#intake.submitBatch(payloads, slots);
  }

  /**
   * Resolves once every record submitted before is settled, calls that still wait for room included.
   * @throws ZerobusError the first refusal that no flush has reported yet, with `onInvalidRecord: "raise"`;
   * `deadline_exceeded`; why a lane ended with records unacknowledged
   */
  async flush(options: DeadlineOptions = {}): Promise<void> {
    const deadlineMs = deadlineOption(options, undefined);
    const startedAtMs = this.#clock.nowMs();
    const report = this.#reporter.beginReport();
    let failure: ZerobusError | undefined;
    try {
      await within(this.#clock, deadlineMs, this.#intake.whenSettled());
      failure = report();
    } catch (error) {
      failure = toZerobusError(error);
    }
    this.#reporter.flushed(this.#clock.nowMs() - startedAtMs, failure);
    if (failure !== undefined) throw failure;
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
   * With a spool it returns none: they are in the spool, for the next producer.
   * @throws ZerobusError of a spool whose disk failed
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
    const { minLanes, openTimeoutMs } = this.#settings;
    const lanes = Array.from({ length: minLanes }, () => this.#lanes.add());
    const opened = lanes.map((lane) => lane.start());
    for (const lane of lanes) this.#lanes.activate(lane);
    for (const promise of opened) promise.catch(() => undefined);
    this.#intake.start();
    this.#watchSchema();
    this.#load.start();
    if (openTimeoutMs === 0) return;
    try {
      await within(this.#clock, openTimeoutMs, Promise.all(opened));
    } catch (error) {
      const cause = lanes.find((lane) => lane.lastError !== undefined)?.lastError;
      await this.close({ deadlineMs: 0 });
      const reason = toZerobusError(error);
      if (reason.code !== "deadline_exceeded") throw reason;
      const text = `No stream within openTimeoutMs (${openTimeoutMs} ms)`;
      throw cause === undefined
        ? new ZerobusError("deadline_exceeded", `${text}: no answer yet`, { cause: reason })
        : new ZerobusError(cause.code, `${text}: ${cause.message}`, {
            cause,
            details: cause.details,
          });
    }
  }

  #encode(record: T): RecordPayload {
    const payload = this.#encoder.encode(this.#stamper?.stamp(record) ?? record);
    checkRecordBytes(payload);
    return payload;
  }

  async #close(deadlineMs: number | undefined): Promise<readonly UnacknowledgedRecord[]> {
    const startedAtMs = this.#clock.nowMs();
    this.#taking = false;
    this.#load.stop();
    this.#schemaWatch?.close();
    try {
      await within(this.#clock, deadlineMs, this.#intake.whenSettled());
    } catch {
      // What is left is returned.
    }
    this.#intake.end(closedError());
    const { lanes } = this.#lanes;
    await Promise.all(lanes.map((lane) => lane.close()));
    this.#engines.close();
    try {
      await this.#parts.close();
    } finally {
      await this.#intake.finish(closedError());
      await this.#reporter.closeDeadLetters();
    }
    const left =
      this.#parts.spool !== undefined
        ? []
        : lanes.flatMap((lane) => lane.leftovers().map((record) => ({ lane: lane.index, record })));
    this.#reporter.closed(this.#clock.nowMs() - startedAtMs, left.length);
    return left;
  }

  #watchSchema(): void {
    const { watched } = this.#parts;
    const { schemaCheckIntervalMs: intervalMs } = this.#settings;
    if (watched === undefined || intervalMs === 0) return;
    this.#schemaWatch = new SchemaWatch({
      schema: watched.schema,
      fetch: () => watched.catalog.fetchSchema(),
      onDrift: (drift) => this.#reporter.schemaDrifted(drift),
      onError: (error) => this.#reporter.schemaCheckFailed(error),
      intervalMs,
      clock: this.#clock,
      random: this.#random,
    });
    // A schema that was given, or kept with a spool, may be old already.
    void this.#schemaWatch.check();
  }

  #laneChanged(): void {
    const health = this.health();
    if (health.status === this.#reportedStatus) return;
    const from = this.#reportedStatus;
    this.#reportedStatus = health.status;
    this.#reporter.healthChanged(from, health);
  }
}

function takesNoMore(): ZerobusError {
  return closedError(
    "The producer was drained or closed and takes no more records; open another one with Producer.open",
  );
}
