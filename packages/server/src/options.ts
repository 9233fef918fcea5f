// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { ServerError } from "./errors.ts";
import type { TlsSettings } from "./socket/listener.ts";

/** Client id and secret for `/oidc/v1/token`. */
export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** How to run a server. Only `dataDirectory` is required. */
export interface ServerOptions {
  /** Where everything is kept: credentials, log, catalog and tables. Made if absent. One server at a time. */
  readonly dataDirectory: string;
  /** Address to listen on. @default "127.0.0.1": nobody else can reach an embedded server unless told so. */
  readonly host?: string;
  /** Port, 0 for a free one. @default 0 */
  readonly port?: number;
  /** With a certificate the port speaks TLS as well as plaintext. */
  readonly tls?: TlsSettings;
  /** `false` lets everybody write; allowed on a loopback address only. @default true */
  readonly auth?: boolean;
  /**
   * Client id and secret to be known by, such as those that the clients of a deployment have already.
   * @default made at the first start and kept in the data directory
   */
  readonly credentials?: ClientCredentials;
  /** Life of an access token in seconds, 1 to 86,400. @default 3600, as the real service has. */
  readonly tokenTtlSeconds?: number;
  /**
   * Longest time from a record's arrival to the start of the commit that makes it visible, in milliseconds, 10 to
   * 3,600,000. Shorter makes more and smaller files. @default 500
   */
  readonly commitIntervalMs?: number;
  /**
   * A data file is committed at once when it has taken this many bytes of columns, before compression; 1 MiB to 4 GiB.
   * @default 256 MiB
   */
  readonly targetFileBytes?: number;
  /**
   * Files of one partitioned table that may be written at one time, 1 to 10,000; beyond it the one that got rows longest ago
   * is finished. Each takes memory. @default 100
   */
  readonly maxOpenPartitions?: number;
  /** How long streams may go on after the server was asked to stop, in milliseconds, 0 to 600,000. @default 5000 */
  readonly drainTimeoutMs?: number;
  /**
   * Most streams at one time, 1 to 1,000,000, and most connections. More streams are refused as UNAVAILABLE, more
   * connections closed. @default 20,000
   */
  readonly maxStreamCount?: number;
  /**
   * Whether tables that are written to get checkpoints, each time `delta.checkpointInterval` versions have come, and have
   * their logs cleaned up; in a thread of its own. @default true
   */
  readonly maintenance?: boolean;
  /**
   * How often the log of a table is cleaned up that is written to, in milliseconds, 1,000 to 604,800,000: versions
   * older than `delta.logRetentionDuration` go then. @default 3,600,000
   */
  readonly logCleanupIntervalMs?: number;
  /**
   * Whether small files are written together of tables that are written to and whose property
   * `delta.autoOptimize.autoCompact` says nothing; in the thread of maintenance, after 50 commits and once a minute at
   * most. @default true: a commit each half second makes 172,800 files a day
   */
  readonly compaction?: boolean;
  /** Bytes of data files that one compaction reads at most, 1 MiB to 1 TiB; the next one goes on. @default 512 MiB */
  readonly maxCompactionBytes?: number;
  /**
   * How often data files are deleted that no version within `delta.deletedFileRetentionDuration`, and at least a day, needs,
   * of tables that are written to, in milliseconds, 60,000 to 2,592,000,000; 0 for never. @default 0
   */
  readonly vacuumIntervalMs?: number;
  /** Threads that write Parquet, 1 to 64. @default one less than the machine's cores, at least 1 */
  readonly encoderThreadCount?: number;
  /** Length of a log segment in bytes, 16 MiB to 1 GiB, a multiple of 4096. @default 64 MiB */
  readonly logSegmentBytes?: number;
}

/** {@link ServerOptions} with every default applied and every range checked. */
export interface ServerSettings {
  readonly dataDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  readonly auth: boolean;
  readonly credentials: ClientCredentials | undefined;
  readonly tokenTtlSeconds: number;
  readonly commitIntervalMs: number;
  readonly targetFileBytes: number;
  readonly maxOpenPartitions: number;
  readonly drainTimeoutMs: number;
  readonly maxStreamCount: number;
  readonly maintenance: boolean;
  readonly logCleanupIntervalMs: number;
  readonly compaction: boolean;
  readonly maxCompactionBytes: number;
  readonly vacuumIntervalMs: number;
  readonly encoderThreadCount: number;
  readonly logSegmentBytes: number;
}

const MIB = 1024 * 1024;

/** The largest message, with its definition, must fit into a segment. */
const MIN_LOG_SEGMENT_BYTES = 16 * MIB;

/** @throws ServerError `invalid_argument` that names the option, its value and its range. */
export function resolveServerOptions(options: ServerOptions): ServerSettings {
  const host = options.host ?? "127.0.0.1";
  const auth = options.auth ?? true;
  if (!auth && !isLoopback(host)) {
    const message = `auth: false is allowed on a loopback address only, not on ${host}; keep authentication on or listen on 127.0.0.1`;
    throw new ServerError("invalid_argument", message);
  }
  if (options.dataDirectory === "") {
    throw new ServerError("invalid_argument", "dataDirectory is empty; name a directory");
  }
  const { credentials } = options;
  if (credentials?.clientId === "" || credentials?.clientSecret === "") {
    const message = "credentials has an empty clientId or clientSecret; give both, or neither";
    throw new ServerError("invalid_argument", message);
  }
  return Object.freeze({
    dataDirectory: resolve(options.dataDirectory),
    host,
    port: inRange("port", options.port ?? 0, 0, 65_535),
    tls: options.tls,
    auth,
    credentials: credentials && { ...credentials },
    tokenTtlSeconds: inRange("tokenTtlSeconds", options.tokenTtlSeconds ?? 3_600, 1, 86_400),
    commitIntervalMs: inRange("commitIntervalMs", options.commitIntervalMs ?? 500, 10, 3_600_000),
    targetFileBytes: inRange(
      "targetFileBytes",
      options.targetFileBytes ?? 256 * MIB,
      MIB,
      4096 * MIB,
    ),
    maxOpenPartitions: inRange("maxOpenPartitions", options.maxOpenPartitions ?? 100, 1, 10_000),
    drainTimeoutMs: inRange("drainTimeoutMs", options.drainTimeoutMs ?? 5_000, 0, 600_000),
    maxStreamCount: inRange("maxStreamCount", options.maxStreamCount ?? 20_000, 1, 1_000_000),
    maintenance: options.maintenance ?? true,
    logCleanupIntervalMs: inRange(
      "logCleanupIntervalMs",
      options.logCleanupIntervalMs ?? 3_600_000,
      1_000,
      604_800_000,
    ),
    compaction: options.compaction ?? true,
    maxCompactionBytes: inRange(
      "maxCompactionBytes",
      options.maxCompactionBytes ?? 512 * MIB,
      MIB,
      1024 * 1024 * MIB,
    ),
    vacuumIntervalMs:
      (options.vacuumIntervalMs ?? 0) === 0
        ? 0
        : inRange("vacuumIntervalMs", options.vacuumIntervalMs ?? 0, 60_000, 2_592_000_000),
    encoderThreadCount: inRange(
      "encoderThreadCount",
      options.encoderThreadCount ?? Math.max(1, availableParallelism() - 1),
      1,
      64,
    ),
    logSegmentBytes: inRange(
      "logSegmentBytes",
      options.logSegmentBytes ?? 64 * MIB,
      MIN_LOG_SEGMENT_BYTES,
      1024 * MIB,
    ),
  });
}

/** Whether an address can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function inRange(name: string, value: number, minimum: number, maximum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value;
  const message = `${name} is ${value}; it must be a whole number from ${minimum} to ${maximum}`;
  throw new ServerError("invalid_argument", message);
}
