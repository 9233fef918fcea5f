// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Clock } from "../clock.ts";
import { Deadline, EXCHANGE_TIMEOUT_MS } from "./deadline.ts";

/** Certificate and key in PEM. With them the port speaks TLS and plaintext; each connection chooses. */
export interface TlsSettings {
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes a function that does the TLS handshake on a connection, with a bound on its time, and gives the secure connection
 * to `onSecure`.
 */
export function createTlsHandler(
  settings: TlsSettings,
  clock: Clock,
  onSecure: (socket: TLSSocket, protocol: "http1" | "http2") => void,
): (socket: Socket) => void {
  /** Of the handshakes under way, by peer: a secure socket does not tell which plain one it is on. */
  const deadlines = new Map<string, Deadline>();
  const server = createServer({ ...settings, ALPNProtocols: ["h2", "http/1.1"] });
  server.on("secureConnection", (socket) => {
    deadlines.get(peerOf(socket))?.stop();
    socket.on("error", () => socket.destroy());
    onSecure(socket, socket.alpnProtocol === "h2" ? "http2" : "http1");
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return (socket) => {
    const peer = peerOf(socket);
    const deadline = new Deadline(clock, () => socket.destroy());
    deadlines.set(peer, deadline);
    deadline.restart(EXCHANGE_TIMEOUT_MS);
    socket.once("close", () => {
      deadline.stop();
      if (deadlines.get(peer) === deadline) deadlines.delete(peer);
    });
    server.emit("connection", socket);
  };
}

/** The address that a connection comes from, which only one connection has at a time. */
function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
