// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { describe, it } from "node:test";
import { encodeCreateStreamFrame, GRPC_STATUS } from "@sluice/protocol";
import { RawStream } from "../support/raw-stream.ts";
import { createTestTable, rowsOf, startTestServer } from "../support/test-server.ts";

const BROKEN = "main.failing.broken";
const SOUND = "main.failing.sound";

describe("a table that cannot be committed to", () => {
  it("takes no more records, keeps the acknowledged ones in the log, and leaves other tables alone", async () => {
    const running = await startTestServer({ auth: false });
    const { server } = running;
    for (const table of [BROKEN, SOUND]) await createTestTable(server, table, "id BIGINT");
    const entry = (await server.catalog.list()).find(({ name }) => name === BROKEN);
    assert.ok(entry !== undefined);
    const broken = new RawStream(server.endpoint);
    const sound = new RawStream(server.endpoint);
    await broken.create(BROKEN);
    await sound.create(SOUND);

    const away = `${entry.location}.away`;
    await rename(entry.location, away);
    broken.sendJson(0, { id: 1 });
    await broken.acked(0);
    await assert.rejects(server.flush(), { code: "unavailable", message: /safe in the log/ });
    broken.sendJson(1, { id: 2 });
    const status = await broken.status;
    assert.equal(status.code, GRPC_STATUS.UNAVAILABLE);
    assert.match(status.message, /broken cannot be committed to/);

    const refused = new RawStream(server.endpoint);
    refused.send(encodeCreateStreamFrame({ tableName: BROKEN, recordType: 2 }));
    assert.equal((await refused.status).code, GRPC_STATUS.UNAVAILABLE);

    sound.sendJson(0, { id: 3 });
    await sound.acked(0);
    sound.end();
    assert.equal((await sound.status).code, GRPC_STATUS.OK);
    await assert.rejects(server.close(), { code: "unavailable" });

    await rename(away, entry.location);
    await using restarted = await startTestServer({
      auth: false,
      dataDirectory: running.dataDirectory,
    });
    assert.equal(restarted.server.recovery.recoveredRecords, 1);
    assert.deepEqual(await rowsOf(restarted.server, BROKEN), [{ id: 1n }]);
    assert.deepEqual(await rowsOf(restarted.server, SOUND), [{ id: 3n }]);
    for (const stream of [broken, sound, refused]) stream.close();
  });
});
