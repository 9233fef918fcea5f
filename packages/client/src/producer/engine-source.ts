// SPDX-License-Identifier: Apache-2.0
import { ChunkPool } from "../core/chunk-pool.ts";
import type { Clock } from "../core/clock.ts";
import type { SendPace } from "../core/rate-limiter.ts";
import type { BackoffPolicy } from "../core/retry-policy.ts";
import type { StreamListeners, StreamSettings } from "../core/settings.ts";
import { type CallCredentials, providedCredentials, TokenService } from "../io/credentials.ts";
import type { TlsOptions } from "../io/dial.ts";
import { EndpointProbe } from "../io/endpoint-probe.ts";
import { SessionPool } from "../io/session-pool.ts";
import { StreamEngine } from "../io/stream-engine.ts";
import { withCertificateFile } from "../io/tls-settings.ts";
import { CLIENT_VERSION } from "../version.ts";
import { type ProducerSettings, streamSettings } from "./producer-settings.ts";

const CONNECT_TIMEOUT_MS = 15_000;
const TOKEN_TIMEOUT_MS = 15_000;
const KEEPALIVE_MS = 10_000;

export interface EngineSourceOptions {
  readonly settings: ProducerSettings;
  readonly tls: TlsOptions | undefined;
  readonly descriptor: Uint8Array | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: BackoffPolicy;
  /** The credentials were refused and new ones will be asked for. */
  readonly onInvalidate: () => void;
  readonly onSent?: (recordCount: number, byteCount: number) => void;
}

/** What one engine has of its own. */
export interface EngineExtras {
  readonly onRoom?: () => void;
  readonly pace?: SendPace;
  /** Settings that differ from those of the producer. */
  readonly change?: Partial<StreamSettings>;
}

/** Makes the engines of a producer's lanes; they share connections, tokens and memory. */
export class EngineSource {
  readonly #options: EngineSourceOptions;
  readonly #sessions: SessionPool;
  readonly #chunks: ChunkPool = new ChunkPool();
  readonly #probe: EndpointProbe;
  readonly #credentials: CallCredentials;

  constructor(options: EngineSourceOptions) {
    this.#options = options;
    const { settings, clock } = options;
    const { env: environment } = process;
    const tls = withCertificateFile(options.tls ?? {}, environment);
    this.#sessions = new SessionPool({
      endpoint: settings.endpoint,
      tls,
      environment,
      connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, settings.attemptTimeoutMs),
      keepaliveIntervalMs: KEEPALIVE_MS,
      keepaliveTimeoutMs: KEEPALIVE_MS,
      exclusive: settings.connectionPerLane,
      clock,
    });
    const { endpoint } = settings;
    this.#probe = new EndpointProbe({ endpoint, environment, clock, random: options.random });
    const tokens = new TokenService({
      ucUrl: settings.unityCatalogUrl,
      workspaceId: settings.endpoint.workspaceId,
      timeoutMs: Math.min(TOKEN_TIMEOUT_MS, settings.attemptTimeoutMs),
      tls,
      environment,
      clock,
    });
    const credentials = credentialsOf(settings, tokens);
    this.#credentials = {
      headers: () => credentials.headers(),
      invalidate: () => {
        credentials.invalidate();
        options.onInvalidate();
      },
    };
  }

  makeEngine(
    listeners: StreamListeners,
    onProgress: () => void,
    extras: EngineExtras = {},
  ): StreamEngine {
    const { settings, descriptor, clock, backoff, random, onSent } = this.#options;
    const product = `sluice-client/${CLIENT_VERSION}`;
    const { applicationName } = settings;
    return new StreamEngine({
      endpoint: settings.endpoint,
      tableName: settings.table,
      descriptorProto: descriptor,
      settings: { ...streamSettings(settings), ...extras.change },
      listeners,
      credentials: this.#credentials,
      userAgent: applicationName === undefined ? product : `${product} ${applicationName}`,
      sessions: this.#sessions,
      chunks: this.#chunks,
      clock,
      backoff,
      random,
      probe: this.#probe,
      onProgress,
      ...(onSent === undefined ? {} : { onSent }),
      ...(extras.onRoom === undefined ? {} : { onRoom: extras.onRoom }),
      ...(extras.pace === undefined ? {} : { pace: extras.pace }),
    });
  }

  /** Gives up the connections as soon as their streams have ended. */
  close(): void {
    this.#sessions.close();
  }
}

function credentialsOf(settings: ProducerSettings, tokens: TokenService): CallCredentials {
  const { auth, table } = settings;
  if (auth === "none") return providedCredentials({ getHeaders: () => [] }, table);
  if ("headersProvider" in auth) return providedCredentials(auth.headersProvider, table);
  return tokens.credentials(table, auth.clientId, auth.clientSecret);
}
