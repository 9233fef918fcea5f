// SPDX-License-Identifier: Apache-2.0
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { TEST_SERVER_CERTIFICATE, TEST_SERVER_KEY } from "../fixtures/certificates.ts";
import { Signal } from "../gate.ts";
import { ScriptedStream } from "./scripted-stream.ts";

/** What the server does with one call. */
export type StreamScript = (stream: ScriptedStream) => void | Promise<void>;

export interface ScriptedServerOptions {
  /** TLS with the test certificate. @default false */
  readonly secure?: boolean;
  /** @default a free port */
  readonly port?: number;
}

/** Accepts the call, acknowledges everything, ends when the client half-closes. */
export const serveEverything: StreamScript = async (stream) => {
  await stream.accept();
  await stream.serve();
};

/**
 * A gRPC server for tests of clients: each call is run by a script. Call number N takes script N, or the last one when
 * there are fewer.
 */
export class ScriptedServer {
  readonly streams: ScriptedStream[] = [];
  connectionCount = 0;
  readonly port: number;
  readonly secure: boolean;
  readonly #server: Http2Server;
  readonly #sockets = new Set<Socket>();
  readonly #signal = new Signal();
  readonly #scripts: readonly StreamScript[];
  /** What scripts threw. */
  readonly failures: unknown[] = [];

  private constructor(server: Http2Server, scripts: readonly StreamScript[], secure: boolean) {
    this.#server = server;
    this.#scripts = scripts;
    this.secure = secure;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket: Socket) => {
      this.connectionCount++;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.on("session", (session) => session.on("error", () => undefined));
    server.on("stream", (stream, headers) => this.#start(stream, headers));
  }

  static async start(
    scripts: readonly StreamScript[] = [serveEverything],
    options: ScriptedServerOptions = {},
  ): Promise<ScriptedServer> {
    const secure = options.secure ?? false;
    const settings = { initialWindowSize: 4_194_304, maxConcurrentStreams: 1_000 };
    const server: Http2Server = secure
      ? createSecureServer({
          settings,
          cert: TEST_SERVER_CERTIFICATE,
          key: TEST_SERVER_KEY,
        })
      : createServer({ settings });
    server.on("sessionError", () => undefined);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    return new ScriptedServer(server, scripts, secure);
  }

  get url(): string {
    return `${this.secure ? "https" : "http"}://127.0.0.1:${this.port}`;
  }

  /** Waits for call number `index` to arrive. */
  async stream(index: number): Promise<ScriptedStream> {
    await this.#signal.until(() => this.streams.length > index);
    return this.streams[index] as ScriptedStream;
  }

  /** Cuts every connection; goes on listening. */
  disconnectAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.disconnectAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #start(http2: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const index = this.streams.length;
    const stream = new ScriptedStream(index, http2, headers);
    this.streams.push(stream);
    this.#signal.notify();
    const script = this.#scripts[Math.min(index, this.#scripts.length - 1)] ?? serveEverything;
    Promise.resolve(script(stream)).catch((error: unknown) => this.failures.push(error));
  }
}
