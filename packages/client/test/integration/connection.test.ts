// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  RecordType,
  ZerobusError,
  ZerobusSdk,
  type ZerobusSdkOptions,
  type ZerobusStream,
} from "@sluice/client";
import {
  ConnectProxy,
  ScriptedServer,
  serveEverything,
  TEST_CA_CERTIFICATE,
  TEST_CATALOG_HOST,
  TEST_SERVICE_HOST,
  TokenServer,
} from "@sluice/testkit";
import { hasCode, HEADERS_PROVIDER, TABLE } from "./helpers.ts";

const OPTIONS = { recordType: RecordType.Json, recoveryBackoffMs: 5 };
const PROXY_NAMES = ["grpc_proxy", "https_proxy", "http_proxy", "no_proxy", "no_grpc_proxy"];

/** Sets proxy variables for the making and use of an SDK; tests in this file run one after another. */
async function withEnvironment(
  values: Readonly<Record<string, string>>,
  use: () => Promise<void>,
): Promise<void> {
  const names = PROXY_NAMES.flatMap((name) => [name, name.toUpperCase()]);
  const saved = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) delete process.env[name];
  Object.assign(process.env, values);
  try {
    await use();
  } finally {
    for (const [name, value] of saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function openWith(endpoint: string, options?: ZerobusSdkOptions): Promise<ZerobusStream> {
  const sdk = new ZerobusSdk(endpoint, "http://unused.invalid", options);
  return sdk.createStream(
    { tableName: TABLE },
    "",
    "",
    { ...OPTIONS, recoveryRetries: 0 },
    HEADERS_PROVIDER,
  );
}

test("speaks TLS with a given authority, with and without a scheme", async () => {
  await using server = await ScriptedServer.start([serveEverything], { secure: true });
  for (const endpoint of [`https://localhost:${server.port}`, `127.0.0.1:${server.port}`]) {
    const stream = await openWith(endpoint, { ca: TEST_CA_CERTIFICATE });
    await stream.ingestRecord("a");
    await stream.close();
  }
  assert.equal(server.streams[0]?.headers[":scheme"], "https");
});

test("refuses a certificate of an unknown authority, or for another name", async () => {
  await using server = await ScriptedServer.start([serveEverything], { secure: true });
  await assert.rejects(openWith(server.url), hasCode("unavailable", "TLS"));
  await assert.rejects(openWith(server.url), hasCode("unavailable", "tls.ca"));
  await assert.rejects(
    openWith(server.url, { tls: { ca: TEST_CA_CERTIFICATE, servername: "other.test" } }),
    hasCode("unavailable", "other.test"),
  );
  await assert.rejects(
    openWith(server.url, { tls: { ca: TEST_CA_CERTIFICATE, servername: "other.test" } }),
    hasCode("unavailable", "a host that the certificate names"),
  );
  assert.equal(server.streams.length, 0);
});

test("names the address it cannot reach", async () => {
  const server = await ScriptedServer.start();
  const { url, port } = server;
  await server.close();
  await assert.rejects(openWith(url), hasCode("unavailable", `127.0.0.1:${port}`));
});

test("reaches production-like addresses through a proxy, for the token and for the stream", async () => {
  await using server = await ScriptedServer.start([serveEverything], { secure: true });
  await using tokens = await TokenServer.start({ secure: true });
  await using proxy = await ConnectProxy.start();
  proxy.routes.set(`${TEST_SERVICE_HOST}:443`, server.port);
  proxy.routes.set(`${TEST_CATALOG_HOST}:443`, tokens.port);
  const proxyUrl = proxy.url.replace("http://", "http://user:p%40ss@");
  await withEnvironment({ https_proxy: proxyUrl }, async () => {
    const sdk = new ZerobusSdk(`https://${TEST_SERVICE_HOST}`, `https://${TEST_CATALOG_HOST}`, {
      ca: TEST_CA_CERTIFICATE,
    });
    const stream = await sdk.createStream({ tableName: TABLE }, "id", "secret", OPTIONS);
    await stream.ingestRecord("a");
    await stream.close();
  });
  assert.deepEqual(proxy.tunnels, [`${TEST_CATALOG_HOST}:443`, `${TEST_SERVICE_HOST}:443`]);
  assert.equal(proxy.authorizations[1], `Basic ${Buffer.from("user:p@ss").toString("base64")}`);
  assert.equal(server.streams[0]?.headers[":authority"], TEST_SERVICE_HOST);
  assert.equal(
    tokens.requests[0]?.form.get("resource"),
    "api://databricks/workspaces/1234567890123456/zerobusDirectWriteApi",
  );
});

test("tunnels plaintext connections too, unless the host is excepted", async () => {
  await using server = await ScriptedServer.start();
  await using proxy = await ConnectProxy.start();
  await withEnvironment({ grpc_proxy: proxy.url }, async () => {
    const stream = await openWith(server.url);
    await stream.close();
  });
  assert.deepEqual(proxy.tunnels, [`127.0.0.1:${server.port}`]);
  for (const exception of ["no_proxy", "no_grpc_proxy"]) {
    await withEnvironment({ grpc_proxy: proxy.url, [exception]: "127.0.0.1" }, async () => {
      const stream = await openWith(server.url);
      await stream.close();
    });
  }
  assert.equal(proxy.tunnels.length, 1);
});

test("reports a proxy that refuses", async () => {
  await using server = await ScriptedServer.start();
  await using proxy = await ConnectProxy.start();
  const cases = { 403: "no_proxy", 407: "user and password", 502: "no_proxy" };
  await withEnvironment({ grpc_proxy: proxy.url }, async () => {
    for (const [status, advice] of Object.entries(cases)) {
      proxy.refuseWith = Number(status);
      await assert.rejects(openWith(server.url), (error) => {
        assert.ok(error instanceof ZerobusError);
        assert.equal(error.code, "unavailable");
        assert.equal(error.details.httpStatus, Number(status));
        return error.message.includes(`HTTP status ${status}`) && error.message.includes(advice);
      });
    }
  });
});

test("gives a hung connection up by keepalive and resends on another", async () => {
  await using proxy = await ConnectProxy.start();
  await using server = await ScriptedServer.start([
    async (call) => {
      await call.accept();
      await call.received(1);
      proxy.freeze();
    },
    serveEverything,
  ]);
  await withEnvironment({ grpc_proxy: proxy.url }, async () => {
    const sdk = new ZerobusSdk(server.url, "http://unused.invalid", {
      keepaliveIntervalMs: 20,
      keepaliveTimeoutMs: 20,
    });
    const stream = await sdk.createStream({ tableName: TABLE }, "", "", OPTIONS, HEADERS_PROVIDER);
    await stream.ingestRecordOffset("a");
    await stream.flush();
    assert.equal(stream.reconnects, 1);
    await stream.close();
  });
  assert.equal(server.connectionCount, 2);
});
