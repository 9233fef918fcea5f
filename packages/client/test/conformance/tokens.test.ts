// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { RecordType, ZerobusSdk, type ZerobusStream } from "@sluice/client";
import {
  makeGate,
  ManualClock,
  ScriptedServer,
  serveEverything,
  TokenServer,
} from "@sluice/testkit";
import { TokenCache } from "../../src/core/token-cache.ts";
import { readTokenResponse, type Token } from "../../src/core/token-request.ts";
import { hasCode, TABLE } from "../integration/helpers.ts";

const OPTIONS = { recordType: RecordType.Json, recoveryBackoffMs: 5, recoveryRetries: 2 };

const openWith = (server: ScriptedServer, tokens: TokenServer): Promise<ZerobusStream> =>
  new ZerobusSdk(server.url, tokens.url).createStream({ tableName: TABLE }, "a", "b", OPTIONS);

/** A cache whose tokens are given by hand: one per request, good for an hour. */
function handFed(): { clock: ManualClock; cache: TokenCache; answers: (() => Promise<Token>)[] } {
  const clock = new ManualClock();
  const answers: (() => Promise<Token>)[] = [];
  const fetch = (): Promise<Token> =>
    answers.shift()?.() ?? Promise.reject(new Error("one request too many"));
  return { clock, cache: new TokenCache(fetch, clock), answers };
}

const good = (value: string) => async (): Promise<Token> => ({ value, expiresInMs: 3_600_000 });

test("replaces the cached token ahead of its expiry by one request beside those who use it", async () => {
  const { clock, cache, answers } = handFed();
  answers.push(good("first"), good("second"));
  assert.equal(await cache.get(), "first");
  clock.advance(3_300_000);
  await Promise.all([cache.get(), cache.get()]);
  assert.deepEqual([await cache.get(), answers.length], ["second", 0]);
});

test("gives out the token that is still good while its replacement hangs", async () => {
  const { clock, cache, answers } = handFed();
  const hung = makeGate();
  answers.push(good("first"), async () => {
    await hung.opened;
    return await good("second")();
  });
  await cache.get();
  clock.advance(3_300_000);
  assert.equal(await cache.get(), "first");
  assert.equal(await cache.get(), "first");
  clock.advance(300_000);
  const late = cache.get();
  hung.open();
  assert.equal(await late, "second");
});

test("takes a token that is dead on arrival for a passing fault of the token service", async () => {
  await using server = await ScriptedServer.start();
  await using tokens = await TokenServer.start();
  tokens.answer = () => ({ body: { access_token: "dead", expires_in: 0 } });
  await assert.rejects(
    openWith(server, tokens),
    hasCode("unavailable", "Token fetch failed: the token expired before it came"),
  );
  assert.deepEqual([tokens.requests.length, server.streams.length], [3, 0]);
  tokens.answer = () => ({ body: { access_token: "alive", expires_in: "3600" } });
  const stream = await openWith(server, tokens);
  assert.equal(server.streams[0]?.headers.authorization, "Bearer alive");
  await stream.close();
});

test("goes on with the cached token when its replacement is dead on arrival", async () => {
  const { clock, cache, answers } = handFed();
  const dead = JSON.stringify({ access_token: "dead", expires_in: 0 });
  answers.push(good("first"), async () => readTokenResponse(200, dead, String), good("third"));
  await cache.get();
  clock.advance(3_300_000);
  assert.equal(await cache.get(), "first");
  await setImmediate();
  assert.deepEqual([await cache.get(), answers.length], ["first", 0]);
  await setImmediate();
  assert.equal(await cache.get(), "third");
});

test("keeps a token for all streams of a table, and gets another after a refusal", async () => {
  await using server = await ScriptedServer.start([
    serveEverything,
    serveEverything,
    (call) => call.end("PERMISSION_DENIED", "revoked"),
    serveEverything,
  ]);
  await using tokens = await TokenServer.start();
  const sdk = new ZerobusSdk(server.url, tokens.url);
  for (let count = 0; count < 3; count++) {
    const stream = await sdk.createStream({ tableName: TABLE }, "a", "b", OPTIONS);
    await stream.close();
  }
  assert.deepEqual(
    server.streams.map(({ headers }) => headers.authorization),
    ["Bearer token-0", "Bearer token-0", "Bearer token-0", "Bearer token-1"],
  );
  assert.equal(tokens.requests.length, 2);
});

test("surfaces what a headers provider throws, after the retries", async () => {
  await using server = await ScriptedServer.start();
  let calls = 0;
  const provider = {
    getHeadersCallback: (): [string, string][] => {
      calls++;
      throw new Error("vault is sealed");
    },
  };
  await assert.rejects(
    new ZerobusSdk(server.url, "http://unused.invalid").createStream(
      { tableName: TABLE },
      "",
      "",
      OPTIONS,
      provider,
    ),
    hasCode("unavailable", "The headers provider failed: vault is sealed"),
  );
  assert.deepEqual([calls, server.streams.length], [3, 0]);
});
