// SPDX-License-Identifier: Apache-2.0
import { crc32 } from "node:zlib";
import type { OpenedSpool, Producer } from "@sluice/client";
import type { AckStrategy } from "./option-names.ts";
import type { EncodedRecord } from "./record-encoding.ts";
import type { SentCalls } from "./sent-calls.ts";

/** The way of records from the reader to the server. */
export interface Delivery {
  /** Takes records; resolves when the next ones may come. @throws why they cannot be sent */
  take(records: readonly EncodedRecord[]): Promise<void>;
  /** Resolves when everything that was taken is with the producer. @throws why it cannot be sent */
  end(): Promise<void>;
  /** Stops handing records to the producer, and lets go of what it holds. */
  close(): Promise<void>;
}

export interface DeliveryParts {
  readonly producer: Producer<EncodedRecord>;
  readonly calls: SentCalls;
  readonly ack: AckStrategy;
}

/** Records between two flushes. */
const FLUSH_RECORDS = 10_000;

/** Hands records straight to the producer. */
export function directDelivery(parts: DeliveryParts): Delivery {
  const { producer, ack } = parts;
  let unflushedCount = 0;
  return {
    async take(records) {
      const settled = await submit(parts, records);
      if (ack === "blocking") await settled();
      if (ack !== "flush") return;
      unflushedCount += records.length;
      if (unflushedCount < FLUSH_RECORDS) return;
      unflushedCount = 0;
      // Refusals are reported one by one; a lane that has failed refuses the next batch.
      await producer.flush().catch(() => undefined);
    },
    end: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** Returns what waits until the records are settled, and does not throw: it says whether they are. */
async function submit(
  { producer, calls }: DeliveryParts,
  records: readonly EncodedRecord[],
): Promise<() => Promise<boolean>> {
  calls.add(records);
  try {
    const ticket = await producer.submitBatch(records);
    const settled = ticket.ack().then(
      () => true,
      (reason: unknown) => calls.isRefusal(reason),
    );
    const ended = settled.then((isSettled) => {
      calls.settle(records);
      return isSettled;
    });
    return () => ended;
  } catch (reason) {
    calls.settle(records);
    throw reason;
  }
}

export interface SpooledDeliveryParts extends DeliveryParts {
  readonly spool: OpenedSpool;
  readonly batchRecordCount: number;
}

/** Slots of a spool, which keys are spread over. */
const SLOT_COUNT = 65_536;
/** Lines remembered of records in a spool, which may hold more than memory does. */
const MAX_KNOWN_LINES = 1_000_000;

/**
 * Keeps records in a spool until they are settled: what is taken is on disk, and outlives this process. Records that an
 * earlier run left come first.
 */
export function spooledDelivery(parts: SpooledDeliveryParts): Delivery {
  const { spool } = parts;
  const lines = new Map<number, number>();
  const pump = new SpoolPump(parts, lines);
  return {
    async take(records) {
      pump.throwFailure();
      const appends = records.map(({ payload, key, line }) => {
        const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
        return spool.append(bytes, slotOf(key)).then((sequence) => {
          if (lines.size < MAX_KNOWN_LINES) lines.set(sequence, line);
        });
      });
      await allOf(appends);
      pump.wake();
      if (parts.ack === "blocking") await pump.whenSettled();
    },
    end: () => pump.end(),
    async close() {
      pump.stop();
      await spool.close();
    },
  };
}

function slotOf(key: EncodedRecord["key"]): number {
  if (key === "") return 0;
  return crc32(key instanceof Uint8Array ? key : String(key)) % SLOT_COUNT;
}

/** Waits for all, so that none is left without a listener, and then reports the first failure. */
async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(promises)) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
}

/** Takes records out of a spool, in order, and trims what is settled. */
class SpoolPump {
  readonly #parts: SpooledDeliveryParts;
  readonly #lines: Map<number, number>;
  readonly #running: Promise<void>;
  #next: number;
  /** Ends of batches on their way, oldest first, and whether each is settled. */
  readonly #sent: { end: number; isSettled: boolean }[] = [];
  #waiters: (() => void)[] = [];
  /** Grows with each change. */
  #changeCount = 0;
  #isEnding = false;
  #isStopped = false;
  #failure: unknown;

  constructor(parts: SpooledDeliveryParts, lines: Map<number, number>) {
    this.#parts = parts;
    this.#lines = lines;
    this.#next = parts.spool.firstSequence;
    this.#running = this.#run().catch((reason: unknown) => {
      this.#failure = reason ?? new Error("The spool cannot be read");
      this.wake();
    });
  }

  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Something changed: those who wait look again. */
  wake(): void {
    this.#changeCount++;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  stop(): void {
    this.#isStopped = true;
    this.wake();
  }

  /** Resolves when all that was appended is handed over. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.wake();
    await this.#running;
    this.throwFailure();
  }

  async whenSettled(): Promise<void> {
    const { spool } = this.#parts;
    const { nextSequence } = spool;
    while (spool.firstSequence < nextSequence && !this.#isStopped) {
      this.throwFailure();
      await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async #run(): Promise<void> {
    const { spool, batchRecordCount } = this.#parts;
    while (!this.#isStopped) {
      const changeCount = this.#changeCount;
      let batch: EncodedRecord[] = [];
      for await (const { sequence, slot, record } of spool.read(this.#next)) {
        if (this.#isStopped) return;
        const line = this.#lines.get(sequence) ?? 0;
        this.#lines.delete(sequence);
        batch.push({ payload: record, line, key: slot });
        this.#next = sequence + 1;
        if (batch.length < batchRecordCount) continue;
        await this.#send(batch);
        batch = [];
      }
      if (batch.length > 0) await this.#send(batch);
      else if (this.#isEnding && this.#next >= spool.nextSequence) return;
      else if (changeCount === this.#changeCount) await this.#change();
    }
  }

  async #send(batch: readonly EncodedRecord[]): Promise<void> {
    const entry = { end: this.#next, isSettled: false };
    const settled = await submit(this.#parts, batch);
    this.#sent.push(entry);
    void settled().then((isSettled) => {
      entry.isSettled = isSettled;
      this.#trim();
    });
  }

  /** Only what is settled from the oldest on: streams settle in an order of their own. */
  #trim(): void {
    if (this.#isStopped) return;
    let end: number | undefined;
    while (this.#sent[0]?.isSettled === true) end = this.#sent.shift()?.end;
    if (end !== undefined) this.#parts.spool.trim(end);
    this.wake();
  }
}
