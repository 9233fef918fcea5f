// SPDX-License-Identifier: Apache-2.0
// A table that could not be opened for a moment while the log was read got records again that it had.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { describe, it } from "node:test";
import { Catalog, ServerError, startServer } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { spawnServer } from "../support/spawn-server.ts";
import { makeDirectory, rowsOf } from "../support/test-server.ts";

const TABLE = "main.twice.t";

async function send(endpoint: string, id: number): Promise<void> {
  const stream = new RawStream(endpoint);
  await stream.create(TABLE);
  stream.sendJson(0, { id });
  await stream.acked(0);
  stream.close();
}

describe("recovery with a table that is away for a moment", () => {
  it("brings in what the table has not, and nothing else", async (context) => {
    const dataDirectory = await makeDirectory();
    const options = { dataDirectory, auth: false, commitIntervalMs: 3_600_000 };
    const first = await spawnServer({ ...options, tables: { [TABLE]: "id BIGINT" } });
    await send(first.endpoint, 1);
    assert.equal(await first.stop("SIGTERM"), 0);
    const second = await spawnServer(options);
    await send(second.endpoint, 2);
    await second.stop("SIGKILL");

    const away = (): Promise<never> =>
      Promise.reject(new ServerError("unavailable", "the table is away"));
    context.mock.method(Catalog.prototype, "openTable", away, { times: 1 });
    const server = await startServer(options);
    const rows = await rowsOf(server, TABLE);
    await server.close();
    assert.deepEqual(rows, [{ id: 1n }, { id: 2n }]);
    assert.equal(server.recovery.recoveredRecords, 1);
    await rm(dataDirectory, { recursive: true });
  });
});
