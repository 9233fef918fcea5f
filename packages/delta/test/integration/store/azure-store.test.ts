// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { AzureOptions } from "../../../src/store/azure-options.ts";
import { openAzureStore } from "../../../src/store/azure-store.ts";
import type { ObjectStore } from "../../../src/store/object-store.ts";
import type { RemoteStoreOptions } from "../../../src/store/remote-store.ts";
import { parseStoreLocation } from "../../../src/store/store-location.ts";
import type { FaultAnswer, ProxiedRequest } from "../../support/fault-proxy.ts";
import {
  AZURE_ACCOUNT,
  type ObjectServer,
  skipWithoutAzureServer,
  startAzureServer,
} from "../../support/object-servers.ts";
import { rejectsWith } from "../../support/table-checks.ts";
import { bytesOf, testStoreContract, textOf } from "./contract.ts";
import { testStoreFaults } from "./faults.ts";
import { testTablesIn } from "./tables.ts";

const CONTAINER = "tables";
const { accountName, accountKey } = AZURE_ACCOUNT;
let server: ObjectServer;

const endpointOf = (baseUrl: string): string => `${baseUrl}/${accountName}`;

before(async () => {
  if (skipWithoutAzureServer !== false) return;
  server = await startAzureServer();
  const credential = new StorageSharedKeyCredential(accountName, accountKey);
  const service = new BlobServiceClient(endpointOf(server.url), credential);
  await service.createContainer(CONTAINER);
});

after(async () => server?.[Symbol.asyncDispose]());

async function open(
  location: string,
  azure: AzureOptions = {},
  options: RemoteStoreOptions = {},
): Promise<ObjectStore> {
  const parsed = parseStoreLocation(location);
  assert.ok(parsed.kind === "azure");
  return openAzureStore(
    parsed.location,
    { endpoint: endpointOf(server.url), ...AZURE_ACCOUNT, ...azure },
    options,
  );
}

testStoreContract({
  name: "Azure",
  skip: skipWithoutAzureServer,
  open: async () => open(`az://${CONTAINER}/${randomUUID()}/a table=1`, {}, { listPageSize: 100 }),
  listedCount: 250,
});

describe("Azure", { skip: skipWithoutAzureServer }, () => {
  test("lets in with a SAS token and with a connection string", async () => {
    const credential = new StorageSharedKeyCredential(accountName, accountKey);
    const sasToken = generateBlobSASQueryParameters(
      {
        containerName: CONTAINER,
        permissions: ContainerSASPermissions.parse("racwdl"),
        expiresOn: new Date(Date.now() + 3_600_000),
      },
      credential,
    ).toString();
    const BlobEndpoint = endpointOf(server.url);
    const connectionString = `DefaultEndpointsProtocol=http;AccountName=${accountName};AccountKey=${accountKey};BlobEndpoint=${BlobEndpoint};`;
    const ways: readonly AzureOptions[] = [
      { endpoint: BlobEndpoint, sasToken },
      { endpoint: BlobEndpoint, sasToken: `?${sasToken}` },
      { connectionString },
    ];
    for (const azure of ways) {
      const parsed = parseStoreLocation(`az://${CONTAINER}/${randomUUID()}`);
      assert.ok(parsed.kind === "azure");
      const store = await openAzureStore(parsed.location, azure);
      assert.deepEqual(await store.putIfAbsent("a", bytesOf("a")), { kind: "created" });
      assert.deepEqual(await store.putIfAbsent("a", bytesOf("b")), { kind: "exists" });
      assert.equal(textOf(await store.get("a")), "a");
    }
  });

  test("names what is wrong with container and credentials", async () => {
    const noRetries = { retry: { maxAttempts: 1 } };
    const missing = await open("az://missing-container/t", {}, noRetries);
    await rejectsWith(
      missing.put("x", bytesOf("x")),
      "not_found",
      /ContainerNotFound.*create the container/,
    );
    await rejectsWith(missing.list(""), "not_found", /ContainerNotFound/);
    await rejectsWith(missing.get("x"), "not_found", /ContainerNotFound/);
    const wrongKey = Buffer.from("wrong").toString("base64");
    const denied = await open(`az://${CONTAINER}/t`, { accountKey: wrongKey }, noRetries);
    await rejectsWith(denied.get("x"), "permission_denied", /Authenti|Authorization/);
  });

  test("passes over the blobs that stand for directories in accounts that have them", async () => {
    const directory = randomUUID();
    const credential = new StorageSharedKeyCredential(accountName, accountKey);
    const container = new BlobServiceClient(endpointOf(server.url), credential).getContainerClient(
      CONTAINER,
    );
    const metadata = { hdi_isfolder: "true" };
    await container.getBlockBlobClient(`${directory}/d`).upload("", 0, { metadata });
    const store = await open(`az://${CONTAINER}/${directory}`);
    await store.put("d/x", bytesOf("x"));
    assert.equal(await store.get("d"), undefined);
    assert.equal(await store.head("d"), undefined);
    assert.deepEqual(await store.list(""), ["d"]);
    const paths: string[] = [];
    for await (const { path } of store.listAll("")) paths.push(path);
    assert.deepEqual(paths, ["d/x"]);
  });
});

function azureAnswer(status: number, code: string): FaultAnswer {
  return {
    status,
    headers: { "content-type": "application/xml", "x-ms-error-code": code },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>told to</Message></Error>`,
  };
}

const compOf = ({ url }: ProxiedRequest): string | null =>
  new URL(url, "http://proxy").searchParams.get("comp");

testStoreFaults({
  name: "Azure",
  skip: skipWithoutAzureServer,
  upstream: () => server.url,
  open: async (baseUrl, directory, options) =>
    open(`az://${CONTAINER}/${directory}`, { endpoint: endpointOf(baseUrl) }, options),
  isPut: (request) => request.method === "PUT" && compOf(request) === null,
  isHead: ({ method }) => method === "HEAD",
  isGet: (request) => request.method === "GET" && compOf(request) === null,
  isList: (request) => request.method === "GET" && compOf(request) === "list",
  isPart: (request) => compOf(request) === "block",
  isComplete: (request) => compOf(request) === "blocklist",
  takesPartsTwice: true,
  throttled: azureAnswer(503, "ServerBusy"),
  answers: [
    [azureAnswer(403, "AuthenticationFailed"), "permission_denied", /account key or the SAS/],
    [azureAnswer(403, "AuthorizationPermissionMismatch"), "permission_denied", /Contributor/],
    [azureAnswer(404, "ContainerNotFound"), "not_found", /create the container/],
    [azureAnswer(404, "SomethingElse"), "invalid_argument", /SomethingElse/],
    [azureAnswer(412, "LeaseIdMissing"), "invalid_argument", /leased/],
    [azureAnswer(429, "TooMany"), "resource_exhausted", /TooMany/],
    [azureAnswer(500, "OperationTimedOut"), "unavailable", /OperationTimedOut/],
    [{ status: 502, body: "<html>Bad Gateway</html>" }, "unavailable", /cannot read/],
    [{ status: 404, body: "no such page" }, "invalid_argument", /cannot read/],
  ],
});

testTablesIn({
  name: "Azure",
  skip: skipWithoutAzureServer,
  locate: () => ({
    location: `az://${CONTAINER}/${randomUUID()}/table`,
    storeOptions: { azure: { endpoint: endpointOf(server.url), ...AZURE_ACCOUNT } },
  }),
});
