// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Producer, RecordType, ZerobusError, ZerobusSdk } from "@sluice/client";
import { ScriptedServer, serveEverything, type StreamScript, TokenServer } from "@sluice/testkit";
import { hasCode, TABLE } from "./helpers.ts";

const OPTIONS = { recordType: RecordType.Json, recoveryBackoffMs: 5 };

const unauthenticated: StreamScript = (call) => call.end("UNAUTHENTICATED", "bad token");

test("asks for a token as the service wants it", async () => {
  await using server = await ScriptedServer.start();
  await using tokens = await TokenServer.start();
  const sdk = new ZerobusSdk(server.url, `${tokens.url}/base/`);
  const stream = await sdk.createStream({ tableName: TABLE }, "client", "se:cret", OPTIONS);
  const request = tokens.requests[0];
  assert.equal(request?.path, "POST /base/oidc/v1/token");
  assert.equal(request?.authorization, `Basic ${Buffer.from("client:se:cret").toString("base64")}`);
  assert.equal(request?.contentType, "application/x-www-form-urlencoded");
  assert.equal(request?.form.get("grant_type"), "client_credentials");
  assert.equal(request?.form.get("scope"), "all-apis");
  assert.equal(
    request?.form.get("resource"),
    "api://databricks/workspaces/127/zerobusDirectWriteApi",
  );
  assert.deepEqual(JSON.parse(request?.form.get("authorization_details") ?? ""), [
    {
      type: "unity_catalog_privileges",
      privileges: ["USE CATALOG"],
      object_type: "CATALOG",
      object_full_path: "main",
    },
    {
      type: "unity_catalog_privileges",
      privileges: ["USE SCHEMA"],
      object_type: "SCHEMA",
      object_full_path: "main.test",
    },
    {
      type: "unity_catalog_privileges",
      privileges: ["SELECT", "MODIFY"],
      object_type: "TABLE",
      object_full_path: TABLE,
      operations: ["zerobuswrite"],
    },
  ]);
  assert.equal(server.streams[0]?.headers.authorization, "Bearer token-0");
  await stream.close();
});

test("shares one token between streams", async () => {
  await using server = await ScriptedServer.start();
  await using tokens = await TokenServer.start();
  const sdk = new ZerobusSdk(server.url, tokens.url);
  const open = () => sdk.createStream({ tableName: TABLE }, "a", "b", OPTIONS);
  const streams = [...(await Promise.all([open(), open()])), await open()];
  assert.equal(tokens.requests.length, 1);
  await Promise.all(streams.map((stream) => stream.close()));
});

test("tries once more with a new token when the first is refused", async () => {
  await using server = await ScriptedServer.start([unauthenticated, serveEverything]);
  await using tokens = await TokenServer.start();
  const sdk = new ZerobusSdk(server.url, tokens.url);
  const stream = await sdk.createStream({ tableName: TABLE }, "a", "b", OPTIONS);
  assert.equal(server.streams[1]?.headers.authorization, "Bearer token-1");
  await stream.close();
});

test("gives up when the new token is refused too", async () => {
  await using server = await ScriptedServer.start([unauthenticated]);
  await using tokens = await TokenServer.start();
  const sdk = new ZerobusSdk(server.url, tokens.url);
  await assert.rejects(
    sdk.createStream({ tableName: TABLE }, "a", "b", OPTIONS),
    hasCode("unauthenticated", "bad token"),
  );
  assert.equal(server.streams.length, 2);
  assert.equal(tokens.requests.length, 2);
});

test("takes a 4xx of the token endpoint as final and a 5xx as passing", async () => {
  await using server = await ScriptedServer.start();
  await using tokens = await TokenServer.start();
  const sdk = new ZerobusSdk(server.url, tokens.url);
  tokens.answer = () => ({ status: 401, body: { error: "invalid_client" } });
  await assert.rejects(
    sdk.createStream({ tableName: TABLE }, "a", "b", OPTIONS),
    hasCode("unauthenticated", "Client error (401)"),
  );
  assert.equal(tokens.requests.length, 1);
  tokens.answer = (index) =>
    index < 3 ? { status: 503, body: "down" } : { body: { access_token: "late" } };
  const stream = await sdk.createStream({ tableName: TABLE }, "a", "b", OPTIONS);
  assert.equal(tokens.requests.length, 4);
  assert.equal(server.streams[0]?.headers.authorization, "Bearer late");
  await stream.close();
});

test("keeps secrets that the token service repeats out of errors, events and log lines", async () => {
  const clientSecret = "s3cret/with+odd=chars";
  const basic = Buffer.from(`client:${clientSecret}`).toString("base64");
  await using server = await ScriptedServer.start([unauthenticated]);
  for (const status of [400, 500]) {
    await using tokens = await TokenServer.start();
    tokens.answer = (index) => {
      const request = tokens.requests.at(-1);
      return index === 0
        ? { body: { access_token: "opaque.first-token", expires_in: 3600 } }
        : {
            status,
            body: `got ${request?.authorization} with ${request?.form.toString()} for client:${clientSecret}, had opaque.first-token; access_token=other; eyJhbGciOi.eyJzdWIi.c2ln`,
          };
    };
    const told: string[] = [];
    const tell = (what: unknown): void => void told.push(inspect(what, { depth: 20 }));
    const logger = { trace: tell, debug: tell, info: tell, warn: tell, error: tell };
    const options = {
      endpoint: server.url,
      unityCatalogUrl: tokens.url,
      table: TABLE,
      auth: { clientId: "client", clientSecret },
      retry: { firstDelayMs: 1, maxAttempts: 2 },
      logger,
      onEvent: tell,
      onError: tell,
    };
    await assert.rejects(Producer.open(options), (error) => {
      tell(error);
      return error instanceof ZerobusError && error.details.httpStatus === status;
    });
    assert.match(told.join("\n"), /with grant_type=client_credentials/);
    for (const secret of [clientSecret, basic, "opaque.first-token", "=other", "eyJhbGciOi"]) {
      assert.ok(!told.join("\n").includes(secret), `${secret} was told`);
    }
  }
});

test("refuses a table name without three parts before asking for a token", async () => {
  const sdk = new ZerobusSdk("http://127.0.0.1:1", "http://127.0.0.1:1");
  for (const tableName of ["a", "a.b", "a.b.c.d", "a..c", ".b.c", ""]) {
    await assert.rejects(
      sdk.createStream({ tableName }, "a", "b", OPTIONS),
      hasCode("invalid_argument", "three non-empty parts"),
    );
  }
});

test("names a headers provider that returns something else than pairs", async () => {
  const sdk = new ZerobusSdk("http://127.0.0.1:1", "http://127.0.0.1:1");
  const open = (headers: unknown) =>
    sdk.createStream({ tableName: TABLE }, "", "", OPTIONS, {
      getHeadersCallback: () => headers as [string, string][],
    });
  await assert.rejects(open({ authorization: "x" }), hasCode("invalid_argument", "array"));
  await assert.rejects(open([["x", "a\nb"]]), hasCode("invalid_argument", "cannot be sent"));
  await assert.rejects(open([[":path", "/"]]), hasCode("invalid_argument", "cannot be sent"));
});
