// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { type Gate, makeGate, ScriptedServer, TEST_CA_CERTIFICATE } from "@sluice/testkit";
import { parseEndpoint } from "../../src/core/endpoint.ts";
import { SessionPool } from "../../src/io/session-pool.ts";
import { systemClock } from "../../src/io/system-clock.ts";
import { hasCode } from "../integration/helpers.ts";

/** Holds what clients send back until the gate opens, then carries it to the port. */
async function startSlowRoad(port: number, gate: Gate): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const road = createServer((client) => {
    sockets.add(client.on("error", () => undefined));
    void gate.opened.then(() => {
      const target = connect(port, "127.0.0.1").on("error", () => undefined);
      sockets.add(target);
      client.pipe(target).pipe(client);
    });
  }).listen(0, "127.0.0.1");
  await once(road, "listening");
  const close = (): void => {
    road.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (road.address() as AddressInfo).port, close };
}

/** How many sockets keep this process alive. */
function keepingSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout").length;
}

test("keeps no process alive for a connection whose user had gone when it was made", async () => {
  await using server = await ScriptedServer.start([], { secure: true });
  const gate = makeGate();
  const road = await startSlowRoad(server.port, gate);
  const pool = new SessionPool({
    endpoint: parseEndpoint(`https://localhost:${road.port}`),
    tls: { ca: TEST_CA_CERTIFICATE },
    environment: {},
    connectTimeoutMs: 15_000,
    keepaliveIntervalMs: 10_000,
    keepaliveTimeoutMs: 10_000,
    exclusive: false,
    clock: systemClock,
  });
  const gone = { dropped: false, awaitsAnswer: (): boolean => false };
  const acquiring = pool.acquire(gone);
  gone.dropped = true;
  gate.open();
  await assert.rejects(acquiring, hasCode("cancelled"));
  const user = { dropped: false, awaitsAnswer: (): boolean => false };
  const keptBefore = keepingSockets();
  const session = await pool.acquire(user);
  assert.equal(server.connectionCount, 1, "it is used by the next one");
  assert.equal(keepingSockets(), keptBefore + 1);
  pool.close();
  session.release(user);
  await once(session.http2, "close");
  road.close();
});
