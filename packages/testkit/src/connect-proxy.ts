// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** A forward proxy for tests: tunnels CONNECT, and can lead names to local ports. */
export class ConnectProxy {
  /** The authorities tunnels were asked for. */
  readonly tunnels: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  /** Where `host:port` really is, on this machine; others are connected to as asked. */
  readonly routes: Map<string, number> = new Map<string, number>();
  /** When set, every tunnel is refused with this HTTP status. */
  refuseWith: number | undefined;
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connect", (request: IncomingMessage, client: Socket) => {
      this.#tunnel(request, client);
    });
  }

  static async start(): Promise<ConnectProxy> {
    const server = createServer((_request, response) => {
      response.statusCode = 405;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new ConnectProxy(server);
  }

  /** Makes black holes of the tunnels there are: they stay open and carry nothing any more. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #tunnel(request: IncomingMessage, client: Socket): void {
    const authority = request.url ?? "";
    this.tunnels.push(authority);
    this.authorizations.push(request.headers["proxy-authorization"]);
    this.#keep(client);
    if (this.refuseWith !== undefined) {
      client.end(`HTTP/1.1 ${this.refuseWith} Refused\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const port =
      this.routes.get(authority) ?? Number(authority.slice(authority.lastIndexOf(":") + 1));
    const target = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.pipe(client);
      client.pipe(target);
    });
    this.#keep(target);
    target.on("close", () => client.destroy());
    client.on("close", () => target.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
