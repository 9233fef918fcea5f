// SPDX-License-Identifier: Apache-2.0
import { type ClientHttp2Session, connect, constants } from "node:http2";
import type { Clock, Timer } from "../core/clock.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { type Environment, proxyForGrpc } from "../core/proxy-selection.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import { dial, type TlsOptions } from "./dial.ts";

const STREAM_WINDOW_BYTES = 4_194_304;
const SESSION_WINDOW_BYTES = 16_777_216;
/** In MiB, for all streams of a session; what Node counts here is bounded by the streams' own limits. */
const SESSION_MEMORY_MIB = 1_024;
const MAX_STREAMS_PER_SESSION = 100;
/** An unused connection is kept so long for the next stream. */
const IDLE_SESSION_MS = 10_000;

export interface SessionPoolOptions {
  readonly endpoint: Endpoint;
  readonly tls: TlsOptions;
  readonly environment: Environment;
  readonly connectTimeoutMs: number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly exclusive: boolean;
  readonly clock: Clock;
}

/** What a call tells the keeper of its connection. */
export interface SessionUser {
  /** Set once the user has gone and wants no connection any more. */
  readonly dropped: boolean;
  /** Whether an answer of the server is due. */
  awaitsAnswer(): boolean;
}

/** A connection and those who use it. */
export class PooledSession {
  readonly http2: ClientHttp2Session;
  readonly #options: SessionPoolOptions;
  readonly #users = new Set<SessionUser>();
  /** No new streams: the connection is hung or going away, or the pool is closed. */
  retired = false;
  #hung = false;
  #heardAtMs: number;
  #keepalive: Timer | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(http2: ClientHttp2Session, options: SessionPoolOptions) {
    this.http2 = http2;
    this.#options = options;
    this.#heardAtMs = options.clock.nowMs();
    // Whoever asked for it may have gone meanwhile.
    this.#rest();
  }

  get usable(): boolean {
    const { http2 } = this;
    if (this.retired || http2.closed || http2.destroyed) return false;
    if (this.#options.exclusive) return this.#users.size === 0;
    const limit = http2.remoteSettings.maxConcurrentStreams ?? MAX_STREAMS_PER_SESSION;
    return this.#users.size < Math.min(limit, MAX_STREAMS_PER_SESSION);
  }

  /** Notes that the server said something. */
  heard(): void {
    this.#heardAtMs = this.#options.clock.nowMs();
  }

  use(user: SessionUser): void {
    this.#users.add(user);
    clearTimeout(this.#idle);
    this.http2.ref();
    if (this.#keepalive === undefined) this.#watch();
  }

  release(user: SessionUser): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#keepalive?.cancel();
    this.#keepalive = undefined;
    if (this.retired) {
      this.#end();
      return;
    }
    this.#rest();
  }

  /** Keeps new streams away and ends the connection when the last stream has left it. */
  retire(): void {
    this.retired = true;
    clearTimeout(this.#idle);
    if (this.#users.size === 0) this.#end();
  }

  /** As {@link PooledSession.retire}, for a connection that is not trusted to end in an orderly way. */
  abandon(): void {
    this.#hung = true;
    this.retire();
  }

  /** Waits, unused, for the next stream. */
  #rest(): void {
    this.http2.unref();
    this.#idle = setTimeout(() => this.retire(), IDLE_SESSION_MS);
    this.#idle.unref();
  }

  #end(): void {
    if (this.#hung) this.http2.destroy();
    else this.http2.close();
  }

  /**
   * Asks for a sign of life when an answer is due and none came for a while. An idle connection is left in peace:
   * servers count PINGs they see no reason for as abuse.
   */
  #watch(): void {
    const { clock, keepaliveIntervalMs } = this.#options;
    this.#keepalive = clock.startTimer(keepaliveIntervalMs, () => {
      const silentMs = clock.nowMs() - this.#heardAtMs;
      const due = [...this.#users].some((user) => user.awaitsAnswer());
      if (due && silentMs >= keepaliveIntervalMs) this.#ping();
      else this.#watch();
    });
  }

  #ping(): void {
    const { clock, keepaliveTimeoutMs } = this.#options;
    if (this.http2.destroyed) return;
    this.#keepalive = clock.startTimer(keepaliveTimeoutMs, () => {
      this.retired = true;
      this.http2.destroy(
        new ZerobusError(
          "unavailable",
          `The connection is hung: no answer to a keepalive PING within ${keepaliveTimeoutMs} ms`,
        ),
      );
    });
    const pending = this.#keepalive;
    this.http2.ping((error) => {
      if (this.#keepalive !== pending) return;
      pending.cancel();
      if (error !== null) return;
      this.heard();
      this.#watch();
    });
  }
}

/** The connections of one SDK to its endpoint, shared by its streams. */
export class SessionPool {
  readonly #options: SessionPoolOptions;
  #sessions: PooledSession[] = [];
  #dialing: Promise<PooledSession> | undefined;
  /** Who waits for the connection that is being made. */
  readonly #waiting = new Set<SessionUser>();
  #giveUpDialing: (() => void) | undefined;
  #closed = false;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
  }

  /**
   * A connection with room for one more stream; the caller uses it at once.
   * @throws ZerobusError `unavailable`, `deadline_exceeded`; `cancelled` when the user was dropped meanwhile
   */
  async acquire(user: SessionUser): Promise<PooledSession> {
    for (;;) {
      if (user.dropped) throw new ZerobusError("cancelled", "The attempt was given up");
      const session = this.#sessions.find((candidate) => candidate.usable);
      if (session !== undefined) {
        session.use(user);
        if (this.#closed) session.retire();
        return session;
      }
      this.#dialing ??= this.#open().finally(() => {
        this.#dialing = undefined;
      });
      this.#waiting.add(user);
      try {
        await this.#dialing;
      } finally {
        this.#waiting.delete(user);
      }
    }
  }

  /** Ends each connection as soon as its streams have ended, and the making of one that nobody waits for. */
  close(): void {
    this.#closed = true;
    for (const session of this.#sessions) session.retire();
    if ([...this.#waiting].every((user) => user.dropped)) this.#giveUpDialing?.();
  }

  async #open(): Promise<PooledSession> {
    const { endpoint, environment, tls, connectTimeoutMs } = this.#options;
    const { host, port, secure } = endpoint;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), connectTimeoutMs);
    this.#giveUpDialing = () => abort.abort();
    try {
      const socket = await dial({
        host,
        port,
        secure,
        tls,
        alpnProtocols: ["h2"],
        proxy: proxyForGrpc(environment, host, port),
        signal: abort.signal,
      });
      const http2 = connect(`${secure ? "https" : "http"}://${endpoint.authority}`, {
        createConnection: () => socket,
        maxSessionMemory: SESSION_MEMORY_MIB,
        settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      });
      return this.#adopt(http2);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      throw new ZerobusError(
        "deadline_exceeded",
        `Cannot connect to ${endpoint.authority} within ${connectTimeoutMs} ms`,
        { cause: error },
      );
    } finally {
      clearTimeout(timer);
      this.#giveUpDialing = undefined;
    }
  }

  #adopt(http2: ClientHttp2Session): PooledSession {
    const session = new PooledSession(http2, this.#options);
    this.#sessions.push(session);
    http2.once("connect", () => http2.setLocalWindowSize(SESSION_WINDOW_BYTES));
    // The streams of the session report the failure; without a listener it would end the process.
    http2.on("error", () => session.retire());
    http2.once("goaway", (code) => {
      session.retired = true;
      if (code !== constants.NGHTTP2_NO_ERROR) session.retire();
    });
    http2.once("close", () => {
      session.retired = true;
      this.#sessions = this.#sessions.filter((candidate) => candidate !== session);
    });
    return session;
  }
}
