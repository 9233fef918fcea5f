// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { encodeCreateStreamFrame, GRPC_STATUS } from "@sluice/protocol";
import { type CreatedClient, parseSecurable, type SluiceServer } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { createTestTable, startTestServer, type TestServer } from "../support/test-server.ts";

const TABLE = "main.grants.t";
const OTHER = "main.grants.other";

/** Asks for a token as the official clients do. */
function askForToken(server: SluiceServer, client: CreatedClient, table?: string) {
  const form = new URLSearchParams({ grant_type: "client_credentials", scope: "all-apis" });
  if (table !== undefined) {
    const [catalog = "", schema = ""] = table.split(".");
    const entries: readonly (readonly [string[], string, string])[] = [
      [["USE CATALOG"], "CATALOG", catalog],
      [["USE SCHEMA"], "SCHEMA", `${catalog}.${schema}`],
      [["SELECT", "MODIFY"], "TABLE", table],
    ];
    const details = entries.map(([privileges, object_type, object_full_path]) => ({
      type: "unity_catalog_privileges",
      privileges,
      object_type,
      object_full_path,
    }));
    form.set("authorization_details", JSON.stringify(details));
  }
  const basic = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString("base64");
  return fetch(`${server.workspaceUrl}/oidc/v1/token`, {
    method: "POST",
    headers: { authorization: `Basic ${basic}` },
    body: form,
  });
}

async function tokenOf(response: Response): Promise<string> {
  return ((await response.json()) as { access_token: string }).access_token;
}

async function namesAt(server: SluiceServer, path: string, token: string): Promise<unknown> {
  const response = await fetch(`${server.workspaceUrl}/api/2.1/unity-catalog/${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(response.status, 200, path);
  const body = (await response.json()) as Record<string, unknown>;
  const [items] = Object.values(body) as { name: string }[][];
  const names = items?.map(({ name }) => name);
  return body["next_page_token"] === undefined ? names : [names, body["next_page_token"]];
}

describe("a client of the catalog", () => {
  let running: TestServer;
  let server: SluiceServer;
  let client: CreatedClient;

  before(async () => {
    running = await startTestServer();
    server = running.server;
    for (const table of [TABLE, OTHER]) await createTestTable(server, table, "id BIGINT");
    client = await server.catalog.access.createClient("collector");
  });
  after(async () => running[Symbol.asyncDispose]());

  it("gets a token for what was granted, and writes with it until that is revoked", async () => {
    const { access } = server.catalog;
    const refused = await askForToken(server, client, TABLE);
    assert.equal(refused.status, 401);
    const body = (await refused.json()) as Record<string, unknown>;
    assert.equal(body["error"], "invalid_authorization_details");
    assert.match(String(body["error_description"]), /not authorized/);
    assert.ok(body["request_id"] !== undefined);

    await access.grant("collector", ["USE CATALOG"], parseSecurable("main"));
    await access.grant("collector", ["USE SCHEMA"], parseSecurable("main.grants"));
    await access.grant("collector", ["ALL PRIVILEGES"], parseSecurable(TABLE));
    assert.equal((await askForToken(server, client, TABLE)).status, 401);
    await access.grant("collector", ["SELECT", "MODIFY"], parseSecurable(TABLE));
    const token = await tokenOf(await askForToken(server, client, TABLE));
    const stream = new RawStream(server.endpoint, { token });
    await stream.create(TABLE);
    stream.sendJson(0, { id: 1 });
    await stream.acked(0);
    assert.equal((await askForToken(server, client, OTHER)).status, 401);

    await access.revoke("collector", ["MODIFY"], parseSecurable(TABLE));
    const late = new RawStream(server.endpoint, { token });
    late.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 2 }));
    const status = await late.status;
    assert.equal(status.code, GRPC_STATUS.PERMISSION_DENIED);
    assert.equal(
      status.message,
      `Authorization token is missing MODIFY privilege for a table ${TABLE}. Error Code: 3, Error State: 0.`,
    );
    for (const ended of [stream, late]) ended.close();
  });

  it("lists what it may see, and the server's own identity everything", async () => {
    const token = await tokenOf(await askForToken(server, client));
    const own = await tokenOf(await askForToken(server, server.credentials as CreatedClient));
    const inSchema = "tables?catalog_name=main&schema_name=grants";
    assert.deepEqual(await namesAt(server, "catalogs", own), ["main"]);
    assert.deepEqual(await namesAt(server, "schemas?catalog_name=main", own), ["grants"]);
    assert.deepEqual(await namesAt(server, inSchema, own), ["other", "t"]);
    assert.deepEqual(await namesAt(server, `${inSchema}&max_results=1`, own), [["other"], "1"]);
    const second = `${inSchema}&max_results=1&page_token=1`;
    assert.deepEqual(await namesAt(server, second, own), ["t"]);
    assert.deepEqual(await namesAt(server, "catalogs", token), ["main"]);
    assert.deepEqual(await namesAt(server, inSchema, token), ["t"]);
    const headers = { authorization: `Bearer ${token}` };
    const base = `${server.workspaceUrl}/api/2.1/unity-catalog`;
    assert.equal((await fetch(`${base}/tables/${OTHER}`, { headers })).status, 403);
    assert.equal((await fetch(`${base}/tables/${TABLE}`, { headers })).status, 200);
    assert.equal((await fetch(`${base}/schemas`, { headers })).status, 400);
    assert.equal((await fetch(`${base}/catalogs`)).status, 401);
    assert.equal((await fetch(`${base}/catalogs`, { method: "POST", headers })).status, 405);
    assert.equal((await fetch(`${base}/functions`, { headers })).status, 404);
  });

  it("is refused with a secret that was replaced", async () => {
    const rotated = await server.catalog.access.rotateClient("collector");
    assert.equal((await askForToken(server, client)).status, 401);
    assert.equal((await askForToken(server, rotated)).status, 200);
  });
});

describe("a table that is taken out of the catalog", () => {
  it("ends its streams, keeps what was acknowledged, and can be registered again", async () => {
    await using own = await startTestServer({ auth: false, commitIntervalMs: 3_600_000 });
    const { catalog } = own.server;
    await createTestTable(own.server, TABLE, "id BIGINT");
    const stream = new RawStream(own.server.endpoint);
    await stream.create(TABLE);
    stream.sendJson(0, { id: 1 });
    await stream.acked(0);
    const { location } = await catalog.unregister(TABLE);
    const status = await stream.status;
    assert.equal(status.code, GRPC_STATUS.NOT_FOUND);
    assert.match(status.message, /taken out of the catalog/);
    await own.server.flush();
    await catalog.register(TABLE, location);
    const table = await catalog.openTable(TABLE);
    // The drop commits in the background what the stream had acknowledged.
    while ((await table.refresh()).version === 0)
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await table.countRows(), 1);
    const again = new RawStream(own.server.endpoint);
    await again.create(TABLE);
    for (const ended of [stream, again]) ended.close();
  });
});
