// SPDX-License-Identifier: Apache-2.0
/** Our client and the official native one, by the API that the two share. */
import { createRequire } from "node:module";
import { ZerobusSdk } from "@sluice/client";

export interface IngestStream {
  ingestRecordOffset(record: Buffer | string): Promise<bigint>;
  ingestRecordsOffset(records: Buffer[]): Promise<bigint | null>;
  waitForOffset(offset: bigint): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
  getUnackedRecords(): Promise<Buffer[]>;
}

export interface IngestSdk {
  createStream(
    table: { tableName: string; descriptorProto?: string },
    clientId: string,
    clientSecret: string,
    options: object,
    headers?: { getHeadersCallback: () => [string, string][] },
  ): Promise<IngestStream>;
}

const OFFICIAL_PACKAGE = "@databricks/zerobus-ingest-sdk-linux-x64-gnu";

type SdkClass = new (endpoint: string, url: string) => IngestSdk;

/** @throws Error when the official client is asked for and not installed */
export function makeSdk(client: "ours" | "official", endpoint: string, ucUrl: string): IngestSdk {
  if (client === "ours") return new ZerobusSdk(endpoint, ucUrl);
  const official = createRequire(import.meta.url)(OFFICIAL_PACKAGE) as { ZerobusSdk: SdkClass };
  return new official.ZerobusSdk(endpoint, ucUrl);
}

/** Whether the official native client can run here. */
export function hasOfficialClient(): boolean {
  try {
    createRequire(import.meta.url)(OFFICIAL_PACKAGE);
    return true;
  } catch {
    return false;
  }
}

/** Headers for servers that ask for no credentials. */
export function openHeaders(table: string): { getHeadersCallback: () => [string, string][] } {
  return {
    getHeadersCallback: () => [
      ["authorization", "Bearer none"],
      ["x-databricks-zerobus-table-name", table],
    ],
  };
}
