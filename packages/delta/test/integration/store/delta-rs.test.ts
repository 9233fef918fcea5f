// SPDX-License-Identifier: Apache-2.0
// delta-rs on tables that lie in object stores, with clients of stores that are not ours.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { openStore, type StoreOptions } from "../../../src/store/open-store.ts";
import { createTable } from "../../../src/table/create-table.ts";
import type { DeltaTable } from "../../../src/table/delta-table.ts";
import {
  AZURE_ACCOUNT,
  S3_CREDENTIALS,
  skipWithoutAzureServer,
  skipWithoutS3Server,
  startAzureServer,
  startS3Server,
} from "../../support/object-servers.ts";
import { runPython, skipWithoutPython } from "../../support/python.ts";
import { allRows } from "../../support/table-checks.ts";
import { SCHEMA, writeFile } from "./tables.ts";

const APPEND_PROCESS = fileURLToPath(new URL("../../support/append-process.js", import.meta.url));

async function createWithRows(location: string, storeOptions: StoreOptions): Promise<DeltaTable> {
  const table = await createTable({ location, schema: SCHEMA, storeOptions });
  const store = await openStore(location, storeOptions);
  await table.append({ files: [await writeFile(store, ["a", "b"])] });
  return table;
}

function runDeltaRs(location: string, options: object, count: number): unknown {
  return JSON.parse(runPython("delta/in_store.py", location, JSON.stringify(options), `${count}`));
}

describe("delta-rs", { skip: skipWithoutPython }, () => {
  test("shares a table in S3, also at the same time", { skip: skipWithoutS3Server }, async () => {
    await using server = await startS3Server();
    const s3 = { endpoint: server.url, region: "us-east-1", credentials: S3_CREDENTIALS };
    await new S3Client({ ...s3, forcePathStyle: true }).send(
      new CreateBucketCommand({ Bucket: "tables" }),
    );
    const location = "s3://tables/a table";
    const table = await createWithRows(location, { s3 });
    const environment = {
      AWS_ENDPOINT_URL: server.url,
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
    };
    const options = { ...environment, AWS_ALLOW_HTTP: "true" };
    assert.deepEqual(runDeltaRs(location, options, 0), [
      { id: 0, name: "a" },
      { id: 1, name: "b" },
    ]);
    assert.deepEqual(runDeltaRs(location, options, 2), [2, 3]);
    await table.refresh();
    const names = (await allRows(table.scan())).map(({ name }) => name);
    assert.deepEqual(names, ["a", "b", "delta-rs 0", "delta-rs 1"]);

    const ours = promisify(execFile)(process.execPath, [APPEND_PROCESS, location, "ours", "20"], {
      env: { ...process.env, ...environment },
    });
    runDeltaRs(location, options, 5);
    const { stdout } = await ours;
    assert.deepEqual(JSON.parse(stdout), { committedCount: 20, repeatedCount: 20 });
    const { version, files } = await table.refresh();
    assert.deepEqual([version, files.fileCount], [3 + 25, 3 + 25]);
  });

  test("reads a table in Azure", { skip: skipWithoutAzureServer }, async () => {
    await using server = await startAzureServer();
    const { accountName, accountKey } = AZURE_ACCOUNT;
    const endpoint = `${server.url}/${accountName}`;
    const credential = new StorageSharedKeyCredential(accountName, accountKey);
    await new BlobServiceClient(endpoint, credential).createContainer("tables");
    const location = "az://tables/t";
    await createWithRows(location, { azure: { endpoint, ...AZURE_ACCOUNT } });
    const options = {
      azure_storage_account_name: accountName,
      azure_storage_account_key: accountKey,
      azure_endpoint: endpoint,
      allow_http: "true",
    };
    assert.deepEqual(runDeltaRs(location, options, 0), [
      { id: 0, name: "a" },
      { id: 1, name: "b" },
    ]);
  });
});
