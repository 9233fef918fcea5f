// SPDX-License-Identifier: Apache-2.0
// One table that could not take its records kept the whole server from starting.
import assert from "node:assert/strict";
import { rename, rm } from "node:fs/promises";
import { describe, it } from "node:test";
import { encodeCreateStreamFrame, GRPC_STATUS } from "@sluice/protocol";
import { startServer } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { spawnServer } from "../support/spawn-server.ts";
import { makeDirectory, rowsOf } from "../support/test-server.ts";

const BROKEN = "main.isolation.broken";
const SOUND = "main.isolation.sound";

async function send(endpoint: string, table: string, id: number): Promise<void> {
  const stream = new RawStream(endpoint);
  await stream.create(table);
  stream.sendJson(0, { id });
  await stream.acked(0);
  stream.close();
}

describe("recovery with a table that is away", () => {
  it("starts, serves the others, and keeps the records until the table is back", async () => {
    const dataDirectory = await makeDirectory();
    const killed = await spawnServer({
      dataDirectory,
      auth: false,
      commitIntervalMs: 3_600_000,
      tables: { [BROKEN]: "id BIGINT", [SOUND]: "id BIGINT" },
    });
    await send(killed.endpoint, BROKEN, 1);
    await send(killed.endpoint, SOUND, 2);
    await killed.stop("SIGKILL");
    const location = `${dataDirectory}/tables/main/isolation/broken`;
    await rename(location, `${location}.away`);

    const server = await startServer({ dataDirectory, auth: false });
    assert.deepEqual([server.recovery.recoveredRecords, server.recovery.heldRecords], [1, 1]);
    const refused = new RawStream(server.endpoint);
    refused.send(encodeCreateStreamFrame({ tableName: BROKEN, recordType: 2 }));
    const status = await refused.status;
    assert.equal(status.code, GRPC_STATUS.UNAVAILABLE);
    assert.match(status.message, /safe in the log/);
    refused.close();
    for (let id = 3; id < 10; id++) await send(server.endpoint, SOUND, id);
    await assert.rejects(server.flush(), { code: "unavailable" });
    const sound = await server.catalog.openTable(SOUND);
    assert.equal(await sound.countRows(), 8);
    await assert.rejects(server.close(), { code: "unavailable" });

    await rename(`${location}.away`, location);
    const mended = await startServer({ dataDirectory, auth: false });
    assert.equal(mended.recovery.recoveredRecords, 1);
    assert.deepEqual(await rowsOf(mended, BROKEN), [{ id: 1n }]);
    assert.equal((await rowsOf(mended, SOUND)).length, 8);
    await mended.close();
    await rm(dataDirectory, { recursive: true });
  });

  it("brings the records in once the table is back, without another start", async () => {
    const dataDirectory = await makeDirectory();
    const tables = { [BROKEN]: "id BIGINT" };
    const options = { dataDirectory, auth: false, commitIntervalMs: 3_600_000 };
    const killed = await spawnServer({ ...options, tables });
    for (let id = 0; id < 5; id++) await send(killed.endpoint, BROKEN, id);
    await killed.stop("SIGKILL");
    const location = `${dataDirectory}/tables/main/isolation/broken`;
    await rename(location, `${location}.away`);
    const server = await startServer(options);
    assert.equal(server.recovery.heldRecords, 5);
    await rename(`${location}.away`, location);
    await server.flush();
    assert.equal((await rowsOf(server, BROKEN)).length, 5);
    await send(server.endpoint, BROKEN, 5);
    assert.equal((await rowsOf(server, BROKEN)).length, 6);
    await server.close();
    await rm(dataDirectory, { recursive: true });
  });
});
