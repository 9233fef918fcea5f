// SPDX-License-Identifier: Apache-2.0
// `flush` never settled while records kept coming, and committed tiny versions one after the other meanwhile.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawStream } from "../support/raw-stream.ts";
import { createTestTable, startTestServer } from "../support/test-server.ts";

const TABLE = "main.flush.t";

describe("flush", () => {
  it("settles under load, when what came before it is committed", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: 3_600_000 });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT");
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    let offset = 0;
    const sending = setInterval(() => stream.sendJson(offset, { id: offset++ }), 0);
    await stream.acked(100);
    await server.flush();
    clearInterval(sending);
    const table = await server.catalog.openTable(TABLE);
    assert.ok((await table.countRows()) > 100);
    assert.ok(table.snapshot().version <= 2, `${table.snapshot().version} versions for one flush`);
    stream.close();
  });
});
