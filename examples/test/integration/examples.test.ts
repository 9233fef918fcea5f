// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseColumnList } from "@sluice/delta";
import { startServer } from "@sluice/server";

const TABLE = "main.demo.readings";

/** What each example prints, and the rows it leaves in the table. */
const EXAMPLES = [
  { name: "producer-minimal", output: "", rowCount: 1_000 },
  { name: "ack-blocking", output: "1000 records are durable\n", rowCount: 1_000 },
  {
    name: "ack-callback",
    output: "9999 records are durable, 1 refused, 0 left\n",
    rowCount: 9_999,
  },
  { name: "ack-flush", output: "5 of 5 pieces are durable, 0 left\n", rowCount: 10_000 },
];

for (const { name, output, rowCount } of EXAMPLES) {
  test(`runs ${name} against a server as its head says`, async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), "sluice-examples-"));
    const server = await startServer({ dataDirectory });
    try {
      await server.createTable(TABLE, parseColumnList("id BIGINT NOT NULL, name STRING"));
      const { stdout } = await runExample(name, {
        ZEROBUS_SERVER_ENDPOINT: server.endpoint,
        DATABRICKS_WORKSPACE_URL: server.workspaceUrl,
        ZEROBUS_TABLE_NAME: TABLE,
        DATABRICKS_CLIENT_ID: server.credentials?.clientId ?? "",
        DATABRICKS_CLIENT_SECRET: server.credentials?.clientSecret ?? "",
      });
      assert.equal(stdout, output);
      await server.flush();
      const ids = new Set<number>();
      const table = await server.catalog.openTable(TABLE);
      for await (const row of table.scan()) ids.add(Number(row["id"]));
      assert.equal(ids.size, rowCount);
    } finally {
      await server.close();
      await rm(dataDirectory, { recursive: true, force: true });
    }
  });
}

test("runs embedded-server, which brings its own server", async () => {
  const { stdout } = await runExample("embedded-server", {});
  assert.match(stdout, /"sensor":"cellar","celsius":12\.25/);
});

test("runs delta-tables, which needs no server", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sluice-examples-"));
  try {
    const { stdout } = await runExample("delta-tables", {}, join(directory, "readings"));
    assert.match(
      stdout,
      /^4320 rows, 257 of them warm on the second day\ncompacted 2 files into 1\n/,
    );
    assert.match(stdout, /version 0: CREATE TABLE\n$/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

/** @throws Error when the example ends with another code than 0 */
function runExample(
  name: string,
  environment: Readonly<Record<string, string>>,
  ...parameters: readonly string[]
): Promise<{ stdout: string; stderr: string }> {
  const script = fileURLToPath(new URL(`../../${name}.js`, import.meta.url));
  return promisify(execFile)(process.execPath, [script, ...parameters], {
    env: { ...process.env, ...environment },
  });
}
