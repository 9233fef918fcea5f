// SPDX-License-Identifier: Apache-2.0
import { Producer, type ProducerOptions, type Ticket } from "@sluice/client";
import { makeSdk, openHeaders } from "./stream-clients.ts";

/** `official` and `stream`: the stream of the official client and of ours, one API; `producer`: our `Producer`. */
export type IngestClientKind = "official" | "stream" | "producer";

export interface IngestClientOptions {
  readonly client: IngestClientKind;
  readonly endpoint: string;
  readonly table: string;
  /** OAuth at this address; without it no credentials. */
  readonly ucUrl?: string;
  /** Of protobuf records; without it records are JSON texts. */
  readonly descriptor?: Buffer;
  readonly retries?: RetryTimes;
}

/** Shorter times than the defaults, so that a fault takes seconds. */
export interface RetryTimes {
  readonly recovery?: boolean;
  /** Between attempts; the bound of the first wait of a `Producer`. */
  readonly backoffMs?: number;
  /** For one attempt to open a stream. */
  readonly attemptTimeoutMs?: number;
  readonly ackTimeoutMs?: number;
  readonly flushTimeoutMs?: number;
}

/** What stands for a record that was taken. */
export type Receipt = bigint | Ticket;

/** One program for all three. */
export interface IngestClient {
  /** Resolves when the record is taken. */
  send(record: Buffer | string): Promise<Receipt>;
  acknowledged(receipt: Receipt): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<unknown>;
  /** Closes. @returns how many records are left unacknowledged, or why that cannot be told */
  closeAndCount(): Promise<number | string>;
}

/**
 * @param onAck - hears of acknowledgements, with the number of records acknowledged so far; the official client has none
 * @throws Error of the client
 */
export async function openIngestClient(
  options: IngestClientOptions,
  onAck?: (acknowledgedCount: number) => void,
): Promise<IngestClient> {
  return options.client === "producer" ? openProducer(options, onAck) : openStream(options, onAck);
}

async function openStream(
  options: IngestClientOptions,
  onAck: ((acknowledgedCount: number) => void) | undefined,
): Promise<IngestClient> {
  const { client, endpoint, table, ucUrl, descriptor, retries = {} } = options;
  const sdk = makeSdk(client === "official" ? "official" : "ours", endpoint, ucUrl ?? endpoint);
  const tuning = {
    recovery: retries.recovery,
    recoveryBackoffMs: retries.backoffMs,
    recoveryTimeoutMs: retries.attemptTimeoutMs,
    serverLackOfAckTimeoutMs: retries.ackTimeoutMs,
    flushTimeoutMs: retries.flushTimeoutMs,
    onAck:
      onAck === undefined || client === "official"
        ? undefined
        : (offset: bigint) => onAck(Number(offset) + 1),
  };
  const stream = await sdk.createStream(
    {
      tableName: table,
      ...(descriptor === undefined ? {} : { descriptorProto: descriptor.toString("base64") }),
    },
    "client",
    "secret",
    { recordType: descriptor === undefined ? 0 : 1, ...withoutUndefined(tuning) },
    ...(ucUrl === undefined ? [openHeaders(table)] : []),
  );
  return {
    send: (record) => stream.ingestRecordOffset(record),
    acknowledged: (receipt) => stream.waitForOffset(receipt as bigint),
    flush: () => stream.flush(),
    close: () => stream.close(),
    closeAndCount: async () => {
      try {
        // Of a stream that failed; the official client tells it before the close only.
        return (await stream.getUnackedRecords()).length;
      } catch {
        await stream.close().catch(() => undefined);
      }
      try {
        return (await stream.getUnackedRecords()).length;
      } catch (error) {
        return messageOf(error);
      }
    },
  };
}

async function openProducer(
  options: IngestClientOptions,
  onAck: ((acknowledgedCount: number) => void) | undefined,
): Promise<IngestClient> {
  const { endpoint, table, ucUrl, descriptor, retries = {} } = options;
  const tuning = withoutUndefined({
    attemptTimeoutMs: retries.attemptTimeoutMs,
    ackTimeoutMs: retries.ackTimeoutMs,
    retry: withoutUndefined({
      firstDelayMs: retries.backoffMs,
      maxAttempts: retries.recovery === false ? 1 : undefined,
    }),
    onAck: onAck === undefined ? undefined : (offset: bigint) => onAck(Number(offset) + 1),
  });
  const producer = await Producer.open<Buffer | string>({
    endpoint,
    table,
    ...(ucUrl === undefined
      ? { auth: "none" }
      : { unityCatalogUrl: ucUrl, auth: { clientId: "client", clientSecret: "secret" } }),
    encoder:
      descriptor === undefined
        ? { format: "json", encode: (record) => record }
        : { format: "proto", descriptor, encode: (record) => record },
    ...(tuning as Partial<ProducerOptions<Buffer | string>>),
  });
  const deadline =
    retries.flushTimeoutMs === undefined ? {} : { deadlineMs: retries.flushTimeoutMs };
  return {
    send: (record) => producer.submit(record),
    acknowledged: (receipt) => (receipt as Ticket).ack(),
    flush: () => producer.flush(deadline),
    close: () => producer.close(deadline),
    closeAndCount: async () => (await producer.close({ deadlineMs: 0 })).length,
  };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function withoutUndefined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
