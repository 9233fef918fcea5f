// SPDX-License-Identifier: Apache-2.0
// A data directory whose catalog was missing was started as an empty one, and the log's records were let go of.
import assert from "node:assert/strict";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startServer } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { spawnServer } from "../support/spawn-server.ts";
import { makeDirectory, rowsOf } from "../support/test-server.ts";

const TABLE = "main.lost.t";

describe("a data directory without its catalog", () => {
  it("is refused while the log has records, which are there once the catalog is back", async () => {
    const dataDirectory = await makeDirectory();
    const options = { dataDirectory, auth: false, commitIntervalMs: 3_600_000 };
    const killed = await spawnServer({ ...options, tables: { [TABLE]: "id BIGINT" } });
    const stream = new RawStream(killed.endpoint);
    await stream.create(TABLE);
    stream.sendJson(0, { id: 1 });
    await stream.acked(0);
    await killed.stop("SIGKILL");
    stream.close();

    const catalog = join(dataDirectory, "catalog");
    await rename(catalog, `${catalog}.away`);
    const started = startServer(options).then((server) => server.close());
    await assert.rejects(started, { code: "data_loss", message: /catalog/ });
    await rename(`${catalog}.away`, catalog);
    const server = await startServer(options);
    assert.deepEqual(await rowsOf(server, TABLE), [{ id: 1n }]);
    await server.close();
    await rm(dataDirectory, { recursive: true });
  });
});
