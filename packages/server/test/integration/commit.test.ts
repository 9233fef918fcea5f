// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseColumnList } from "@sluice/delta";
import { type Clock, systemClock } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { startTestServer } from "../support/test-server.ts";

const TABLE = "main.commit.t";

/** A clock that notes the delays it was asked for. */
function recordingClock(): { readonly clock: Clock; readonly delaysMs: number[] } {
  const delaysMs: number[] = [];
  const clock: Clock = {
    now: () => systemClock.now(),
    schedule(callback, delayMs) {
      delaysMs.push(delayMs);
      return systemClock.schedule(callback, delayMs);
    },
  };
  return { clock, delaysMs };
}

describe("the commit interval", () => {
  it("is the table's own where it has one", async () => {
    const { clock, delaysMs } = recordingClock();
    await using running = await startTestServer(
      { auth: false, commitIntervalMs: 3_600_000 },
      { clock },
    );
    const { server } = running;
    await server.createTable(TABLE, parseColumnList("id BIGINT"), {
      "sluice.commitIntervalMs": "100",
    });
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    stream.sendJson(0, { id: 1 });
    await stream.acked(0);
    assert.ok(delaysMs.includes(100), `scheduled ${delaysMs.join(", ")}`);
    const table = await server.catalog.openTable(TABLE);
    // Nobody flushes: the interval alone brings the record in.
    while ((await table.refresh()).version === 0)
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await table.countRows(), 1);
    stream.close();
  });

  it("is refused out of its range when a table is created", async () => {
    await using running = await startTestServer({ auth: false });
    const created = running.server.createTable(TABLE, parseColumnList("id BIGINT"), {
      "sluice.commitIntervalMs": "5",
    });
    await assert.rejects(created, { code: "invalid_argument", message: /100 to 60000/ });
  });
});

describe("many streams", () => {
  it("to many tables over one connection all arrive", async () => {
    await using running = await startTestServer({ auth: false });
    const { server } = running;
    const tables = Array.from({ length: 8 }, (_, index) => `main.commit.t${index}`);
    for (const table of tables)
      await server.createTable(table, parseColumnList("id BIGINT, s STRING"));
    const first = new RawStream(server.endpoint);
    const streams = Array.from({ length: 64 }, (_, index) =>
      index === 0 ? first : new RawStream(server.endpoint, {}, first.session),
    );
    await Promise.all(
      streams.map(async (stream, index) => {
        await stream.create(tables[index % tables.length] as string);
        for (let offset = 0; offset < 50; offset++) {
          stream.sendJson(offset, { id: index * 1000 + offset, s: "x".repeat(offset * 7) });
        }
        stream.end();
        await stream.acked(49);
        assert.equal((await stream.status).code, 0);
      }),
    );
    await server.flush();
    const ids = new Set<unknown>();
    for (const name of tables) {
      const table = await server.catalog.openTable(name);
      for await (const row of table.scan({ columns: ["id"] })) ids.add(row["id"]);
    }
    assert.equal(ids.size, 64 * 50);
    first.close();
  });
});
