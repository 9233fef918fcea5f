// SPDX-License-Identifier: Apache-2.0
import {
  checkBatchBytes,
  checkFormat,
  checkPayloadBytes,
  toPayload,
} from "./core/record-payload.ts";
import type { Submission } from "./core/room-queue.ts";
import type { StreamStateName } from "./core/settings.ts";
import { prefixedError, toZerobusError, ZerobusError } from "./core/zerobus-error.ts";
import { NO_ROOM } from "./io/record-intake.ts";
import type { StreamEngine } from "./io/stream-engine.ts";
import type { StreamStatistics } from "./io/stream-engine-options.ts";

const MAX_OFFSET = 9_223_372_036_854_775_807n;

/**
 * A stream of records into one table. It outlives the connections it is carried by: after a loss it is opened again and
 * what was not acknowledged is sent again, under the same offsets.
 *
 * A record is copied when its offset is given out, so its buffer may be used again once the call has resolved.
 */
export class ZerobusStream {
  readonly #engine: StreamEngine;

  /** @internal */
  constructor(engine: StreamEngine) {
    this.#engine = engine;
  }

  /** The server's name for the stream that is or was open last. */
  get streamId(): string | undefined {
    return this.#engine.streamId;
  }

  get tableName(): string {
    return this.#engine.options.tableName;
  }

  get state(): StreamStateName {
    return this.#engine.state.kind;
  }

  get isClosed(): boolean {
    return this.#engine.ended;
  }

  get statistics(): StreamStatistics {
    return this.#engine.statistics;
  }

  /** Ingest calls acknowledged, in order from offset 0. */
  get acknowledgedRequests(): number {
    return this.#engine.statistics.acknowledgedRequests;
  }

  /** Records sent again after a reconnect. */
  get resentRecords(): number {
    return this.#engine.statistics.resentRecords;
  }

  get reconnects(): number {
    return this.#engine.statistics.reconnects;
  }

  /**
   * Takes one record and resolves with its offset once it is queued; waits while the stream holds
   * `maxInflightRequests` calls or `maxInflightBytes`. Bytes and protobufjs messages are protobuf records, strings and
   * other objects JSON records.
   * @throws ZerobusError `invalid_argument`; `closed`; the failure of the stream
   */
  ingestRecordOffset(record: unknown): Promise<bigint> {
    try {
      const engine = this.#engine;
      const payload = toPayload(record);
      checkFormat(payload, engine.options.settings.format);
      checkPayloadBytes(payload);
      const offset = engine.trySubmit(payload);
      if (offset === NO_ROOM) return this.#submitLater(payload, "Failed to ingest record: ");
      return this.#queued(offset);
    } catch (error) {
      return Promise.reject(ingestError("Failed to ingest record: ", error));
    }
  }

  /**
   * Takes a batch under one offset; the server takes all of it or nothing. An empty batch resolves with `null`.
   * @throws as {@link ZerobusStream.ingestRecordOffset}
   */
  ingestRecordsOffset(records: readonly unknown[]): Promise<bigint | null> {
    try {
      if (!Array.isArray(records)) {
        throw new ZerobusError("invalid_argument", "A batch must be an array of records");
      }
      const engine = this.#engine;
      const payloads = records.map(toPayload);
      for (const payload of payloads) checkFormat(payload, engine.options.settings.format);
      checkBatchBytes(payloads);
      const [first] = payloads;
      if (first === undefined) return Promise.resolve(null);
      const submission: Submission = payloads.length === 1 ? first : payloads;
      const offset = engine.trySubmit(submission);
      if (offset === NO_ROOM) return this.#submitLater(submission, "Failed to ingest batch: ");
      return this.#queued(offset);
    } catch (error) {
      return Promise.reject(ingestError("Failed to ingest batch: ", error));
    }
  }

  /**
   * Takes one record and resolves with its offset once the server has acknowledged it.
   * @deprecated Costs a round trip per record; use `ingestRecordOffset` with `waitForOffset` or `flush`.
   */
  async ingestRecord(record: unknown): Promise<bigint> {
    const offset = await this.ingestRecordOffset(record);
    await this.#acknowledged(offset, "Acknowledgment failed: ");
    return offset;
  }

  /**
   * Takes a batch and resolves with its offset once the server has acknowledged it.
   * @deprecated Costs a round trip per batch; use `ingestRecordsOffset` with `waitForOffset` or `flush`.
   */
  async ingestRecords(records: readonly unknown[]): Promise<bigint | null> {
    const offset = await this.ingestRecordsOffset(records);
    if (offset !== null) await this.#acknowledged(offset, "Batch acknowledgment failed: ");
    return offset;
  }

  /**
   * Resolves once everything up to and including `offset` is acknowledged.
   * @throws ZerobusError `deadline_exceeded` after `flushTimeoutMs`; `closed`; the failure of the stream
   */
  async waitForOffset(offset: bigint): Promise<void> {
    if (typeof offset !== "bigint") {
      throw new ZerobusError("invalid_argument", "waitForOffset expects the offset as a bigint");
    }
    if (offset > MAX_OFFSET) {
      throw new ZerobusError("invalid_argument", `offsetId exceeds i64 range: ${offset}`);
    }
    await this.#acknowledged(offset, "Failed to wait for offset: ");
  }

  /**
   * Resolves once everything submitted before is acknowledged, calls that still wait for room included. Later calls go
   * on meanwhile.
   * @throws as {@link ZerobusStream.waitForOffset}
   */
  async flush(): Promise<void> {
    try {
      await this.#engine.flush();
    } catch (error) {
      throw prefixedError("Failed to flush stream: ", error);
    }
  }

  /**
   * Flushes and ends the stream; further calls resolve when it has ended. If the flush fails the stream is ended all
   * the same and the first call rejects; {@link ZerobusStream.getUnackedBatches} then has the rest.
   */
  async close(): Promise<void> {
    try {
      await this.#engine.close();
    } catch (error) {
      throw prefixedError("Failed to close stream: ", error);
    }
  }

  /** As {@link ZerobusStream.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Copies of the records that were not acknowledged, oldest first, batches taken apart. For a stream that failed or
   * was closed.
   * @throws ZerobusError `invalid_argument` while the stream is active
   */
  async getUnackedRecords(): Promise<Buffer[]> {
    return this.#unacked("Failed to get unacked records: ").flat();
  }

  /** As {@link ZerobusStream.getUnackedRecords}, one array per ingest call. */
  async getUnackedBatches(): Promise<Buffer[][]> {
    return this.#unacked("Failed to get unacked batches: ");
  }

  #unacked(prefix: string): Buffer[][] {
    if (!this.#engine.ended) {
      throw new ZerobusError(
        "invalid_argument",
        `${prefix}Stream is in invalid state: Cannot get unacked records from an active stream. Stream must be closed first.`,
      );
    }
    return this.#engine.unackedBatches();
  }

  #queued(offset: number): Promise<bigint> {
    const { turn } = this.#engine;
    return turn === undefined ? Promise.resolve(BigInt(offset)) : turn.then(() => BigInt(offset));
  }

  async #submitLater(submission: Submission, prefix: string): Promise<bigint> {
    try {
      return BigInt(await this.#engine.submitWhenRoom(submission));
    } catch (error) {
      throw ingestError(prefix, error);
    }
  }

  async #acknowledged(offset: bigint, prefix: string): Promise<void> {
    try {
      await this.#engine.waitFor(Number(offset));
    } catch (error) {
      throw prefixedError(prefix, error);
    }
  }
}

/** A TypeError of the record's own making stays what it is. */
function ingestError(prefix: string, error: unknown): Error {
  if (error instanceof TypeError && !(error instanceof ZerobusError)) return error;
  return prefixedError(prefix, toZerobusError(error));
}
