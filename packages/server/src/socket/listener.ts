// SPDX-License-Identifier: Apache-2.0
import { createServer as createHttp1Server, type Server as Http1Server } from "node:http";
import {
  createServer as createHttp2Server,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import type { ApiHandler } from "../api/api-types.ts";
import { ServerError } from "../errors.ts";
import { answerHttp1, answerHttp2 } from "./api-adapters.ts";
import { sniffProtocol } from "./sniff.ts";

/** Certificate and key in PEM. With them the port speaks TLS and plaintext; each connection chooses. */
export interface TlsSettings {
  readonly cert: string;
  readonly key: string;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0 for a free port. */
  readonly port: number;
  readonly tls?: TlsSettings | undefined;
  readonly api: ApiHandler;
  /** Gets each HTTP/2 request that is a gRPC call. */
  readonly onCall: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
}

/** How long a connection may take to say what it speaks. */
const SNIFF_TIMEOUT_MS = 10_000;

/** 64 KiB windows, HTTP/2's default, cost several times the throughput. */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const SESSION_WINDOW_BYTES = 16 * 1024 * 1024;
const MAX_FRAME_BYTES = 1024 * 1024;
const MAX_CONCURRENT_STREAMS = 100_000;

/**
 * One TCP port for everything: HTTP/2 and HTTP/1.1, each over plaintext and TLS, told apart by the first bytes of a
 * connection. gRPC calls go to `onCall`, all other requests to `api`.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #tcp: Server;
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  readonly #tls: TlsServer | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#http1 = createHttp1Server((request, response) => {
      void answerHttp1(options.api, request, response);
    });
    this.#http2 = this.#createHttp2();
    this.#tls = options.tls === undefined ? undefined : this.#createTls(options.tls);
    this.#tcp = createTcpServer({ noDelay: true }, (socket) => this.#accept(socket));
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

  #createHttp2(): Http2Server {
    const server = createHttp2Server({
      settings: {
        initialWindowSize: STREAM_WINDOW_BYTES,
        maxFrameSize: MAX_FRAME_BYTES,
        maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
        enablePush: false,
      },
    });
    server.on("session", (session) => {
      session.setLocalWindowSize(SESSION_WINDOW_BYTES);
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
      session.on("error", () => session.destroy());
    });
    server.on("stream", (stream, headers) => {
      const contentType = headers["content-type"] ?? "";
      const isCall = headers[":method"] === "POST" && contentType.startsWith("application/grpc");
      if (isCall) this.#options.onCall(stream, headers);
      else void answerHttp2(this.#options.api, stream, headers);
    });
    server.on("sessionError", () => undefined);
    return server;
  }

  #createTls(settings: TlsSettings): TlsServer {
    const server = createTlsServer({ ...settings, ALPNProtocols: ["h2", "http/1.1"] });
    server.on("secureConnection", (socket) => {
      const target = socket.alpnProtocol === "h2" ? this.#http2 : this.#http1;
      socket.on("error", () => socket.destroy());
      target.emit("connection", socket);
    });
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return server;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const timer = setTimeout(() => socket.destroy(), SNIFF_TIMEOUT_MS);
    const onReadable = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      const protocol = sniffProtocol(bytes);
      socket.unshift(bytes);
      if (protocol === "undecided") return;
      clearTimeout(timer);
      socket.removeListener("readable", onReadable);
      if (protocol === "http2") this.#http2.emit("connection", socket);
      else if (protocol === "http1") this.#http1.emit("connection", socket);
      else if (this.#tls !== undefined) this.#tls.emit("connection", socket);
      else socket.destroy();
    };
    socket.on("readable", onReadable);
    socket.once("close", () => clearTimeout(timer));
  }
}
