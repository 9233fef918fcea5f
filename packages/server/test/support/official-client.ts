// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";

/** The part of the official TypeScript API that the tests use. */
export interface OfficialStream {
  ingestRecordOffset(record: unknown): Promise<bigint>;
  ingestRecordsOffset(records: readonly unknown[]): Promise<bigint | null>;
  waitForOffset(offset: bigint): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
  getUnackedRecords(): Promise<Buffer[]>;
}

export interface OfficialSdk {
  createStream(
    table: { readonly tableName: string; readonly descriptorProto?: string },
    clientId: string,
    clientSecret: string,
    options?: Readonly<Record<string, unknown>>,
    headers?: { readonly getHeadersCallback: () => [string, string][] },
  ): Promise<OfficialStream>;
}

export interface OfficialModule {
  readonly ZerobusSdk: new (endpoint: string, unityCatalogUrl: string) => OfficialSdk;
}

const PACKAGE = "@databricks/zerobus-ingest-sdk-linux-x64-gnu";

/** `RecordType` of the official API. */
export const OFFICIAL_JSON = 0;
export const OFFICIAL_PROTO = 1;

/** The unmodified official native client, or `undefined` on a machine that its binary is not made for. */
export function loadOfficialClient(): OfficialModule | undefined {
  try {
    return createRequire(import.meta.url)(PACKAGE) as OfficialModule;
  } catch {
    return undefined;
  }
}

/** Why the tests with it are skipped, or `false` where they run. */
export function officialClientSkipReason(): string | false {
  if (loadOfficialClient() !== undefined) return false;
  return `${PACKAGE} does not load on ${process.platform} ${process.arch}`;
}
