// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as vendor from "@azure/storage-blob";
import { connectToAzure } from "../../../src/store/azure-credentials.ts";
import type { AzureLocation } from "../../../src/store/store-location.ts";
import { parseStoreLocation } from "../../../src/store/store-location.ts";
import { rejectsWith } from "../../support/table-checks.ts";

const KEY = Buffer.from("key").toString("base64");
const CONNECTION = `DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=${KEY};EndpointSuffix=core.windows.net`;

function locate(text: string): AzureLocation {
  const parsed = parseStoreLocation(text);
  assert.ok(parsed.kind === "azure");
  return parsed.location;
}

const LAKE = locate("abfss://lake@acme.dfs.core.windows.net/t");
const SHORT = locate("az://lake/t");

describe("connectToAzure", () => {
  test("finds the account in location, options and environment", async () => {
    const urlOf = async (...values: Parameters<typeof connectToAzure>): Promise<string> =>
      (await connectToAzure(...values)).url;
    const expected = "https://acme.blob.core.windows.net/";
    const sas = { sasToken: "?sig=x" };
    assert.equal(await urlOf(vendor, LAKE, { accountKey: KEY }, {}), expected);
    assert.equal(await urlOf(vendor, LAKE, sas, {}), `${expected}?sig=x`);
    const account = { accountName: "acme", accountKey: KEY };
    assert.equal(await urlOf(vendor, SHORT, account, {}), expected);
    const name = { AZURE_STORAGE_ACCOUNT_NAME: "acme" };
    assert.equal(await urlOf(vendor, SHORT, { accountKey: KEY }, name), expected);
    const named = { AZURE_STORAGE_CONNECTION_STRING: CONNECTION };
    assert.equal(await urlOf(vendor, SHORT, {}, named), expected);
    // Another account's name in the environment does not lead away from the location.
    const other = { AZURE_STORAGE_ACCOUNT: "other", AZURE_STORAGE_KEY: KEY };
    assert.equal(await urlOf(vendor, LAKE, {}, other), expected);
  });

  test("prefers what is given to the environment", async () => {
    const environment = { AZURE_STORAGE_CONNECTION_STRING: CONNECTION.replace("acme", "other") };
    const client = await connectToAzure(vendor, LAKE, { accountKey: KEY }, environment);
    assert.equal(client.accountName, "acme");
  });

  test("takes a credential of its own, and the chain where nothing is given", async () => {
    const credential = { getToken: async () => null };
    const client = await connectToAzure(vendor, LAKE, { credential }, {});
    assert.equal(client.credential, credential);
    const chained = await connectToAzure(vendor, LAKE, {}, {});
    assert.equal(chained.credential.constructor.name, "DefaultAzureCredential");
  });

  test("refuses what cannot work, before any request", async () => {
    const named = { AZURE_STORAGE_CONNECTION_STRING: CONNECTION.replace("acme", "other") };
    const refusals: readonly (readonly [Promise<unknown>, RegExp])[] = [
      [connectToAzure(vendor, SHORT, { accountKey: KEY }, {}), /does not name the storage account/],
      [connectToAzure(vendor, LAKE, {}, named), /for the account "other".*in "acme"/],
      [connectToAzure(vendor, SHORT, { endpoint: "http://127.0.0.1:1/a" }, {}), /use https/],
      [connectToAzure(vendor, LAKE, { connectionString: "nonsense" }, {}), /connection string/],
    ];
    for (const [refusal, message] of refusals) {
      await rejectsWith(refusal, "invalid_argument", message);
    }
  });
});
