// SPDX-License-Identifier: Apache-2.0
import { createServer } from "node:http";
import type { Socket } from "node:net";
import type { ApiHandler } from "../api/api-types.ts";
import type { Clock } from "../clock.ts";
import { answerHttp1 } from "./api-adapters.ts";
import { Deadline, EXCHANGE_TIMEOUT_MS } from "./deadline.ts";

/**
 * Makes a function that speaks HTTP/1.1 on a connection. A request that is not whole in time, or an answer that is not
 * taken in time, ends the connection.
 *
 * Node's own request timeouts start with `listen`, which is never called on this server.
 */
export function createHttp1Handler(api: ApiHandler, clock: Clock): (socket: Socket) => void {
  const deadlines = new WeakMap<Socket, Deadline>();
  const server = createServer((request, response) => {
    const { socket } = request;
    const deadline = deadlines.get(socket);
    const restart = (): void => {
      if (!socket.destroyed) deadline?.restart(EXCHANGE_TIMEOUT_MS);
    };
    request.once("end", restart);
    response.once("finish", restart);
    void answerHttp1(api, request, response);
  });
  return (socket) => {
    const deadline = new Deadline(clock, () => socket.destroy());
    deadlines.set(socket, deadline);
    deadline.restart(EXCHANGE_TIMEOUT_MS);
    socket.once("close", () => deadline.stop());
    server.emit("connection", socket);
  };
}
