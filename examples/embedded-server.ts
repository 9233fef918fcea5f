// SPDX-License-Identifier: Apache-2.0
// A server inside of a program, as a test would have it: a free port, a directory of its own, gone at the end.
//   $ node examples/dist/embedded-server.js
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RecordType, ZerobusSdk } from "@sluice/client";
import { parseColumnList } from "@sluice/delta";
import { startServer } from "@sluice/server";

const dataDirectory = await mkdtemp(join(tmpdir(), "sluice-embedded-"));
const server = await startServer({ dataDirectory });
try {
  const tableName = "main.default.readings";
  await server.createTable(tableName, parseColumnList("sensor STRING NOT NULL, celsius DOUBLE"));

  const sdk = new ZerobusSdk(server.endpoint, server.workspaceUrl);
  const stream = await sdk.createStream(
    { tableName },
    server.credentials?.clientId ?? "",
    server.credentials?.clientSecret ?? "",
    { recordType: RecordType.Json },
  );
  await stream.ingestRecordsOffset([
    { sensor: "roof", celsius: 31.5 },
    { sensor: "cellar", celsius: 12.25 },
  ]);
  await stream.close();
  sdk.close();

  // Acknowledged records are durable; flush makes them visible in the table now.
  await server.flush();
  const table = await server.catalog.openTable(tableName);
  for await (const row of table.scan()) process.stdout.write(`${JSON.stringify(row)}\n`);
} finally {
  await server.close();
  await rm(dataDirectory, { recursive: true });
}
