// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import {
  AZURE_ACCOUNT,
  type ObjectServer,
  S3_CREDENTIALS,
  skipWithoutAzureServer,
  skipWithoutGcsServer,
  skipWithoutS3Server,
  startAzureServer,
  startGcsServer,
  startS3Server,
} from "../../support/object-servers.ts";
import { testConflictsIn } from "./conflicts.ts";

const CONTAINER = "tables";
const directories: string[] = [];
const servers: ObjectServer[] = [];

after(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

async function kept(server: Promise<ObjectServer>): Promise<string> {
  const started = await server;
  servers.push(started);
  return started.url;
}

testConflictsIn({
  name: "a directory",
  skip: false,
  locate: async () => {
    const directory = await mkdtemp(join(tmpdir(), "sluice-conflicts-"));
    directories.push(directory);
    return { location: join(directory, "a table"), storeOptions: {}, deltaRsOptions: {} };
  },
});

testConflictsIn({
  name: "S3",
  skip: skipWithoutS3Server,
  locate: async () => {
    const endpoint = await kept(startS3Server());
    const s3 = { endpoint, region: "us-east-1", credentials: S3_CREDENTIALS };
    const client = new S3Client({ ...s3, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: CONTAINER }));
    client.destroy();
    return {
      location: `s3://${CONTAINER}/a table`,
      storeOptions: { s3 },
      deltaRsOptions: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: s3.region,
        AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
        AWS_ALLOW_HTTP: "true",
      },
    };
  },
});

testConflictsIn({
  name: "Azure",
  skip: skipWithoutAzureServer,
  locate: async () => {
    const { accountName, accountKey } = AZURE_ACCOUNT;
    const endpoint = `${await kept(startAzureServer())}/${accountName}`;
    const credential = new StorageSharedKeyCredential(accountName, accountKey);
    await new BlobServiceClient(endpoint, credential).createContainer(CONTAINER);
    return {
      location: `az://${CONTAINER}/t`,
      storeOptions: { azure: { endpoint, ...AZURE_ACCOUNT } },
      deltaRsOptions: {
        azure_storage_account_name: accountName,
        azure_storage_account_key: accountKey,
        azure_endpoint: endpoint,
        allow_http: "true",
      },
    };
  },
});

testConflictsIn({
  name: "GCS",
  skip: skipWithoutGcsServer,
  locate: async () => {
    const endpoint = await kept(startGcsServer());
    const response = await fetch(`${endpoint}/storage/v1/b?project=test`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: CONTAINER }),
    });
    assert.ok(response.ok);
    return {
      location: `gs://${CONTAINER}/t`,
      storeOptions: { gcs: { endpoint, isAnonymous: true } },
      // It lists by the XML API, which this server does not have.
      deltaRsOptions: undefined,
    };
  },
});
