// SPDX-License-Identifier: Apache-2.0
import { ChunkPool } from "./core/chunk-pool.ts";
import { type Endpoint, parseEndpoint } from "./core/endpoint.ts";
import { fixedBackoff } from "./core/retry-policy.ts";
import {
  integerInRange,
  resolveStreamOptions,
  type StreamConfigurationOptions,
} from "./core/settings.ts";
import { prefixedError, ZerobusError } from "./core/zerobus-error.ts";
import {
  type CallCredentials,
  type HeadersProvider,
  providedCredentials,
  TokenService,
} from "./io/credentials.ts";
import type { TlsOptions } from "./io/dial.ts";
import { EndpointProbe } from "./io/endpoint-probe.ts";
import { SessionPool } from "./io/session-pool.ts";
import { StreamEngine } from "./io/stream-engine.ts";
import { systemClock } from "./io/system-clock.ts";
import { withCertificateFile } from "./io/tls-settings.ts";
import { CLIENT_VERSION } from "./version.ts";
import { ZerobusStream } from "./zerobus-stream.ts";

/** The table a stream writes to. */
export interface TableProperties {
  /** `catalog.schema.table` */
  readonly tableName: string;
  /** Base64 of the serialized `DescriptorProto` of the records; needed for protobuf records. */
  readonly descriptorProto?: string;
}

/** Options of an SDK. The first two are the official package's. Unknown keys are refused. */
export interface ZerobusSdkOptions {
  /** Name and version of the application, for the user agent, such as `my-app/1.0`. */
  readonly applicationName?: string;
  /** A TCP connection for each stream instead of shared ones. @default false */
  readonly connectionPerStream?: boolean;
  /** TLS settings for the endpoint and the token service. */
  readonly tls?: TlsOptions;
  /** Shorthand for `tls.ca`. @default the file named by SSL_CERT_FILE, or else Node's own */
  readonly ca?: TlsOptions["ca"];
  /** Milliseconds for a connection to be made. @default 15_000 */
  readonly connectTimeoutMs?: number;
  /**
   * Milliseconds without a word while an answer is due, after which the server is asked with a PING.
   * @default 10_000
   */
  readonly keepaliveIntervalMs?: number;
  /** Milliseconds for the answer to a PING, after which the connection is given up. @default 10_000 */
  readonly keepaliveTimeoutMs?: number;
  /** Milliseconds for a request to the token service. @default 15_000 */
  readonly tokenTimeoutMs?: number;
}

const KNOWN_KEYS: ReadonlySet<string> = new Set([
  "applicationName",
  "connectionPerStream",
  "tls",
  "ca",
  "connectTimeoutMs",
  "keepaliveIntervalMs",
  "keepaliveTimeoutMs",
  "tokenTimeoutMs",
]);

interface StreamOrigin {
  readonly table: TableProperties;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly options: StreamConfigurationOptions;
  readonly headersProvider: HeadersProvider | undefined;
  readonly engine: StreamEngine;
}

/** Opens streams at one endpoint. Streams share connections and tokens. */
export class ZerobusSdk {
  readonly #endpoint: Endpoint;
  readonly #userAgent: string;
  readonly #sessions: SessionPool;
  readonly #tokens: TokenService;
  readonly #chunks = new ChunkPool();
  readonly #probe: EndpointProbe;
  readonly #origins = new WeakMap<ZerobusStream, StreamOrigin>();

  /**
   * @param endpoint - `https://host[:port]`, `http://host:port` for plaintext HTTP/2, or a bare host for https
   * @param ucUrl - base URL of the Unity Catalog service that issues tokens; unused with a headers provider
   * @throws ZerobusError `invalid_argument`
   */
  constructor(endpoint: string, ucUrl: string, options: ZerobusSdkOptions = {}) {
    for (const key of Object.keys(options)) {
      if (KNOWN_KEYS.has(key)) continue;
      throw invalid(`Unknown SDK option \`${key}\`; known are ${[...KNOWN_KEYS].join(", ")}`);
    }
    this.#endpoint = parseEndpoint(endpoint);
    const { applicationName } = options;
    if (applicationName !== undefined && !/^[\x20-\x7e]+$/.test(applicationName)) {
      throw invalid("SDK option `applicationName` must be printable ASCII");
    }
    const product = `sluice-client/${CLIENT_VERSION}`;
    this.#userAgent = applicationName === undefined ? product : `${product} ${applicationName}`;
    const { env: environment } = process;
    const ownTls = { ...options.tls, ...(options.ca === undefined ? {} : { ca: options.ca }) };
    const tls = withCertificateFile(ownTls, environment);
    this.#sessions = new SessionPool({
      endpoint: this.#endpoint,
      tls,
      environment,
      connectTimeoutMs: milliseconds(options, "connectTimeoutMs", 15_000),
      keepaliveIntervalMs: milliseconds(options, "keepaliveIntervalMs", 10_000),
      keepaliveTimeoutMs: milliseconds(options, "keepaliveTimeoutMs", 10_000),
      exclusive: options.connectionPerStream ?? false,
      clock: systemClock,
    });
    this.#probe = new EndpointProbe({
      endpoint: this.#endpoint,
      environment,
      clock: systemClock,
      random: Math.random,
    });
    this.#tokens = new TokenService({
      ucUrl,
      workspaceId: this.#endpoint.workspaceId,
      timeoutMs: milliseconds(options, "tokenTimeoutMs", 15_000),
      tls,
      environment,
      clock: systemClock,
    });
  }

  /**
   * Opens a stream; resolves once the server has accepted it.
   * @param headersProvider - gives the call's headers; client id and secret are then unused
   * @throws ZerobusError `invalid_argument`; why the server, the token service or the network refused; `cancelled`
   */
  async createStream(
    table: TableProperties,
    clientId: string,
    clientSecret: string,
    options: StreamConfigurationOptions = {},
    headersProvider?: HeadersProvider,
  ): Promise<ZerobusStream> {
    try {
      const credentials = this.#credentials(table, clientId, clientSecret, headersProvider);
      const engine = this.#makeEngine(table, options, credentials);
      await startWithSignal(engine, options.signal);
      const stream = new ZerobusStream(engine);
      const origin = { table, clientId, clientSecret, options, headersProvider, engine };
      this.#origins.set(stream, origin);
      return stream;
    } catch (error) {
      throw prefixedError("Failed to create stream: ", error);
    }
  }

  /**
   * Opens a stream like one that failed or was closed, and submits to it what that one has unacknowledged, batches as
   * batches.
   * @throws as {@link ZerobusSdk.createStream}
   */
  async recreateStream(stream: ZerobusStream): Promise<ZerobusStream> {
    const prefix = "Failed to recreate stream: ";
    const origin = this.#origins.get(stream);
    if (origin === undefined) throw invalid(`${prefix}The stream is not one of this SDK`);
    try {
      const batches = await stream.getUnackedBatches();
      const { table, clientId, clientSecret, options, headersProvider } = origin;
      const { signal: _spent, ...rest } = options;
      const next = await this.createStream(table, clientId, clientSecret, rest, headersProvider);
      const isText = origin.engine.options.settings.format === "json";
      for (const batch of batches) {
        await next.ingestRecordsOffset(isText ? batch.map((bytes) => bytes.toString()) : batch);
      }
      return next;
    } catch (error) {
      throw prefixedError(prefix, error);
    }
  }

  /** @throws ZerobusError `unimplemented`: Arrow streams are not part of this client */
  async createArrowStream(..._arguments: unknown[]): Promise<never> {
    throw arrowUnimplemented();
  }

  /** @throws ZerobusError `unimplemented`: Arrow streams are not part of this client */
  async recreateArrowStream(..._arguments: unknown[]): Promise<never> {
    throw arrowUnimplemented();
  }

  /** Gives up the connections as soon as their streams have ended. Without it they end after ten idle seconds. */
  close(): void {
    this.#sessions.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #credentials(
    table: TableProperties,
    clientId: string,
    clientSecret: string,
    headersProvider: HeadersProvider | undefined,
  ): CallCredentials {
    if (typeof table?.tableName !== "string") throw invalid("Missing field `tableName`");
    if (headersProvider !== undefined && headersProvider !== null) {
      return providedCredentials(headersProvider, table.tableName);
    }
    return this.#tokens.credentials(table.tableName, clientId, clientSecret);
  }

  #makeEngine(
    table: TableProperties,
    options: StreamConfigurationOptions,
    credentials: CallCredentials,
  ): StreamEngine {
    const settings = resolveStreamOptions(options);
    if (settings.format === "proto" && !table.descriptorProto) {
      throw invalid("Proto record type requires descriptor_proto on TableProperties");
    }
    const { onAck, onError, onStateChange } = options;
    return new StreamEngine({
      endpoint: this.#endpoint,
      tableName: table.tableName,
      descriptorProto:
        settings.format === "proto"
          ? Buffer.from(table.descriptorProto ?? "", "base64")
          : undefined,
      settings,
      listeners: {
        ...(onAck === undefined ? {} : { onAck }),
        ...(onError === undefined ? {} : { onError }),
        ...(onStateChange === undefined ? {} : { onStateChange }),
      },
      credentials,
      userAgent: this.#userAgent,
      sessions: this.#sessions,
      chunks: this.#chunks,
      probe: this.#probe,
      clock: systemClock,
      backoff: fixedBackoff(settings.recoveryBackoffMs),
      random: Math.random,
    });
  }
}

async function startWithSignal(
  engine: StreamEngine,
  signal: AbortSignal | undefined,
): Promise<void> {
  const abort = (): void => {
    engine.abort(
      new ZerobusError("cancelled", "The opening of the stream was given up by its signal", {
        cause: signal?.reason,
      }),
    );
  };
  if (signal?.aborted === true) {
    abort();
    const { state } = engine;
    if (state.kind === "failed") throw state.error;
  }
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await engine.start();
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function milliseconds(
  options: ZerobusSdkOptions,
  key: "connectTimeoutMs" | "keepaliveIntervalMs" | "keepaliveTimeoutMs" | "tokenTimeoutMs",
  standard: number,
): number {
  return integerInRange(`SDK option \`${key}\``, options[key] ?? standard, 1, 2_147_483_647);
}

function arrowUnimplemented(): ZerobusError {
  return new ZerobusError(
    "unimplemented",
    "Arrow Flight streams are not implemented by this client; use createStream with JSON or protobuf records",
  );
}

function invalid(message: string): ZerobusError {
  return new ZerobusError("invalid_argument", message);
}
