// SPDX-License-Identifier: Apache-2.0
import type { Log, LogReader } from "@sluice/log";
import type { RecordFormat } from "@sluice/protocol";
import { DurabilityQueue, type DurabilityListener } from "./durability-queue.ts";
import { ServerError } from "../errors.ts";
import {
  encodeDefinition,
  encodeFramesHeader,
  encodeSchema,
  FRAMES_HEADER_BYTES,
} from "./entry-codec.ts";

export type { DurabilityListener } from "./durability-queue.ts";

/** How the frames of a stream are to be read back; shared by all streams that agree in it. */
export interface StreamDefinition {
  readonly tableName: string;
  readonly tableId: string;
  readonly format: RecordFormat;
  /** Empty for JSON. */
  readonly descriptor: Uint8Array;
  readonly schema: JournalSchema;
}

/** A table's schema with its encoded entry, and the segment that has it already. */
export interface JournalSchema {
  readonly schemaId: number;
  readonly entry: Uint8Array;
  writtenInSegment: number;
}

/** A definition with its encoded entry, and the segment that has it already. */
export interface JournalDefinition {
  readonly schema: JournalSchema;
  readonly entry: Uint8Array;
  readonly framesHeader: Uint8Array;
  writtenInSegment: number;
}

/** The largest message, descriptor and schema fit into a segment together. */
const MAX_SCHEMA_ENTRY_BYTES = 2 * 1024 * 1024;

/**
 * The server's use of the log: writes the frames of streams with the definitions they need, and tells those who wait
 * what has become durable.
 */
export class Journal {
  readonly #log: Log;
  readonly #waiting: DurabilityQueue = new DurabilityQueue();
  readonly #relief = new Set<() => void>();
  #nextDefinitionId = 1;
  #nextSchemaId = 1;
  #failure: Error | undefined;

  constructor(log: Log) {
    this.#log = log;
    log.onDurable((position) => this.#publish(position));
    log.onFailure((reason) => this.#fail(reason));
  }

  get logId(): string {
    return this.#log.logId;
  }

  /** What came before this position is not in the log any more. */
  get firstPosition(): number {
    return this.#log.firstPosition;
  }

  /** Position of the next entry. */
  get nextPosition(): number {
    return this.#log.nextPosition;
  }

  get durablePosition(): number {
    return this.#log.durablePosition;
  }

  /** Why the log takes nothing more, or `undefined` while it does. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether more is staged than the bound: sources must pause until {@link Journal.whenRelieved}. */
  get isSaturated(): boolean {
    return this.#log.stagedBytes > this.#log.maxStagedBytes;
  }

  /** Runs `callback` once when the log has caught up (or has failed). */
  whenRelieved(callback: () => void): void {
    this.#relief.add(callback);
  }

  /** Everything that is durable and still held, from the oldest segment on: each has the definitions it needs. */
  reader(): LogReader {
    return this.#log.reader(0);
  }

  /**
   * A schema that definitions refer to.
   * @throws ServerError `unimplemented` when it is too large for the log.
   */
  defineSchema(schemaString: string): JournalSchema {
    const schemaId = this.#nextSchemaId++;
    const entry = encodeSchema({ schemaId, schemaString });
    if (entry.length > MAX_SCHEMA_ENTRY_BYTES) {
      const message = `the table's schema takes ${entry.length} bytes in the log, deflated; the limit is ${MAX_SCHEMA_ENTRY_BYTES}: make column comments shorter`;
      throw new ServerError("unimplemented", message, { limit: MAX_SCHEMA_ENTRY_BYTES });
    }
    return { schemaId, entry, writtenInSegment: -1 };
  }

  define({ schema, ...definition }: StreamDefinition): JournalDefinition {
    const definitionId = this.#nextDefinitionId++;
    return {
      schema,
      entry: encodeDefinition({ definitionId, schemaId: schema.schemaId, ...definition }),
      framesHeader: encodeFramesHeader(definitionId),
      writtenInSegment: -1,
    };
  }

  /**
   * Appends the gRPC frames in `buffer[start, end)`.
   * @returns the position up to which the log must be durable for them to be.
   * @throws LogError when the log has failed or is closed.
   */
  append(definition: JournalDefinition, buffer: Uint8Array, start: number, end: number): number {
    const log = this.#log;
    const { schema } = definition;
    const entryBytes = FRAMES_HEADER_BYTES + (end - start);
    const segment = log.reserve(entryBytes + definition.entry.length + schema.entry.length, 3);
    if (definition.writtenInSegment !== segment) {
      if (schema.writtenInSegment !== segment) {
        log.append(schema.entry);
        schema.writtenInSegment = segment;
      }
      log.append(definition.entry);
      definition.writtenInSegment = segment;
    }
    return log.appendParts(definition.framesHeader, FRAMES_HEADER_BYTES, buffer, start, end);
  }

  /**
   * Tells `listener` once when the log is durable up to `position`, which the log has just given out, or when it has
   * failed before.
   */
  listen(listener: DurabilityListener, position: number): void {
    this.#waiting.push(listener, position);
  }

  /** Resolves once the log is durable up to `position`; rejects if the log fails first. */
  async whenDurable(position: number): Promise<void> {
    if (this.#log.durablePosition >= position) return;
    await this.#log.sync();
  }

  #publish(durablePosition: number): void {
    this.#waiting.publish(durablePosition);
    if (!this.isSaturated) this.#relieve();
  }

  #fail(reason: Error): void {
    this.#failure = reason;
    this.#waiting.fail(reason);
    this.#relieve();
  }

  #relieve(): void {
    if (this.#relief.size === 0) return;
    const callbacks = [...this.#relief];
    this.#relief.clear();
    for (const callback of callbacks) callback();
  }
}
