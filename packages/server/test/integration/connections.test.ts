// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { TEST_SERVER_CERTIFICATE, TEST_SERVER_KEY } from "@sluice/testkit";
import { Listener, type ListenerOptions } from "../../src/socket/listener.ts";
import { ManualServerClock } from "../support/manual-clock.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const POST = Buffer.from("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi");

interface Listening extends AsyncDisposable {
  readonly port: number;
  readonly clock: ManualServerClock;
}

async function listening(options: Partial<ListenerOptions> = {}): Promise<Listening> {
  const clock = new ManualServerClock();
  const listener = new Listener({
    host: "127.0.0.1",
    port: 0,
    clock,
    api: async ({ method, body }) => ({
      status: 200,
      body: { method, bodyBytes: body.length },
    }),
    onCall: (stream) => {
      stream.respond({ ":status": 200 });
      stream.resume();
    },
    ...options,
  });
  const port = await listener.listen();
  return { port, clock, [Symbol.asyncDispose]: async () => listener.close() };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** Writes byte by byte, each in a packet of its own as far as the peer has had a turn between them. */
async function trickle(port: number, socket: Socket, bytes: Uint8Array): Promise<void> {
  for (let index = 0; index < bytes.length; index++) {
    socket.write(bytes.subarray(index, index + 1));
    await assertAnswers(port);
  }
}

/** A whole exchange with another connection: the server has had turns of its event loop meanwhile. */
async function assertAnswers(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  assert.deepEqual(await response.json(), { method: "GET", bodyBytes: 0 });
}

/** Everything received until the text matches. */
async function received(socket: Socket, pattern: RegExp): Promise<string> {
  let text = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += (chunk as Buffer).toString("latin1");
    if (pattern.test(text)) return text;
  }
  return assert.fail(`the connection ended after ${JSON.stringify(text)}`);
}

describe("the first bytes of a connection", () => {
  it("may come one by one: a POST", async () => {
    await using server = await listening();
    const socket = await open(server.port);
    await trickle(server.port, socket, POST);
    const answer = await received(socket, /\}$/);
    assert.match(answer, /^HTTP\/1\.1 200 [^]*\{"method":"POST","bodyBytes":2\}$/);
    socket.destroy();
  });

  it("may come one by one: the HTTP/2 preface", async () => {
    await using server = await listening();
    const socket = await open(server.port);
    await trickle(server.port, socket, Buffer.concat([PREFACE, EMPTY_SETTINGS]));
    const [bytes] = (await once(socket, "data")) as [Buffer];
    assert.equal(bytes[3], 4, "the server's first frame is SETTINGS");
    socket.destroy();
  });

  it("leave the server answering others while they are undecided", async () => {
    await using server = await listening();
    for (const start of ["P", "PR"]) {
      const socket = await open(server.port);
      socket.write(start);
      await assertAnswers(server.port);
      await assertAnswers(server.port);
      socket.destroy();
    }
  });
});

describe("deadlines of a connection", () => {
  const parts: readonly [string, Buffer, number][] = [
    ["a request head", POST, 20],
    ["a request body", POST, POST.length - 2],
    ["the HTTP/2 preface", PREFACE, 10],
    ["the HTTP/2 SETTINGS", Buffer.concat([PREFACE, EMPTY_SETTINGS]), PREFACE.length],
  ];
  for (const [name, bytes, length] of parts) {
    it(`end one that sends a part of ${name}, also if more trickles in`, async () => {
      await using server = await listening();
      const socket = await open(server.port);
      await server.clock.pending(10_000);
      socket.write(bytes.subarray(0, length));
      await server.clock.pending(20_000);
      server.clock.advance(19_999);
      socket.write(bytes.subarray(length, length + 1));
      await assertAnswers(server.port);
      await server.clock.pending(1);
      server.clock.advance(1);
      await ended(socket);
      await server.clock.pending();
    });
  }

  it("end one that does not say what it speaks", async () => {
    for (const start of ["", "P", "PR"]) {
      await using server = await listening();
      const socket = await open(server.port);
      socket.write(start);
      await assertAnswers(server.port);
      await server.clock.pending(10_000);
      server.clock.advance(10_000);
      await ended(socket);
    }
  });

  it("end one that does not finish its TLS handshake, and are off after it", async () => {
    await using server = await listening({
      tls: { cert: TEST_SERVER_CERTIFICATE, key: TEST_SERVER_KEY },
    });
    const socket = await open(server.port);
    socket.write(Buffer.from([0x16, 3, 1]));
    await server.clock.pending(20_000);
    server.clock.advance(20_000);
    await ended(socket);
    const secure = connectTls({ port: server.port, rejectUnauthorized: false });
    secure.on("error", () => undefined);
    await once(secure, "secureConnect");
    await server.clock.pending(20_000);
    server.clock.advance(10_000);
    secure.write(POST);
    assert.match(await received(secure, /\}$/), /200/);
    await server.clock.pending(20_000);
    server.clock.advance(20_000);
    await ended(secure);
  });

  it("start anew with each request", async () => {
    await using server = await listening();
    const socket = await open(server.port);
    for (let count = 0; count < 3; count++) {
      socket.write(POST);
      await received(socket, /\}$/);
      await server.clock.pending(20_000);
      server.clock.advance(15_000);
    }
    await server.clock.pending(5_000);
    server.clock.advance(5_000);
    await ended(socket);
  });

  it("end a request over HTTP/2 whose body stops, and nothing else", async () => {
    await using server = await listening();
    const session = await openHttp2(server);
    const stalled = session.request({ ":method": "POST" });
    stalled.write("h");
    await server.clock.pending(20_000);
    server.clock.advance(20_000);
    await once(stalled, "close");
    assert.equal(stalled.rstCode, 8);
    await server.clock.pending(300_000);
    const answered = session.request({ ":path": "/" });
    answered.resume();
    const [headers] = (await once(answered, "response")) as [Record<string, unknown>];
    assert.equal(headers[":status"], 200);
    session.destroy();
  });

  it("end an HTTP/2 session after five minutes without streams, not before", async () => {
    await using server = await listening();
    const session = await openHttp2(server);
    await server.clock.pending(300_000);
    server.clock.advance(299_999);
    const call = session.request({ ":method": "POST", "content-type": "application/grpc" });
    call.on("error", () => undefined);
    await once(call, "response");
    await server.clock.pending();
    server.clock.advance(600_000);
    call.close();
    await server.clock.pending(300_000);
    server.clock.advance(300_000);
    await once(session, "close");
    await server.clock.pending();
  });

  it("end an HTTP/2 connection that ignores the end of its session", async () => {
    await using server = await listening();
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => undefined);
    socket.resume();
    socket.write(Buffer.concat([PREFACE, EMPTY_SETTINGS]));
    await server.clock.pending(300_000);
    server.clock.advance(300_000);
    await once(socket, "end");
    await server.clock.pending(20_000);
    server.clock.advance(20_000);
    await server.clock.pending();
    socket.destroy();
  });
});

describe("the bound on connections", () => {
  it("closes those above it until others have ended", async () => {
    await using server = await listening({ maxConnectionCount: 2 });
    const first = await open(server.port);
    const second = await open(server.port);
    await server.clock.pending(10_000, 10_000);
    const third = await open(server.port);
    await ended(third);
    second.destroy();
    await server.clock.pending(10_000);
    await assertAnswers(server.port);
    first.destroy();
  });
});

async function openHttp2(server: Listening): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  await once(session, "remoteSettings");
  return session;
}

/** Resolves when the server has closed the connection, with or without a reset. */
async function ended(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.destroyed) await once(socket, "close");
}
