// SPDX-License-Identifier: Apache-2.0
// Apart from what uses them, so that their types need no vendor's library.

/** What gives tokens of Microsoft Entra; those of `@azure/identity` do. */
export interface AzureTokenCredential {
  getToken(
    scopes: string | string[],
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<{ token: string; expiresOnTimestamp: number } | null>;
}

/**
 * Where the account is and how to get in. Without any of connection string, key, SAS token and credential, the first that
 * is set of AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ACCOUNT_KEY and AZURE_STORAGE_SAS_TOKEN is used, else the chain
 * of `@azure/identity` (environment, workload and managed identity, Azure CLI).
 */
export interface AzureOptions {
  /** @default the location's account, else AZURE_STORAGE_ACCOUNT_NAME */
  readonly accountName?: string;
  /** URL of the account's blobs, for other clouds and for emulators. @default https://<account>.blob.core.windows.net */
  readonly endpoint?: string;
  readonly connectionString?: string;
  readonly accountKey?: string;
  /** A shared access signature, with or without the question mark. */
  readonly sasToken?: string;
  readonly credential?: AzureTokenCredential;
}
