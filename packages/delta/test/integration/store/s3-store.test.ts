// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { RemoteStoreOptions } from "../../../src/store/remote-store.ts";
import { openS3Store, type S3Credentials, type S3Options } from "../../../src/store/s3-store.ts";
import type { ObjectStore } from "../../../src/store/object-store.ts";
import { openStore } from "../../../src/store/open-store.ts";
import { parseStoreLocation } from "../../../src/store/store-location.ts";
import {
  type ObjectServer,
  S3_CREDENTIALS,
  skipWithoutS3Server,
  startS3Server,
} from "../../support/object-servers.ts";
import { rejectsWith } from "../../support/table-checks.ts";
import {
  type FaultAnswer,
  type ProxiedRequest,
  startFaultProxy,
} from "../../support/fault-proxy.ts";
import { bytesOf, testStoreContract, textOf } from "./contract.ts";
import { testStoreFaults } from "./faults.ts";
import { testTablesIn } from "./tables.ts";

const BUCKET = "tables";
let server: ObjectServer;

before(async () => {
  if (skipWithoutS3Server !== false) return;
  server = await startS3Server();
  const client = new S3Client({
    endpoint: server.url,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: S3_CREDENTIALS,
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
});

after(async () => server?.[Symbol.asyncDispose]());

async function open(
  location: string,
  s3: S3Options = {},
  options: RemoteStoreOptions = {},
): Promise<ObjectStore> {
  const parsed = parseStoreLocation(location);
  assert.ok(parsed.kind === "s3");
  return openS3Store(
    parsed.location,
    { endpoint: server.url, credentials: S3_CREDENTIALS, ...s3 },
    options,
  );
}

testStoreContract({
  name: "S3",
  skip: skipWithoutS3Server,
  open: async () => open(`s3://${BUCKET}/${randomUUID()}/a table=1`),
  // A page has 1000.
  listedCount: 1100,
});

describe("S3", { skip: skipWithoutS3Server }, () => {
  test("works at the root of a bucket", async () => {
    const store = await open(`s3a://${BUCKET}`);
    const path = `root-${randomUUID()}/x`;
    await store.put(path, bytesOf("x"));
    assert.equal(textOf(await store.get(path)), "x");
    assert.ok((await store.list("")).includes(path.slice(0, -2)));
    await store.delete(path);
  });

  test("names what is wrong with bucket and credentials", async () => {
    const noRetries = { retry: { maxAttempts: 1 } };
    const missing = await open("s3://missing-bucket/t", {}, noRetries);
    await rejectsWith(
      missing.put("x", bytesOf("x")),
      "not_found",
      /NoSuchBucket.*create the bucket/,
    );
    await rejectsWith(missing.list(""), "not_found", /NoSuchBucket/);
    const stranger = { ...S3_CREDENTIALS, accessKeyId: "stranger" };
    const denied = await open(`s3://${BUCKET}/t`, { credentials: stranger }, noRetries);
    // This server says 404 to a stranger, which must not be taken for a missing object.
    await rejectsWith(denied.get("x"), "invalid_argument", /access key/);
    await rejectsWith(denied.list(""), "invalid_argument", /access key/);
    const wrong = { ...S3_CREDENTIALS, secretAccessKey: "wrong" };
    const unsigned = await open(`s3://${BUCKET}/t`, { credentials: wrong }, noRetries);
    await rejectsWith(
      unsigned.put("x", bytesOf("x")),
      "permission_denied",
      /SignatureDoesNotMatch/,
    );
  });
});

describe("S3", { skip: skipWithoutS3Server }, () => {
  test("refuses a server that does not heed the condition of a write", async () => {
    await using proxy = await startFaultProxy(server.url);
    const store = await open(`s3://${BUCKET}/${randomUUID()}`, { endpoint: proxy.url });
    let putCount = 0;
    const isSecondPut = ({ method }: ProxiedRequest): boolean =>
      method === "PUT" && (putCount += 1) === 2;
    proxy.set([{ matches: isSecondPut, isApplied: false, outcome: { status: 200 } }]);
    await rejectsWith(store.putIfAbsent("a", bytesOf("a")), "unsupported", /does not heed/);
  });

  test("has the server prove once that it heeds it", async () => {
    await using proxy = await startFaultProxy(server.url);
    const store = await open(`s3://${BUCKET}/${randomUUID()}`, { endpoint: proxy.url });
    await store.putIfAbsent("a", bytesOf("a"));
    assert.equal(proxy.requests.length, 2);
    await store.putIfAbsent("b", bytesOf("b"));
    assert.equal(proxy.requests.length, 3);
    assert.equal(textOf(await store.get("a")), "a");
  });

  test("takes endpoint and credentials from the environment", async () => {
    const variables = {
      AWS_ENDPOINT_URL_S3: server.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
    };
    const environment = { ...process.env };
    Object.assign(process.env, variables);
    try {
      const store = await openStore(`s3://${BUCKET}/${randomUUID()}`);
      await store.put("a", bytesOf("a"));
      assert.equal(textOf(await store.get("a")), "a");
    } finally {
      for (const name of Object.keys(variables)) {
        if (environment[name] === undefined) delete process.env[name];
        else process.env[name] = environment[name];
      }
    }
  });

  test("asks again for credentials that end, and sends their session token", async () => {
    await using proxy = await startFaultProxy(server.url);
    let askedCount = 0;
    const credentials = async (): Promise<S3Credentials> => {
      askedCount += 1;
      const sessionToken = `token-${askedCount}`;
      return { ...S3_CREDENTIALS, sessionToken, expiration: new Date(Date.now() + 1000) };
    };
    const store = await open(`s3://${BUCKET}/t`, { endpoint: proxy.url, credentials });
    proxy.set([{ matches: () => true, isApplied: false, outcome: { status: 200 }, times: 2 }]);
    await store.get("a");
    await store.get("a");
    const [first, second] = proxy.requests.map(({ headers }) => headers["x-amz-security-token"]);
    assert.match(String(first), /^token-/);
    assert.match(String(second), /^token-/);
    assert.notEqual(first, second);
  });
});

function s3Answer(status: number, code: string): FaultAnswer {
  return {
    status,
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>told to</Message></Error>`,
  };
}

const queryOf = ({ url }: ProxiedRequest): URLSearchParams =>
  new URL(url, "http://proxy").searchParams;

testStoreFaults({
  name: "S3",
  skip: skipWithoutS3Server,
  upstream: () => server.url,
  open: async (endpoint, directory, options) =>
    open(`s3://${BUCKET}/${directory}`, { endpoint }, options),
  isPut: (request) => request.method === "PUT" && !queryOf(request).has("partNumber"),
  isHead: ({ method }) => method === "HEAD",
  isGet: (request) => request.method === "GET" && !queryOf(request).has("list-type"),
  isList: (request) => queryOf(request).has("list-type"),
  isPart: (request) => queryOf(request).has("partNumber"),
  isComplete: (request) => request.method === "POST" && queryOf(request).has("uploadId"),
  takesPartsTwice: true,
  throttled: s3Answer(503, "SlowDown"),
  answers: [
    [s3Answer(403, "AccessDenied"), "permission_denied", /AccessDenied: told to.*s3:ListBucket/],
    [s3Answer(400, "ExpiredToken"), "permission_denied", /get a new one/],
    [s3Answer(403, "RequestTimeTooSkewed"), "permission_denied", /clock/],
    [s3Answer(404, "NoSuchBucket"), "not_found", /create the bucket/],
    [s3Answer(400, "AuthorizationHeaderMalformed"), "invalid_argument", /s3.region/],
    [s3Answer(404, "SomethingElse"), "invalid_argument", /SomethingElse/],
    [s3Answer(501, "NotImplemented"), "unsupported", /NotImplemented/],
    [s3Answer(429, "TooMany"), "resource_exhausted", /TooMany/],
    [s3Answer(507, "StorageFull"), "resource_exhausted", /StorageFull/],
    [s3Answer(500, "InternalError"), "unavailable", /InternalError/],
    [{ status: 502, body: "<html>Bad Gateway</html>" }, "unavailable", /cannot read/],
    [{ status: 404, body: "no such page" }, "invalid_argument", /cannot read/],
  ],
  raced: s3Answer(409, "ConditionalRequestConflict"),
});

testTablesIn({
  name: "S3",
  skip: skipWithoutS3Server,
  locate: () => ({
    location: `s3://${BUCKET}/${randomUUID()}/table`,
    storeOptions: { s3: { endpoint: server.url, credentials: S3_CREDENTIALS } },
  }),
});
