// SPDX-License-Identifier: Apache-2.0
// Records that were not committed when their table was moved in the catalog were let go of; and a table that came back
// under its name while the server was still letting go of it was taken for one that another server writes to.
import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { describe, it } from "node:test";
import { GRPC_STATUS } from "@sluice/protocol";
import type { SluiceServer } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { createTestTable, rowsOf, startTestServer } from "../support/test-server.ts";

const TABLE = "main.moved.t";
const NEVER_MS = 3_600_000;

async function send(server: SluiceServer, id: number): Promise<RawStream> {
  const stream = new RawStream(server.endpoint);
  try {
    await stream.create(TABLE);
    stream.sendJson(0, { id });
    await stream.acked(0);
    return stream;
  } catch (reason) {
    stream.close();
    throw reason;
  }
}

/** Opens streams until one is accepted: the server sees within a moment where the table is. */
async function sendWhenAccepted(server: SluiceServer, id: number): Promise<void> {
  for (;;) {
    const stream = await send(server, id).catch(() => undefined);
    if (stream === undefined) continue;
    stream.close();
    return;
  }
}

describe("a table that is moved while it is written to", () => {
  it("gets the records at its new place that were not committed at the old one", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT");
    (await send(server, 1)).close();
    await server.flush();
    const stream = await send(server, 2);
    const { location } = await server.catalog.unregister(TABLE);
    await rename(location, `${location}-moved`);
    await server.catalog.register(TABLE, `${location}-moved`);
    assert.notEqual((await stream.status).code, GRPC_STATUS.OK);
    stream.close();
    await sendWhenAccepted(server, 3);
    const rows = await rowsOf(server, TABLE);
    assert.deepEqual(
      rows.map(({ id }) => Number(id)).sort((left, right) => left - right),
      [1, 2, 3],
    );
  });

  it("goes on when it is taken out of the catalog and comes back", async () => {
    await using running = await startTestServer({ auth: false, commitIntervalMs: NEVER_MS });
    const { server } = running;
    await createTestTable(server, TABLE, "id BIGINT");
    const stream = await send(server, 1);
    const { location } = await server.catalog.unregister(TABLE);
    // The server has seen that the table is gone, and is about to commit what it has.
    assert.equal((await stream.status).code, GRPC_STATUS.NOT_FOUND);
    await server.catalog.register(TABLE, location);
    stream.close();
    for (let id = 2; id < 5; id++) {
      (await send(server, id)).close();
      await server.flush();
    }
    const rows = await rowsOf(server, TABLE);
    assert.deepEqual(
      rows.map(({ id }) => Number(id)).sort((left, right) => left - right),
      [1, 2, 3, 4],
    );
  });
});
