// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { GcsOptions } from "../../../src/store/gcs-credentials.ts";
import { openGcsStore } from "../../../src/store/gcs-store.ts";
import type { ObjectStore } from "../../../src/store/object-store.ts";
import type { RemoteStoreOptions } from "../../../src/store/remote-store.ts";
import { parseStoreLocation } from "../../../src/store/store-location.ts";
import {
  type FaultAnswer,
  type ProxiedRequest,
  startFaultProxy,
} from "../../support/fault-proxy.ts";
import {
  type ObjectServer,
  skipWithoutGcsServer,
  startGcsServer,
} from "../../support/object-servers.ts";
import { rejectsWith } from "../../support/table-checks.ts";
import { bytesOf, testStoreContract, textOf } from "./contract.ts";
import { testStoreFaults } from "./faults.ts";
import { testTablesIn } from "./tables.ts";

const BUCKET = "tables";
let server: ObjectServer;

before(async () => {
  if (skipWithoutGcsServer !== false) return;
  server = await startGcsServer();
  const response = await fetch(`${server.url}/storage/v1/b?project=test`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: BUCKET }),
  });
  assert.ok(response.ok);
});

after(async () => server?.[Symbol.asyncDispose]());

async function open(
  location: string,
  gcs: GcsOptions = { isAnonymous: true },
  options: RemoteStoreOptions = {},
): Promise<ObjectStore> {
  const parsed = parseStoreLocation(location);
  assert.ok(parsed.kind === "gcs");
  return openGcsStore(parsed.location, { endpoint: server.url, ...gcs }, options);
}

testStoreContract({
  name: "GCS",
  skip: skipWithoutGcsServer,
  open: async () =>
    open(`gs://${BUCKET}/${randomUUID()}/a table=1`, { isAnonymous: true }, { listPageSize: 100 }),
  listedCount: 250,
});

describe("GCS", { skip: skipWithoutGcsServer }, () => {
  test("names what is wrong with bucket and credentials", async () => {
    const noRetries = { retry: { maxAttempts: 1 } };
    const missing = await open("gs://missing-bucket/t", { isAnonymous: true }, noRetries);
    await rejectsWith(missing.put("x", bytesOf("x")), "not_found", /404.*create the bucket/);
    await rejectsWith(missing.list(""), "not_found", /create the bucket/);
    const failing = async (): Promise<string> => Promise.reject(new Error("logged out"));
    const denied = await open(`gs://${BUCKET}/t`, { accessToken: failing });
    await rejectsWith(denied.get("x"), "permission_denied", /no token: logged out.*gcloud/);
    const keyless = await open(`gs://${BUCKET}/t`, { keyFile: "/no/such/key.json" });
    await rejectsWith(keyless.get("x"), "permission_denied", /no token:.*key.json/);
    await rejectsWith(
      open(`gs://${BUCKET}/t`, { accessToken: "a", keyFile: "b" }),
      "invalid_argument",
      /accessToken and keyFile/,
    );
  });

  test("sends the token of each request", async () => {
    await using proxy = await startFaultProxy(server.url);
    let tokenCount = 0;
    const accessToken = async (): Promise<string> => `token-${(tokenCount += 1)}`;
    const store = await open(`gs://${BUCKET}/${randomUUID()}`, {
      endpoint: proxy.url,
      accessToken,
    });
    await store.put("a", bytesOf("a"));
    assert.equal(textOf(await store.get("a")), "a");
    assert.deepEqual(
      proxy.requests.map(({ headers }) => headers.authorization),
      ["Bearer token-1", "Bearer token-2"],
    );
  });
});

function gcsAnswer(status: number, reason: string): FaultAnswer {
  const error = { code: status, message: "told to", errors: [{ reason, message: "told to" }] };
  return { status, body: JSON.stringify({ error }) };
}

const queryOf = ({ url }: ProxiedRequest): URLSearchParams =>
  new URL(url, "http://proxy").searchParams;
const isObject = ({ url }: ProxiedRequest): boolean => /\/o\//.test(url);
const isMedia = (request: ProxiedRequest): boolean => queryOf(request).get("alt") === "media";
const isRange = ({ headers }: ProxiedRequest, total: RegExp): boolean =>
  total.test(headers["content-range"] ?? "");

testStoreFaults({
  name: "GCS",
  skip: skipWithoutGcsServer,
  upstream: () => server.url,
  open: async (endpoint, directory, options) =>
    open(`gs://${BUCKET}/${directory}`, { endpoint, isAnonymous: true }, options),
  isPut: (request) => queryOf(request).get("uploadType") === "multipart",
  isHead: (request) => request.method === "GET" && isObject(request) && !isMedia(request),
  isGet: (request) => request.method === "GET" && isObject(request) && isMedia(request),
  isList: (request) => request.method === "GET" && !isObject(request),
  isPart: (request) => request.method === "PUT" && isRange(request, /\/\*$/),
  isComplete: (request) => request.method === "PUT" && isRange(request, /\/\d+$/),
  // This server appends them, where Google's passes over what it has.
  takesPartsTwice: false,
  throttled: gcsAnswer(429, "rateLimitExceeded"),
  answers: [
    [gcsAnswer(401, "authError"), "permission_denied", /authError: told to.*role/],
    [gcsAnswer(403, "forbidden"), "permission_denied", /forbidden/],
    [gcsAnswer(403, "userRateLimitExceeded"), "resource_exhausted", /userRateLimit/],
    [gcsAnswer(400, "invalid"), "invalid_argument", /HTTP 400 invalid/],
    [gcsAnswer(500, "backendError"), "unavailable", /backendError/],
    [{ status: 502, body: "<html>Bad Gateway</html>" }, "unavailable", /Bad Gateway/],
  ],
});

testTablesIn({
  name: "GCS",
  skip: skipWithoutGcsServer,
  locate: () => ({
    location: `gs://${BUCKET}/${randomUUID()}/table`,
    storeOptions: { gcs: { endpoint: server.url, isAnonymous: true } },
  }),
});
