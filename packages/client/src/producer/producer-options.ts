// SPDX-License-Identifier: Apache-2.0
import type { ZerobusError } from "../core/zerobus-error.ts";
import type { HeadersProvider } from "../io/credentials.ts";
import type { TlsOptions } from "../io/dial.ts";
import type { DeadLetterFilesOptions } from "../dead-letters/dead-letter-files.ts";
import type { RecordSource } from "../schema/record-source.ts";
import type { SpoolOptions } from "../spool/spool-options.ts";
import type { DeadLetterSink } from "./dead-letter-sink.ts";
import type { RecordIdOptions } from "./identity/record-id-stamper.ts";
import type { ThrottleDetectorOptions } from "./limits/throttle-detector.ts";
import type { TokenBucketOptions } from "./limits/token-bucket.ts";
import type { ProducerEvent } from "./producer-event.ts";
import type { Logger } from "../observe/logger.ts";
import type { ProducerMetrics } from "../observe/producer-metrics.ts";
import type { ProducerObserver } from "./producer-observer.ts";
import type { RateLimiterFactory } from "../core/rate-limiter.ts";
import type { RecordEncoder } from "./record-encoder.ts";
import type { PartitionKey } from "./slot-hash.ts";
import type { Spool } from "./spool.ts";

/** How a producer proves who it is. */
export type ProducerAuth =
  /** OAuth with the client credentials of a service principal. */
  | { readonly clientId: string; readonly clientSecret: string }
  /** Headers of the application's own making, asked for at every attempt. */
  | { readonly headersProvider: HeadersProvider }
  /** No credentials, for servers that ask for none. */
  | "none";

export interface LaneCounts<T> {
  /** Streams held open at all times. 1 to 1,024. @default 1 */
  readonly min?: number;
  /** Streams the producer may grow to under load. `min` to 1,024. @default the same as `min` */
  readonly max?: number;
  /**
   * The key of a record. Records of one key keep their order; without it a producer of several lanes keeps none.
   * Called once per record, before it is encoded.
   */
  readonly key?: (record: T) => PartitionKey;
}

/** When lost streams are tried again. The first attempt after a loss is made at once. */
export interface RetryOptions {
  /** Attempts to replace a lost stream before its lane fails. 1 and up. @default unlimited */
  readonly maxAttempts?: number;
  /** Milliseconds without a stream before its lane fails. @default unlimited */
  readonly maxElapsedMs?: number;
  /** Bound of the first wait; waits are evenly distributed between 0 and their bound. @default 200 */
  readonly firstDelayMs?: number;
  /** Bound of the longest wait; bounds double from wait to wait. @default 30_000 */
  readonly maxDelayMs?: number;
  /**
   * Milliseconds for which credentials that were good before may be refused before their lane fails. Grants and secrets
   * that are being replaced are gone for a while. @default 300_000
   */
  readonly maxAuthElapsedMs?: number;
}

/** What is known of a record that was refused, beside the error. */
export interface InvalidRecord {
  readonly lane: number;
  readonly offset: bigint;
  /** A copy of the encoded record. */
  readonly record: Uint8Array;
}

/** Options of a producer. Unknown keys are refused. */
export interface ProducerOptions<T> {
  /** `https://...`, `http://...` for a server without TLS; without a scheme TLS is used. */
  readonly endpoint: string;
  /** Base URL of the workspace; needed for OAuth. */
  readonly unityCatalogUrl?: string;
  /** `catalog.schema.table` */
  readonly table: string;
  readonly auth: ProducerAuth;
  /** @default that of `encoder`; `proto` with `descriptor` or a schema; else `json` */
  readonly format?: "proto" | "json";
  /** The serialized `DescriptorProto` of records that are given as serialized protobuf messages. */
  readonly descriptor?: Uint8Array;
  /** Turns records into payloads. @default JSON of plain objects, or the bytes of serialized messages */
  readonly encoder?: RecordEncoder<T>;
  /**
   * What records are made for, so that plain objects are checked and encoded before they are sent. `fetch`: the table's
   * columns, as Unity Catalog at `unityCatalogUrl` tells them. Or a table's schema, or what {@link RecordSource} takes.
   * `none`: see `encoder`.
   * @default "none"
   */
  readonly schema?: "fetch" | "none" | RecordSource;
  /**
   * Milliseconds between comparisons of the table with the schema of the records, where the schema is a table's and
   * `unityCatalogUrl` is given; 1,000 to one day; 0: none. Differences are told as the event `schemaDrift`.
   * @default 300_000
   */
  readonly schemaCheckIntervalMs?: number;
  /**
   * Gives each record an id by which duplicates are found, in a column of type STRING: a version 7 UUID, or a hash of
   * chosen fields. @default no id
   */
  readonly recordId?: RecordIdOptions;
  readonly lanes?: LaneCounts<T>;
  /** Unacknowledged records over all lanes before `submit` waits; lanes share it evenly. @default 1_000_000 */
  readonly maxInflightRecords?: number;
  /**
   * Unacknowledged bytes over all lanes, frames counted in, before `submit` waits. An open stream begins with 4 MiB and takes
   * more as far as that makes it faster; while it is lost all of it is used. @default 67_108_864
   */
  readonly maxInflightBytes?: number;
  /**
   * Rates that each lane is held to: `zerobus` for those that the hosted service documents per stream, 100,000 records
   * and 100 MB a second. @default "none"
   */
  readonly limits?: "zerobus" | "none" | TokenBucketOptions;
  /**
   * How sure to be that the service holds a stream to a rate without saying so before it is told as the event
   * `throttled` and as degraded health; `none`: it is not looked for. @default {}, see {@link ThrottleDetectorOptions}
   */
  readonly throttleDetection?: ThrottleDetectorOptions | "none";
  /** Makes the limiter of each lane's rate, instead of `limits`. */
  readonly limiter?: RateLimiterFactory;
  /**
   * What to do with a record the server refuses; the records around it go through in any case, its ticket rejects, and
   * `onError` is called. `raise`: the next `flush` rejects too. `skip`: no more. `deadLetter`: it is written to
   * `deadLetters` first.
   * @default "raise"
   */
  readonly onInvalidRecord?: "raise" | "skip" | "deadLetter";
  /** Where refused records are kept: in files of a directory, or with the application. */
  readonly deadLetters?: DeadLetterSink | DeadLetterFilesOptions;
  /**
   * Keeps each record on disk until it is settled: `submit` then resolves when the record is safe there, whatever the
   * service does, and what is left at the end is delivered by the next producer with the spool. Tickets are settled in
   * the order of the spool. A spool of a directory needs the package `@sluice/log`. A spool that was opened by the
   * application is closed by it.
   */
  readonly spool?: Omit<SpoolOptions, "label"> | Spool;
  readonly retry?: RetryOptions;
  /**
   * Milliseconds that {@link Producer.open} waits for the first stream. 0: it waits for none, and the producer takes
   * records while the service is away. @default 60_000
   */
  readonly openTimeoutMs?: number;
  /** Milliseconds for one attempt to open a stream, token included. @default 15_000 */
  readonly attemptTimeoutMs?: number;
  /**
   * Milliseconds without a word from the server while records are unacknowledged before the connection is given up.
   * @default 60_000
   */
  readonly ackTimeoutMs?: number;
  /** A TCP connection for each lane instead of shared ones. @default false */
  readonly connectionPerLane?: boolean;
  /** Name and version of the application, for the user agent, such as `my-app/1.0`. */
  readonly applicationName?: string;
  readonly tls?: TlsOptions;
  /**
   * Everything up to and including `offset` is durable in this lane, but for what `onError` was told of. Called once
   * per acknowledgement of the server. With a spool, `offset` is a place in the spool and `lane` is -1.
   */
  readonly onAck?: (offset: bigint, lane: number) => void;
  /** A record was refused (`invalid` says which), or a lane failed for good (`invalid` is `undefined`). */
  readonly onError?: (error: ZerobusError, invalid: InvalidRecord | undefined) => void;
  readonly onEvent?: (event: ProducerEvent) => void;
  readonly observer?: ProducerObserver;
  /** Counts what happens, and reads this producer's gauges until it is closed. */
  readonly metrics?: ProducerMetrics;
  /** Takes a line for every event, without secrets. pino's loggers fit. */
  readonly logger?: Logger;
}
