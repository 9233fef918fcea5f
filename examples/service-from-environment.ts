// SPDX-License-Identifier: Apache-2.0
import { env } from "node:process";
import type { ProducerOptions } from "@sluice/client";

/** Where to send and as whom, from the variables that `sluice dev` prints and the official examples use. */
export function serviceFromEnvironment(): Pick<
  ProducerOptions<unknown>,
  "endpoint" | "unityCatalogUrl" | "table" | "auth"
> {
  const { ZEROBUS_SERVER_ENDPOINT = "", DATABRICKS_WORKSPACE_URL = "" } = env;
  const { ZEROBUS_TABLE_NAME = "", DATABRICKS_CLIENT_ID = "", DATABRICKS_CLIENT_SECRET = "" } = env;
  return {
    endpoint: ZEROBUS_SERVER_ENDPOINT,
    unityCatalogUrl: DATABRICKS_WORKSPACE_URL,
    table: ZEROBUS_TABLE_NAME,
    auth: { clientId: DATABRICKS_CLIENT_ID, clientSecret: DATABRICKS_CLIENT_SECRET },
  };
}
