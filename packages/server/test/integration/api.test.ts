// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { connect } from "node:http2";
import { after, before, describe, it } from "node:test";
import { encodeCreateStreamFrame, GRPC_STATUS } from "@sluice/protocol";
import { type Clock, type SluiceServer, startServer, systemClock } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import {
  createTestTable,
  makeDirectory,
  requestToken,
  startTestServer,
  type TestServer,
  tokenFor,
} from "../support/test-server.ts";

const TABLE = "main.api.t";

describe("token and catalog endpoints", () => {
  let running: TestServer;
  let server: SluiceServer;

  before(async () => {
    running = await startTestServer();
    server = running.server;
    await createTestTable(server, TABLE, "id BIGINT NOT NULL, price DOUBLE, day DATE");
  });
  after(async () => running[Symbol.asyncDispose]());

  it("issue a bearer token that expires in an hour", async () => {
    const response = await requestToken(server, { table: TABLE });
    assert.equal(response.status, 200);
    const body = (await response.json()) as Record<string, unknown>;
    assert.equal(body["token_type"], "Bearer");
    assert.equal(body["expires_in"], 3600);
    assert.match(String(body["access_token"]), /^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it("refuse a wrong secret", async () => {
    const response = await requestToken(server, { clientSecret: "wrong" });
    assert.equal(response.status, 401);
    assert.equal(((await response.json()) as Record<string, unknown>)["error"], "invalid_client");
  });

  it("refuse ALL_PRIVILEGES", async () => {
    const response = await requestToken(server, { table: TABLE, privileges: ["ALL_PRIVILEGES"] });
    assert.equal(response.status, 400);
    const body = (await response.json()) as Record<string, unknown>;
    assert.equal(body["error"], "invalid_authorization_details");
  });

  it("answer behind a doubled slash and a base path", async () => {
    for (const path of ["//oidc/v1/token", "/base/oidc/v1/token"]) {
      const response = await fetch(`${server.workspaceUrl}${path}`, { method: "POST" });
      assert.equal(response.status, 401, path);
    }
  });

  it("answer over HTTP/2 as well", async () => {
    const session = connect(server.workspaceUrl);
    const token = await tokenFor(server, TABLE);
    const stream = session.request({
      ":path": `/api/2.1/unity-catalog/tables/${TABLE}`,
      authorization: `Bearer ${token}`,
    });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    session.close();
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    assert.equal(body["full_name"], TABLE);
  });

  it("describe a table as Unity Catalog does", async () => {
    const token = await tokenFor(server, TABLE);
    const response = await fetch(`${server.workspaceUrl}/api/2.1/unity-catalog/tables/${TABLE}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(response.status, 200);
    const body = (await response.json()) as { columns: Record<string, unknown>[]; name: string };
    assert.equal(body.name, "t");
    const shown = body.columns.map(({ name, type_name, type_text, nullable, position }) => ({
      name,
      type_name,
      type_text,
      nullable,
      position,
    }));
    assert.deepEqual(shown, [
      { name: "id", type_name: "LONG", type_text: "bigint", nullable: false, position: 0 },
      { name: "price", type_name: "DOUBLE", type_text: "double", nullable: true, position: 1 },
      { name: "day", type_name: "DATE", type_text: "date", nullable: true, position: 2 },
    ]);
    assert.deepEqual(JSON.parse(String(body.columns[0]?.["type_json"])), {
      name: "id",
      type: "long",
      nullable: false,
      metadata: {},
    });
  });

  it("refuse table metadata without a token, for an unknown table, and for another table's token", async () => {
    const url = `${server.workspaceUrl}/api/2.1/unity-catalog/tables/`;
    assert.equal((await fetch(url + TABLE)).status, 401);
    const authorization = `Bearer ${await tokenFor(server, "main.api.none")}`;
    assert.equal((await fetch(`${url}main.api.none`, { headers: { authorization } })).status, 404);
    assert.equal((await fetch(url + TABLE, { headers: { authorization } })).status, 403);
    assert.equal((await fetch(`${url}%E0%A4%A`, { headers: { authorization } })).status, 400);
  });

  it("answer an unknown path with 404 and a body over the limit with 413", async () => {
    assert.equal((await fetch(`${server.workspaceUrl}/nothing`)).status, 404);
    const body = "x".repeat(70_000);
    const response = await fetch(`${server.workspaceUrl}/oidc/v1/token`, { method: "POST", body });
    assert.equal(response.status, 413);
  });
});

describe("access tokens", () => {
  it("expire", async () => {
    let nowMs = Date.now();
    const clock: Clock = { ...systemClock, now: () => nowMs };
    await using running = await startTestServer({ tokenTtlSeconds: 60 }, { clock });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT");
    const token = await tokenFor(server, TABLE);
    nowMs += 61_000;
    const stream = new RawStream(server.endpoint, { token });
    stream.send(encodeCreateStreamFrame({ tableName: TABLE, recordType: 2 }));
    const status = await stream.status;
    assert.equal(status.code, GRPC_STATUS.UNAUTHENTICATED);
    assert.match(status.message, /expired; request another/);
    stream.close();
  });

  it("stay good over a restart, as do the credentials", async () => {
    const dataDirectory = await makeDirectory();
    const first = await startServer({ dataDirectory });
    await createTestTable(first, TABLE, "id BIGINT");
    const token = await tokenFor(first, TABLE);
    const { credentials } = first;
    await first.close();
    await using running = await startTestServer({ dataDirectory });
    assert.deepEqual(running.server.credentials, credentials);
    const stream = new RawStream(running.server.endpoint, { token });
    await stream.create(TABLE);
    stream.close();
  });
});

describe("server options", () => {
  it("refuse no authentication on an address that others can reach", async () => {
    const dataDirectory = await makeDirectory();
    await assert.rejects(startServer({ dataDirectory, auth: false, host: "0.0.0.0" }), {
      code: "invalid_argument",
    });
  });

  it("refuse a data directory that another server holds, naming the holder", async () => {
    await using running = await startTestServer();
    const second = startServer({ dataDirectory: running.dataDirectory });
    await assert.rejects(second, {
      name: "ServerError",
      code: "unavailable",
      message: new RegExp(`${process.pid}`),
    });
  });

  it("refuse a port that is taken", async () => {
    await using running = await startTestServer();
    const dataDirectory = await makeDirectory();
    const second = startServer({ dataDirectory, port: running.server.port });
    await assert.rejects(second, { code: "unavailable", message: /cannot listen/ });
  });
});
