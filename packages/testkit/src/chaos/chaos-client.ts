// SPDX-License-Identifier: Apache-2.0
import { Producer, readDeadLetters, ZerobusError } from "@sluice/client";
import { CHAOS_TABLE, idOf, isWrong, jsonOf, keyOf } from "./chaos-record.ts";
import type { ReadyLine } from "./server-process.ts";

export interface DeadLetterReport {
  /** Wrong records that are not in the dead letters. */
  readonly notKeptCount: number;
  /** Letters of records that are right, or were kept before. */
  readonly needlessLetterCount: number;
}

/** What is put through the faults: a producer with lanes, and dead letters for the records that are wrong. */
export class ChaosClient {
  acknowledgedCount = 0;
  refusedCount = 0;
  reconnectCount = 0;
  /** Records whose `submit` or ticket failed otherwise. */
  failedCount = 0;
  #ticketCount = 0;
  readonly #producer: Producer<number>;
  readonly #deadLetters: string;

  private constructor(producer: Producer<number>, deadLetters: string) {
    this.#producer = producer;
    this.#deadLetters = deadLetters;
  }

  static async open(
    server: ReadyLine,
    laneCount: number,
    deadLetters: string,
  ): Promise<ChaosClient> {
    let reconnected = (): void => undefined;
    const producer = await Producer.open<number>({
      endpoint: server.endpoint,
      unityCatalogUrl: server.endpoint,
      table: CHAOS_TABLE,
      auth: { clientId: server.clientId, clientSecret: server.clientSecret },
      encoder: { format: "json", encode: jsonOf },
      lanes: { min: laneCount, key: keyOf },
      maxInflightRecords: laneCount * 5_000,
      deadLetters: { directory: deadLetters },
      retry: { firstDelayMs: 50, maxDelayMs: 1_000 },
      attemptTimeoutMs: 2_000,
      ackTimeoutMs: 2_000,
      connectionPerLane: true,
      onEvent: (event) => {
        if (event.kind !== "laneStateChanged") return;
        if (event.from === "reconnecting" && event.to === "running") reconnected();
      },
    });
    const client = new ChaosClient(producer, deadLetters);
    reconnected = () => {
      client.reconnectCount += 1;
    };
    return client;
  }

  /** Promises and tickets that are not settled. */
  get pendingCount(): number {
    const settled = this.acknowledgedCount + this.refusedCount + this.failedCount;
    return this.#ticketCount - settled + this.#producer.pendingCount;
  }

  /** Resolves when the record is taken. Records of one key keep their order. */
  async submit(id: number): Promise<void> {
    this.#ticketCount += 1;
    try {
      const ticket = await this.#producer.submit(id);
      ticket.ack().then(
        () => {
          if (isWrong(id)) this.failedCount += 1;
          else this.acknowledgedCount += 1;
        },
        (error: unknown) => {
          const isRefusal = error instanceof ZerobusError && error.code === "invalid_argument";
          if (isRefusal && isWrong(id)) this.refusedCount += 1;
          else this.failedCount += 1;
        },
      );
    } catch {
      this.failedCount += 1;
    }
  }

  /** Resolves when everything taken is settled; @returns how many records are left over. */
  async close(): Promise<number> {
    const left = await this.#producer.close();
    // The reactions to the last acknowledgements are still to run.
    await new Promise((resolve) => setImmediate(resolve));
    return left.length;
  }

  /** Compares the dead letters with the wrong ones of the records `0 .. recordCount - 1`. */
  async checkDeadLetters(recordCount: number): Promise<DeadLetterReport> {
    const expected = new Set<number>();
    for (let id = 0; id < recordCount; id++) if (isWrong(id)) expected.add(id);
    let needlessLetterCount = 0;
    for await (const { record } of readDeadLetters(this.#deadLetters)) {
      if (!expected.delete(idOf(Buffer.from(record).toString()))) needlessLetterCount += 1;
    }
    return { notKeptCount: expected.size, needlessLetterCount };
  }
}
