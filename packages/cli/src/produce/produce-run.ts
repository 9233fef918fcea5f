// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import {
  categoryOf,
  type DeadLetterSink,
  type InvalidRecord,
  Producer,
  type ProducerEvent,
  type ProducerOptions,
  type ZerobusError,
} from "@sluice/client";
import { CliError, messageOf } from "../cli-error.ts";
import type { RecordReader } from "../source/read-records.ts";
import type { RecordBatch } from "../source/record-collector.ts";
import { type Delivery, makeDelivery } from "./delivery.ts";
import { throttledLine } from "./produce-progress.ts";
import type { AckStrategy } from "./option-names.ts";
import type { Pace } from "./pace.ts";
import { ProduceCounts } from "./produce-counts.ts";
import type { EncodedRecord, Encoding } from "./record-encoding.ts";
import { sentBatches, type SentRecords, spooledRecords } from "./sent-records.ts";

export interface ProduceRunParts {
  readonly table: string;
  readonly inputName: string;
  readonly reader: RecordReader;
  readonly encoding: Encoding;
  /** Where to, as whom, over how many lanes. */
  readonly target: Pick<
    ProducerOptions<EncodedRecord>,
    "endpoint" | "unityCatalogUrl" | "auth" | "lanes" | "maxInflightBytes" | "tls"
  >;
  readonly ack: AckStrategy;
  readonly pace: Pace;
  readonly skipInvalid: boolean;
  readonly deadLetters: DeadLetterSink | undefined;
  readonly spool: { readonly directory: string; readonly maxBytes: number } | undefined;
  /** Milliseconds to wait for acks once there is nothing more to send. */
  readonly drainTimeoutMs: number;
  /** Ends the reading; what was read is still sent and awaited. */
  readonly stopReading: AbortController;
  /** Ends the waiting. */
  readonly giveUp: AbortSignal;
  readonly tell: (line: string) => void;
}

/** How a run ended, apart from its counts. */
export interface ProduceOutcome {
  /** Whether there was a stream; `false`: the run was ended while it waited for the first. */
  readonly isOpened: boolean;
  readonly error: unknown;
  /** Records that were taken and neither acknowledged nor set aside. */
  readonly unacknowledgedCount: number;
  /** Records that the spool keeps for the next run. */
  readonly spooledCount: number;
}

/** Sends everything the reader finds, and waits until it is settled. */
export class ProduceRun {
  readonly counts: ProduceCounts = new ProduceCounts();
  readonly #parts: ProduceRunParts;
  readonly #sent: SentRecords;
  #producer: Producer<EncodedRecord> | undefined;
  #failure: unknown;
  #recoveryCause = "";
  #firstRefusal: string | undefined;
  /** Records read that could be encoded, and those of an earlier run. */
  readCount = 0;
  skippedCount = 0;
  /** Streams that the service seemed to hold to a rate, at some time. */
  readonly throttledStreams: Set<number> = new Set();

  constructor(parts: ProduceRunParts) {
    this.#parts = parts;
    this.#sent = parts.spool === undefined ? sentBatches() : spooledRecords();
  }

  /** Whether records can be under way. */
  get isOpen(): boolean {
    return this.#producer !== undefined;
  }

  get laneCount(): number {
    return this.#producer?.health().lanes.length ?? 0;
  }

  /** Records per second that streams get through which the service seems to hold to a rate now; 0 for none. */
  get throttledRate(): number {
    const lanes = this.#producer?.health().lanes ?? [];
    return lanes.reduce((sum, { throttled }) => sum + (throttled?.recordsPerSecond ?? 0), 0);
  }

  /** Whether no stream is open. */
  get isDown(): boolean {
    return this.#producer?.health().status === "down";
  }

  /** Records refused here or by the server. */
  get invalidCount(): number {
    return this.counts.refusedCount + this.#parts.reader.skippedCount;
  }

  /** The first record that was set aside, and why. */
  get firstRefusal(): string | undefined {
    return this.#firstRefusal ?? this.#parts.reader.firstInvalid;
  }

  /** @throws ZerobusError when no stream can be opened */
  async run(): Promise<ProduceOutcome> {
    const { giveUp, stopReading } = this.#parts;
    const opening = this.#openProducer();
    const stopped = aborted(stopReading.signal).then(() => undefined);
    const producer = await Promise.race([opening, stopped]);
    if (producer === undefined) {
      // Nothing was sent, so that there is nothing to wait for.
      opening.catch(() => undefined);
      return { isOpened: false, error: undefined, unacknowledgedCount: 0, spooledCount: 0 };
    }
    this.#producer = producer;
    this.#noteSpooled(producer);
    const delivery = makeDelivery(producer, this.#sent, this.#parts.ack);
    const ended = new AbortController();
    const givenUp = aborted(giveUp);
    let stoppedAtMs: number | undefined;
    const late = aborted(stopReading.signal).then(() => {
      stoppedAtMs = performance.now();
      return this.#drainTime(ended.signal);
    });
    try {
      const sending = this.#sendAll(delivery);
      // Whoever gives up no longer listens.
      sending.catch(() => undefined);
      await Promise.race([sending, givenUp, late]);
    } catch (reason) {
      this.#failure ??= reason;
    }
    if (!giveUp.aborted) {
      const waitedMs = stoppedAtMs === undefined ? 0 : performance.now() - stoppedAtMs;
      const deadlineMs = Math.max(0, this.#parts.drainTimeoutMs - waitedMs);
      // What is left is counted below; refusals were told one by one.
      await Promise.race([producer.drain({ deadlineMs }).catch(() => undefined), givenUp]);
    }
    ended.abort();
    return this.#close(producer);
  }

  async #close(producer: Producer<EncodedRecord>): Promise<ProduceOutcome> {
    const { oldestLine } = this.#sent;
    await this.#setAsideInvalid();
    let unacknowledgedCount = 0;
    try {
      unacknowledgedCount = (await producer.close({ deadlineMs: 0 })).length;
    } catch (reason) {
      this.#failure ??= reason;
    }
    return {
      isOpened: true,
      error: this.#explained(oldestLine, unacknowledgedCount),
      unacknowledgedCount,
      spooledCount: producer.health().spool?.records ?? 0,
    };
  }

  #openProducer(): Promise<Producer<EncodedRecord>> {
    const { target, table, encoding, deadLetters, skipInvalid, spool } = this.#parts;
    return Producer.open<EncodedRecord>({
      ...target,
      table,
      encoder: {
        format: encoding.format,
        ...(encoding.descriptor === undefined ? {} : { descriptor: encoding.descriptor }),
        encode: ({ payload }) => payload,
      },
      applicationName: "sluice-produce",
      ...(deadLetters === undefined
        ? { onInvalidRecord: skipInvalid ? "skip" : "raise" }
        : { deadLetters }),
      // With a spool, records are taken while the service is away.
      ...(spool === undefined ? {} : { spool, openTimeoutMs: 0 }),
      observer: this.counts,
      onAck: (offset) => this.#sent.settled(offset),
      onError: (error, invalid) => this.#onError(error, invalid),
      onEvent: (event) => this.#onEvent(event),
    });
  }

  /** What an earlier run left is sent first. */
  #noteSpooled(producer: Producer<EncodedRecord>): void {
    const records = producer.health().spool?.records ?? 0;
    if (records > 0) this.#parts.tell(`${records} records of an earlier run are in the spool`);
    this.readCount += records;
  }

  async #sendAll(delivery: Delivery): Promise<void> {
    const { reader, pace, stopReading } = this.#parts;
    try {
      for await (const batch of reader.batches()) {
        const records = this.#encodeAll(batch);
        await this.#setAsideInvalid();
        if (records.length === 0) continue;
        await pace(records.length, stopReading.signal);
        await delivery(records);
      }
    } catch (reason) {
      // What was read before is to be in the table.
      this.#failure ??= reason;
    }
  }

  /** Encodes a batch up to the first record that ends the input, which is told when the records in front are sent. */
  #encodeAll({ records }: RecordBatch): EncodedRecord[] {
    const { reader, encoding } = this.#parts;
    const encoded: EncodedRecord[] = [];
    for (const record of records) {
      if (this.#failure !== undefined) break;
      try {
        encoded.push(encoding.encode(record));
        this.readCount++;
      } catch (cause) {
        try {
          reader.refuse(record, messageOf(cause));
        } catch (fault) {
          this.#failure ??= fault;
          this.#parts.stopReading.abort();
        }
      }
    }
    return encoded;
  }

  /** Invalid records that are kept go to the dead letters. */
  async #setAsideInvalid(): Promise<void> {
    const { reader, deadLetters, table } = this.#parts;
    if (deadLetters === undefined) return;
    const letters = reader.takeInvalid().map(({ line, reason, bytes }) =>
      deadLetters.write({
        table,
        record: bytes,
        format: "json",
        code: "invalid_argument",
        reason: `line ${line}: ${reason}`,
        at: new Date(),
      }),
    );
    await Promise.all(letters);
    this.counts.refusedCount += letters.length;
    this.counts.deadLetteredCount += letters.length;
  }

  #onError(error: ZerobusError, invalid: InvalidRecord | undefined): void {
    if (invalid === undefined) {
      this.#fail(error);
      return;
    }
    const line = this.#sent.lineOf(invalid);
    const place = line === undefined ? "" : `line ${line}: `;
    const text = `${place}${error.details.serverMessage ?? error.message}`;
    this.#firstRefusal ??= text;
    const { deadLetters, skipInvalid, inputName } = this.#parts;
    if (deadLetters !== undefined) return;
    if (skipInvalid) {
      this.skippedCount++;
      return;
    }
    const from = line === undefined ? "a record" : `${inputName}, line ${line}`;
    this.#fail(
      new CliError(
        `${from}: the server refused it: ${error.details.serverMessage ?? error.message}`,
        {
          cause: error,
          hints: [
            "Records around it were sent. --skip-invalid passes over invalid records, --dead-letter DIR keeps them.",
          ],
        },
      ),
    );
  }

  #fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#parts.stopReading.abort();
  }

  #onEvent(event: ProducerEvent): void {
    const { tell } = this.#parts;
    if (event.kind === "throttled") {
      this.throttledStreams.add(event.lane);
      tell(throttledLine(event));
    }
    if (event.kind === "callbackFailed") tell(`${event.callback}: ${messageOf(event.cause)}`);
    if (event.kind !== "laneStateChanged") return;
    const { cause, attempt, endpoint, to } = event;
    const isRecovery = to === "reconnecting" || to === "backingOff" || to === "opening";
    // A refused record ends its stream too: the record is told of, not the stream.
    if (cause !== undefined && categoryOf(cause.code, false) === "data") return;
    if (isRecovery && cause !== undefined && cause.message !== this.#recoveryCause) {
      const place = this.#recoveryCause === "" ? `connection to ${endpoint}` : `attempt ${attempt}`;
      this.#recoveryCause = cause.message;
      tell(`${place}: ${cause.message}; trying again`);
    }
    if (to === "running" && this.#recoveryCause !== "") {
      this.#recoveryCause = "";
      tell("connected again; what was not acknowledged is sent again");
    }
  }

  /** Where the first record is that has no acknowledgement. */
  #explained(oldestLine: number | undefined, leftCount: number): unknown {
    const failure = this.#failure;
    if (failure === undefined || failure instanceof CliError || oldestLine === undefined) {
      return failure;
    }
    const hint = `The first record that was not acknowledged: ${this.#parts.inputName}, line ${oldestLine}.`;
    return leftCount === 0
      ? failure
      : new CliError(messageOf(failure), { cause: failure, hints: [hint] });
  }

  async #drainTime(signal: AbortSignal): Promise<void> {
    await delay(this.#parts.drainTimeoutMs, undefined, { signal }).catch(() => undefined);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
