// SPDX-License-Identifier: Apache-2.0
import type { BlobServiceClient, StoragePipelineOptions } from "@azure/storage-blob";
import { DeltaError } from "../delta-error.ts";
import type { AzureOptions, AzureTokenCredential } from "./azure-options.ts";
import { loadVendor } from "./load-vendor.ts";
import type { AzureLocation } from "./store-location.ts";

export type AzureVendor = typeof import("@azure/storage-blob");

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws DeltaError `invalid_argument` where the account is not known; `unsupported` where a package is missing. */
export async function connectToAzure(
  vendor: AzureVendor,
  location: AzureLocation,
  given: AzureOptions,
  environment: Environment = process.env,
): Promise<BlobServiceClient> {
  const options = withEnvironment(given, environment);
  // Retries would hide from us that an earlier try may have written.
  const pipeline: StoragePipelineOptions = { retryOptions: { maxTries: 1 } };
  const { connectionString, accountKey, sasToken } = options;
  if (connectionString !== undefined) {
    const client = fromConnectionString(vendor, connectionString, pipeline);
    checkAccount(location, client.accountName);
    return client;
  }
  const accountName = accountOf(location, options);
  const url = options.endpoint ?? `https://${hostOf(location, accountName)}`;
  if (accountKey !== undefined) {
    if (accountName === undefined) throw unknownAccount(location);
    const credential = new vendor.StorageSharedKeyCredential(accountName, accountKey);
    return new vendor.BlobServiceClient(url, credential, pipeline);
  }
  if (sasToken !== undefined) {
    const signedUrl = `${url}?${sasToken.replace(/^\?/, "")}`;
    return new vendor.BlobServiceClient(signedUrl, new vendor.AnonymousCredential(), pipeline);
  }
  if (url.startsWith("http:")) {
    throw new DeltaError(
      "invalid_argument",
      `tokens are not sent to ${JSON.stringify(url)}: use https, or an account key, a SAS token or a connection string`,
    );
  }
  const credential = options.credential ?? (await defaultCredential());
  return new vendor.BlobServiceClient(url, credential, pipeline);
}

function fromConnectionString(
  vendor: AzureVendor,
  connectionString: string,
  pipeline: StoragePipelineOptions,
): BlobServiceClient {
  try {
    return vendor.BlobServiceClient.fromConnectionString(connectionString, pipeline);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DeltaError("invalid_argument", `the connection string is wrong: ${reason}`, {
      cause,
    });
  }
}

async function defaultCredential(): Promise<AzureTokenCredential> {
  const { DefaultAzureCredential } = await loadVendor(
    "@azure/identity",
    "a table in Azure without an account key, SAS token or connection string",
    async () => import("@azure/identity"),
  );
  return new DefaultAzureCredential();
}

/** The environment serves only where the options say nothing of how to get in. */
function withEnvironment(given: AzureOptions, environment: Environment): AzureOptions {
  const { connectionString, accountKey, sasToken, credential } = given;
  const isComplete = [connectionString, accountKey, sasToken, credential].some(
    (value) => value !== undefined,
  );
  const accountName =
    given.accountName ??
    environment["AZURE_STORAGE_ACCOUNT_NAME"] ??
    environment["AZURE_STORAGE_ACCOUNT"];
  const options = { ...given, ...(accountName === undefined ? {} : { accountName }) };
  if (isComplete) return options;
  const ways = {
    connectionString: environment["AZURE_STORAGE_CONNECTION_STRING"],
    accountKey: environment["AZURE_STORAGE_ACCOUNT_KEY"] ?? environment["AZURE_STORAGE_KEY"],
    sasToken: environment["AZURE_STORAGE_SAS_TOKEN"],
  };
  for (const [name, value] of Object.entries(ways)) {
    if (value !== undefined && value !== "") return { ...options, [name]: value };
  }
  return options;
}

function accountOf(location: AzureLocation, options: AzureOptions): string | undefined {
  return location.host?.split(".")[0] ?? options.accountName;
}

function hostOf(location: AzureLocation, accountName: string | undefined): string {
  if (location.host !== undefined) return location.host;
  if (accountName === undefined) throw unknownAccount(location);
  return `${accountName}.blob.core.windows.net`;
}

/** A connection string names its own account, which must be the one that the table is said to be in. */
function checkAccount(location: AzureLocation, accountName: string): void {
  const expected = location.host?.split(".")[0];
  if (expected === undefined || expected === accountName) return;
  throw new DeltaError(
    "invalid_argument",
    `the connection string is for the account ${JSON.stringify(accountName)}; ${location.text} is in ${JSON.stringify(expected)}`,
  );
}

function unknownAccount({ text }: AzureLocation): DeltaError {
  return new DeltaError(
    "invalid_argument",
    `${text} does not name the storage account: set \`azure.accountName\` or AZURE_STORAGE_ACCOUNT_NAME, or write abfss://container@account.dfs.core.windows.net/path`,
  );
}
