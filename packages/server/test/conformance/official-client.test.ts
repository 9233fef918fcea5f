// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { TEST_CA_CERTIFICATE, TEST_SERVER_CERTIFICATE, TEST_SERVER_KEY } from "@sluice/testkit";
import type { SluiceServer } from "../../src/index.ts";
import {
  loadOfficialClient,
  OFFICIAL_JSON,
  officialClientSkipReason,
} from "../support/official-client.ts";
import type { ProducerJob } from "../support/official-producer.ts";
import {
  createTestTable,
  rowsOf,
  startTestServer,
  type TestServer,
} from "../support/test-server.ts";

const COLUMNS = "id BIGINT NOT NULL, name STRING, value DOUBLE, at TIMESTAMP";
const PRODUCER = fileURLToPath(new URL("../support/official-producer.js", import.meta.url));

describe("the official native client", { skip: officialClientSkipReason() }, () => {
  let running: TestServer;
  let server: SluiceServer;
  let caFile: string;

  before(async () => {
    // With a certificate the same port takes plaintext and TLS.
    running = await startTestServer({
      tls: { cert: TEST_SERVER_CERTIFICATE, key: TEST_SERVER_KEY },
    });
    server = running.server;
    caFile = join(running.dataDirectory, "ca.pem");
    await writeFile(caFile, TEST_CA_CERTIFICATE);
  });
  after(async () => running[Symbol.asyncDispose]());

  let tableNumber = 0;
  async function newTable(): Promise<string> {
    const table = `main.official.t${tableNumber++}`;
    await createTestTable(server, table, COLUMNS);
    return table;
  }

  async function produce(
    job: Partial<ProducerJob> & Pick<ProducerJob, "table">,
    tls = false,
  ): Promise<number> {
    const url = `${tls ? "https" : "http"}://127.0.0.1:${server.port}`;
    const whole: ProducerJob = {
      endpoint: url,
      workspaceUrl: url,
      clientId: server.credentials?.clientId ?? "",
      clientSecret: server.credentials?.clientSecret ?? "",
      format: "json",
      firstId: 0,
      recordCount: 1000,
      batchSize: 1,
      ...job,
    };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [PRODUCER, JSON.stringify(whole)],
      {
        env: { ...process.env, ...(tls ? { SSL_CERT_FILE: caFile } : {}), no_proxy: "127.0.0.1" },
      },
    );
    return (JSON.parse(stdout) as { closeMs: number }).closeMs;
  }

  async function assertExactlyOnce(table: string, recordCount: number): Promise<void> {
    const rows = await rowsOf(server, table);
    assert.equal(rows.length, recordCount);
    const byId = new Map(rows.map((row) => [Number(row["id"]), row]));
    assert.equal(byId.size, recordCount);
    for (const id of [0, Math.floor(recordCount / 2), recordCount - 1]) {
      const row = byId.get(id);
      assert.equal(row?.["name"], `näme ${id} 🚰`);
      assert.equal(row?.["value"], id / 8);
      assert.equal(row?.["at"], 1_700_000_000_000_000n + BigInt(id));
    }
  }

  for (const tls of [false, true]) {
    for (const format of ["json", "proto"] as const) {
      for (const batchSize of [1, 250]) {
        const how = batchSize === 1 ? "single records" : `batches of ${batchSize}`;
        it(`streams ${format} ${how} over ${tls ? "TLS" : "plaintext"}, each into the table exactly once`, async () => {
          const table = await newTable();
          await produce({ table, format, batchSize, recordCount: 3000 }, tls);
          await assertExactlyOnce(table, 3000);
        });
      }
    }
  }

  it("takes one batch and one record after the other on one offset sequence", async () => {
    const table = await newTable();
    await produce({ table, batchSize: 7, recordCount: 50 });
    await produce({ table, batchSize: 1, recordCount: 50, firstId: 50 });
    await assertExactlyOnce(table, 100);
  });

  it("is told which record is invalid and why, and gets the rest back", async () => {
    const table = await newTable();
    const official = loadOfficialClient();
    assert.ok(official !== undefined);
    const sdk = new official.ZerobusSdk(
      `http://127.0.0.1:${server.port}`,
      `http://127.0.0.1:${server.port}`,
    );
    const { clientId = "", clientSecret = "" } = server.credentials ?? {};
    const stream = await sdk.createStream({ tableName: table }, clientId, clientSecret, {
      recordType: OFFICIAL_JSON,
    });
    await stream.waitForOffset(await stream.ingestRecordOffset({ id: 1, name: "good" }));
    await stream.ingestRecordOffset({ id: 2, nmae: "typo" });
    await assert.rejects(stream.flush(), /record at offset 1, field \\?"nmae.*not a column/);
    assert.equal((await stream.getUnackedRecords()).length, 1);
    await stream.close().catch(() => undefined);
    const rows = await rowsOf(server, table);
    assert.deepEqual(
      rows.map((row) => row["name"]),
      ["good"],
    );
  });
});
