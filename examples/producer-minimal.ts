// SPDX-License-Identifier: Apache-2.0
// Sends a thousand records and waits until they are durable. The README shows this file from the first import on.
//   $ npx sluice dev --table main.demo.readings='id BIGINT NOT NULL, name STRING'
//   $ node examples/dist/producer-minimal.js      # in a terminal with the variables that the server prints
import { env } from "node:process";
import { RecordType, ZerobusSdk } from "@sluice/client";

const { ZEROBUS_SERVER_ENDPOINT = "", DATABRICKS_WORKSPACE_URL = "" } = env;
const { ZEROBUS_TABLE_NAME = "", DATABRICKS_CLIENT_ID = "", DATABRICKS_CLIENT_SECRET = "" } = env;

const sdk = new ZerobusSdk(ZEROBUS_SERVER_ENDPOINT, DATABRICKS_WORKSPACE_URL);
const stream = await sdk.createStream(
  { tableName: ZEROBUS_TABLE_NAME },
  DATABRICKS_CLIENT_ID,
  DATABRICKS_CLIENT_SECRET,
  { recordType: RecordType.Json },
);
for (let id = 0; id < 1000; id++) await stream.ingestRecordOffset({ id, name: `reading ${id}` });
await stream.close(); // flushes: all 1,000 are durable now
