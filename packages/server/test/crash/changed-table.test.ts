// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { describe, it } from "node:test";
import { parseColumnList } from "@sluice/delta";
import { Catalog } from "../../src/index.ts";
import { changeSchema, rejectedRows } from "../support/foreign-writer.ts";
import { RawStream } from "../support/raw-stream.ts";
import { spawnServer } from "../support/spawn-server.ts";
import { makeDirectory } from "../support/test-server.ts";

const TABLE = "main.changed.t";
const COLUMNS = "id BIGINT NOT NULL, note STRING";

describe("a table that was changed while the server was dead", () => {
  it("gets the acknowledged records that still fit, and keeps the others beside it, once", async () => {
    const dataDirectory = await makeDirectory();
    const options = { dataDirectory, auth: false, commitIntervalMs: 3_600_000 };
    const first = await spawnServer({ ...options, tables: { [TABLE]: COLUMNS } });
    const stream = new RawStream(first.endpoint);
    await stream.create(TABLE);
    for (let id = 0; id < 100; id++) {
      stream.sendJson(id, id % 2 === 0 ? { id } : { id, note: "odd" });
    }
    await stream.acked(99);
    await first.stop("SIGKILL");
    stream.close();

    const [entry] = await new Catalog(dataDirectory).list();
    assert.ok(entry !== undefined);
    await changeSchema(entry.location, (schema) => ({
      ...schema,
      fields: schema.fields.filter(({ name }) => name !== "note"),
    }));
    // Killed again before it commits: nothing may come twice.
    const second = await spawnServer(options);
    assert.equal(second.recovery.recoveredRecords, 50);
    assert.equal(second.recovery.rejectedRecords, 50);
    await second.stop("SIGKILL");
    const third = await spawnServer(options);
    assert.equal(await third.stop("SIGTERM"), 0);
    const fourth = await spawnServer(options);
    assert.equal(fourth.recovery.recoveredRecords, 0);
    assert.equal(await fourth.stop("SIGTERM"), 0);

    const table = await new Catalog(dataDirectory).openTable(TABLE);
    const ids: number[] = [];
    for await (const row of table.scan()) ids.push(Number(row["id"]));
    assert.deepEqual(
      ids,
      Array.from({ length: 50 }, (_, index) => index * 2),
    );
    const kept = await rejectedRows(entry.location, parseColumnList(COLUMNS));
    assert.deepEqual(
      kept.map(({ id, note }) => [Number(id), note]),
      Array.from({ length: 50 }, (_, index) => [index * 2 + 1, "odd"]),
    );
    await rm(dataDirectory, { recursive: true });
  });
});
