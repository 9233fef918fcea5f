// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkHealth, type HealthCheck } from "@sluice/client";
import { ScriptedServer, type StreamScript, TokenServer } from "@sluice/testkit";
import { TABLE } from "./helpers.ts";

const summary = (check: HealthCheck): string =>
  check.ok ? "ok" : `${check.phase} ${check.category} ${check.error.code}`;

test("says that all is well after opening and closing a stream, with nothing sent", async () => {
  await using server = await ScriptedServer.start();
  const check = await checkHealth({ endpoint: server.url, table: TABLE, auth: "none" });
  assert.equal(check.ok && check.streamId, "test-stream-0");
  const call = await server.stream(0);
  await call.untilClosed();
  assert.deepEqual([call.halfClosed, call.messages.length], [true, 0]);
});

test("says in which phase what failed, after one attempt", async () => {
  const refuse: StreamScript = async (call) => {
    call.respond();
    await call.created();
    call.end("PERMISSION_DENIED", "no grant");
  };
  await using server = await ScriptedServer.start([refuse]);
  await using tokens = await TokenServer.start();
  const base = { endpoint: server.url, table: TABLE } as const;
  const oauth = {
    unityCatalogUrl: tokens.url,
    auth: { clientId: "id", clientSecret: "secret" },
  } as const;
  assert.equal(
    summary(await checkHealth({ ...base, auth: "none", table: "nothing" })),
    "options configuration invalid_argument",
  );
  assert.equal(summary(await checkHealth({ ...base, ...oauth })), "open auth permission_denied");
  assert.equal(server.streams.length, 1);
  tokens.answer = () => ({ status: 401, body: { error: "invalid_client" } });
  assert.equal(
    summary(await checkHealth({ ...base, ...oauth })),
    "authenticate auth unauthenticated",
  );
  await server.close();
  assert.equal(
    summary(await checkHealth({ ...base, auth: "none" })),
    "open connection unavailable",
  );
});
