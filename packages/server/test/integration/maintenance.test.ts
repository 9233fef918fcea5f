// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openTable, parseColumnList } from "@sluice/delta";
import { type Clock, type Logger, systemClock } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { startTestServer } from "../support/test-server.ts";

const TABLE = "main.maintained.t";

type Entry = readonly [message: string, fields: Readonly<Record<string, unknown>>];

/** A logger that keeps what it is told. */
function recordingLogger(): { readonly entries: Entry[]; readonly logger: Logger } {
  const entries: Entry[] = [];
  const note: Logger["info"] = (fields, message) => {
    entries.push([message, fields]);
  };
  return { entries, logger: { info: note, warn: note, error: note } };
}

/** Not too often: what is waited for needs the processor. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a table that is written to", () => {
  it("gets a checkpoint once the interval has passed, from which it can be read", async () => {
    await using running = await startTestServer({ auth: false });
    const { server } = running;
    const properties = { "delta.checkpointInterval": "3" };
    const entry = await server.createTable(TABLE, parseColumnList("id BIGINT"), properties);
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    for (let id = 0; id < 7; id++) {
      stream.sendJson(id, { id });
      await stream.acked(id);
      await server.flush();
    }
    const log = join(entry.location, "_delta_log");
    const checkpoints = async (): Promise<string[]> =>
      (await readdir(log)).filter((name) => name.includes(".checkpoint"));
    while ((await checkpoints()).length === 0) await turn();
    const table = await openTable(entry.location);
    assert.equal(await table.countRows(), 7);
    stream.close();
  });

  it("has its log cleaned up, and says so", async () => {
    const { logger, entries } = recordingLogger();
    await using running = await startTestServer(
      { auth: false, logCleanupIntervalMs: 1_000 },
      { logger },
    );
    const { server } = running;
    const entry = await server.createTable(TABLE, parseColumnList("id BIGINT"), {
      "delta.checkpointInterval": "2",
      "delta.logRetentionDuration": "interval 1 day",
    });
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    const log = join(entry.location, "_delta_log");
    const hasDeleted = (): boolean =>
      entries.some(([message, fields]) => {
        return message === "maintenance: cleanUpLog" && Number(fields["deletedFiles"]) > 0;
      });
    let count = 0;
    for (; !hasDeleted(); count++) {
      stream.sendJson(count, { id: count });
      await stream.acked(count);
      await server.flush();
      // As old as they would be after some weeks.
      for (const name of await readdir(log)) {
        await utimes(join(log, name), 0, 0).catch(() => undefined);
      }
    }
    const names = await readdir(log);
    assert.ok(!names.includes("00000000000000000000.json"), names.join(", "));
    assert.equal(await (await openTable(entry.location)).countRows(), count);
    stream.close();
  });
});

describe("a table whose small files are to be written together", () => {
  it("has fewer of them, with the same rows, while it is written to", async () => {
    const { logger, entries } = recordingLogger();
    let nowMs = Date.now();
    const clock: Clock = { ...systemClock, now: () => nowMs };
    await using running = await startTestServer({ auth: false }, { logger, clock });
    const { server } = running;
    const entry = await server.createTable(TABLE, parseColumnList("id BIGINT"), {
      "delta.autoOptimize.autoCompact": "true",
    });
    const stream = new RawStream(server.endpoint);
    await stream.create(TABLE);
    const isCompacted = (): boolean =>
      entries.some(([message]) => message === "maintenance: compact");
    let count = 0;
    for (; !isCompacted(); count++) {
      stream.sendJson(count, { id: count });
      await stream.acked(count);
      await server.flush();
      nowMs += 2_000;
    }
    const table = await openTable(entry.location);
    assert.ok(table.snapshot().files.fileCount < count, `${count} commits`);
    const ids: number[] = [];
    for await (const row of table.scan()) ids.push(Number(row["id"]));
    assert.deepEqual(
      ids.sort((left, right) => left - right),
      Array.from({ length: count }, (_, id) => id),
    );
    stream.close();
  });
});
