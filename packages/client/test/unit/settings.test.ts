// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEndpoint } from "../../src/core/endpoint.ts";
import { proxyForGrpc, proxyForHttp } from "../../src/core/proxy-selection.ts";
import { fixedBackoff, MAX_BACKOFF_MS } from "../../src/core/retry-policy.ts";
import { resolveStreamOptions } from "../../src/core/settings.ts";

test("fills in the official defaults", () => {
  assert.deepEqual(resolveStreamOptions(), {
    maxInflightRequests: 1_000_000,
    maxInflightBytes: 67_108_864,
    recovery: true,
    recoveryTimeoutMs: 15_000,
    recoveryBackoffMs: 2_000,
    recoveryRetries: 4,
    flushTimeoutMs: 300_000,
    serverLackOfAckTimeoutMs: 60_000,
    format: "proto",
    streamPausedMaxWaitTimeMs: undefined,
    opensNextEarly: false,
    waitsWhenThrottled: false,
  });
});

test("refuses unknown keys and values out of range", () => {
  const wrong: object[] = [
    { maxInflight: 1 },
    { maxInflightRequests: 0 },
    { recoveryRetries: -1 },
    { flushTimeoutMs: 1.5 },
    { recovery: "yes" },
    { recordType: 2 },
    { streamPausedMaxWaitTimeMs: -1 },
    { onAck: 1 },
  ];
  for (const options of wrong) {
    assert.throws(
      () => resolveStreamOptions(options),
      { code: "invalid_argument" },
      JSON.stringify(options),
    );
  }
});

test("reads endpoints with and without scheme, port and path", () => {
  const cases: [string, boolean, string, number, string, string][] = [
    [
      "https://123.zerobus.us-west-2.cloud.databricks.com",
      true,
      "123.zerobus.us-west-2.cloud.databricks.com",
      443,
      "123.zerobus.us-west-2.cloud.databricks.com",
      "123",
    ],
    ["localhost:50051", true, "localhost", 50051, "localhost:50051", "localhost:50051"],
    ["http://127.0.0.1:50051/x/", false, "127.0.0.1", 50051, "127.0.0.1:50051", "127"],
    ["http://[::1]:9", false, "::1", 9, "[::1]:9", "[::1]:9"],
  ];
  for (const [text, secure, host, port, authority, workspaceId] of cases) {
    assert.deepEqual(parseEndpoint(text), { secure, host, port, authority, workspaceId });
  }
  for (const text of ["", "ftp://x", "http://"]) {
    assert.throws(() => parseEndpoint(text), { code: "invalid_argument" });
  }
});

test("takes the first gRPC proxy variable that is set", () => {
  const all = {
    grpc_proxy: "http://1",
    GRPC_PROXY: "http://2",
    https_proxy: "http://3",
    HTTPS_PROXY: "http://4",
    http_proxy: "http://5",
    HTTP_PROXY: "http://6",
  };
  const names = Object.keys(all) as (keyof typeof all)[];
  const environment: Record<string, string> = { ...all };
  for (const name of names) {
    assert.equal(proxyForGrpc(environment, "host", 443), all[name]);
    environment[name] = "";
  }
  assert.equal(proxyForGrpc(environment, "host", 443), undefined);
  assert.equal(proxyForGrpc({ grpc_proxy: "proxy:80" }, "host", 443), "http://proxy:80");
});

test("excepts hosts by name, suffix, port and star", () => {
  const bypassed = (list: string, host: string, port = 443): boolean =>
    proxyForGrpc({ grpc_proxy: "http://p", no_proxy: list }, host, port) === undefined;
  assert.ok(bypassed("*", "any"));
  assert.ok(bypassed("a, example.com", "x.Example.com"));
  assert.ok(bypassed(".example.com", "example.com"));
  assert.ok(bypassed("127.0.0.1", "127.0.0.1"));
  assert.ok(bypassed("host:443", "host"));
  assert.ok(!bypassed("host:80", "host"));
  assert.ok(!bypassed("example.com", "badexample.com"));
  assert.ok(!bypassed("", "host"));
  const both = { grpc_proxy: "http://p", no_grpc_proxy: "other", no_proxy: "host" };
  assert.equal(proxyForGrpc(both, "host", 1), "http://p");
});

test("chooses the token proxy by scheme", () => {
  const environment = { https_proxy: "http://s", http_proxy: "http://h", grpc_proxy: "http://g" };
  assert.equal(proxyForHttp(environment, true, "host", 443), "http://s");
  assert.equal(proxyForHttp(environment, false, "host", 80), "http://h");
  assert.equal(proxyForHttp({ ...environment, NO_PROXY: "host" }, true, "host", 443), undefined);
});

test("waits a fixed time with jitter, doubled for young deaths up to the cap", () => {
  const policy = fixedBackoff(2000);
  assert.equal(policy.delayMs(1, 0, 0), 2000);
  assert.equal(policy.delayMs(4, 0, 0), 2000);
  assert.equal(policy.delayMs(1, 0, 0.5), 2250);
  assert.equal(policy.delayMs(0, 2, 0), 2000);
  assert.equal(policy.delayMs(0, 4, 0), 8000);
  assert.equal(policy.delayMs(0, 1000, 0), MAX_BACKOFF_MS);
});
