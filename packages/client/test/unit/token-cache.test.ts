// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sluice/testkit";
import { TokenCache } from "../../src/core/token-cache.ts";
import { readTokenResponse, type Token } from "../../src/core/token-request.ts";

function setUp(expiresInMs: number | undefined): {
  clock: ManualClock;
  cache: TokenCache;
  fetches: () => number;
  fail: (error: Error | undefined) => void;
} {
  const clock = new ManualClock();
  let count = 0;
  let failure: Error | undefined;
  const fetch = async (): Promise<Token> => {
    count++;
    if (failure !== undefined) throw failure;
    return { value: `token-${count}`, expiresInMs };
  };
  return {
    clock,
    cache: new TokenCache(fetch, clock),
    fetches: () => count,
    fail: (error) => {
      failure = error;
    },
  };
}

test("fetches once for callers at the same time, and keeps the token", async () => {
  const { cache, fetches } = setUp(3_600_000);
  assert.deepEqual(await Promise.all([cache.get(), cache.get()]), ["token-1", "token-1"]);
  assert.equal(await cache.get(), "token-1");
  assert.equal(fetches(), 1);
});

test("refreshes before the expiry, and uses the old token while refreshing fails", async () => {
  const { cache, clock, fail } = setUp(3_600_000);
  await cache.get();
  clock.advance(3_299_999);
  assert.equal(await cache.get(), "token-1");
  clock.advance(1);
  fail(new Error("down"));
  assert.equal(await cache.get(), "token-1");
  clock.advance(300_000);
  await assert.rejects(cache.get(), /down/);
  fail(undefined);
  assert.equal(await cache.get(), "token-4");
});

test("does not keep a token without an expiry", async () => {
  const { cache, fetches } = setUp(undefined);
  await cache.get();
  await cache.get();
  assert.equal(fetches(), 2);
});

test("forgets a refused token, and not the one that replaced it", async () => {
  const { cache } = setUp(3_600_000);
  const first = await cache.get();
  cache.invalidate(first);
  assert.equal(await cache.get(), "token-2");
  cache.invalidate(first);
  assert.equal(await cache.get(), "token-2");
});

test("reads answers of the token endpoint", () => {
  const asIs = (text: string): string => text;
  const read = (body: unknown) => readTokenResponse(200, JSON.stringify(body), asIs);
  assert.deepEqual(read({ access_token: "a", expires_in: 60 }), {
    value: "a",
    expiresInMs: 60_000,
  });
  assert.deepEqual(read({ access_token: "a", expires_in: "60" }), {
    value: "a",
    expiresInMs: 60_000,
  });
  assert.deepEqual(read({ access_token: "a" }), { value: "a", expiresInMs: undefined });
  for (const body of [{}, { access_token: "" }, { access_token: "a\nb" }, [], "x"]) {
    assert.throws(() => read(body), { code: "unauthenticated", retryable: false });
  }
  assert.throws(() => readTokenResponse(500, "", asIs), { code: "unavailable", retryable: true });
  assert.throws(() => readTokenResponse(403, "", asIs), { code: "unauthenticated" });
});
