// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { ApiHandler } from "../api/api-types.ts";
import { type Clock, systemClock } from "../clock.ts";
import { ServerError } from "../errors.ts";
import { Deadline, FIRST_BYTES_TIMEOUT_MS } from "./deadline.ts";
import { readFirstBytes } from "./first-bytes.ts";
import { createHttp1Handler } from "./http1-server.ts";
import { createHttp2Handler } from "./http2-server.ts";
import type { KnownProtocol } from "./sniff.ts";
import { createTlsHandler, type TlsSettings } from "./tls-server.ts";

export type { TlsSettings } from "./tls-server.ts";

export interface ListenerOptions {
  readonly host: string;
  /** 0 for a free port. */
  readonly port: number;
  readonly tls?: TlsSettings | undefined;
  readonly api: ApiHandler;
  /** Gets each HTTP/2 request that is a gRPC call, and bounds its time. */
  readonly onCall: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  /** For the deadlines of connections. @default the system's */
  readonly clock?: Clock;
  /**
   * Most connections at one time; more are closed as they come. Clients that open one connection per stream need as
   * many as streams.
   * @default 10,000, well below what a process is commonly allowed to have open
   */
  readonly maxConnectionCount?: number;
}

const DEFAULT_MAX_CONNECTION_COUNT = 10_000;

/** A peer that has vanished without a word is found out this long after its last sign of life, and some probes. */
const KEEP_ALIVE_DELAY_MS = 60_000;

/** What takes a connection over, by what it speaks. */
type Handlers = Readonly<Record<KnownProtocol, (socket: Socket) => void>>;

/**
 * One TCP port for everything: HTTP/2 and HTTP/1.1, each over plaintext and TLS, told apart by the first bytes of a
 * connection. gRPC calls go to `onCall`, all other requests to `api`.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #clock: Clock;
  readonly #tcp: Server;
  readonly #handlers: Handlers;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#handlers = this.#createHandlers();
    this.#tcp = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS },
      (socket) => this.#accept(socket),
    );
    this.#tcp.maxConnections = options.maxConnectionCount ?? DEFAULT_MAX_CONNECTION_COUNT;
  }

  /** Starts to listen. @returns the port. @throws ServerError `unavailable` when the address cannot be had. */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once("error", (cause) => {
        const message = `cannot listen on ${host}:${port}: ${cause.message}; choose another port or 0 for a free one`;
        reject(new ServerError("unavailable", message, {}, cause));
      });
      this.#tcp.listen({ host, port, backlog: 4096 }, resolve);
    });
    return (this.#tcp.address() as AddressInfo).port;
  }

  /** Takes no more connections, and tells HTTP/2 clients to open no more streams (GOAWAY). Streams go on. */
  stopAccepting(): void {
    this.#tcp.close();
    for (const session of this.#sessions) session.close();
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      if (this.#tcp.listening) this.#tcp.close(() => resolve());
      else resolve();
    });
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #createHandlers(): Handlers {
    const { api, onCall, tls } = this.#options;
    const clock = this.#clock;
    const http1 = createHttp1Handler(api, clock);
    const onSession = (session: ServerHttp2Session): void => {
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
    };
    const http2 = createHttp2Handler({ api, clock, onCall, onSession });
    const onSecure = (socket: Socket, protocol: "http1" | "http2"): void =>
      protocol === "http2" ? http2(socket) : http1(socket);
    const refuse = (socket: Socket): void => {
      socket.destroy();
    };
    return {
      http1,
      http2,
      tls: tls === undefined ? refuse : createTlsHandler(tls, clock, onSecure),
    };
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    const deadline = new Deadline(this.#clock, () => socket.destroy());
    deadline.restart(FIRST_BYTES_TIMEOUT_MS);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      deadline.stop();
    });
    readFirstBytes(socket, (protocol) => {
      deadline.stop();
      this.#handlers[protocol](socket);
    });
  }
}
