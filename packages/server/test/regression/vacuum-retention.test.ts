// SPDX-License-Identifier: Apache-2.0
// The server's own vacuum deleted files that were about to be committed, where a table has a short retention.
import assert from "node:assert/strict";
import { readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createTable, parseColumnList } from "@sluice/delta";
import { MaintenanceThread } from "../../src/maintenance/maintenance-thread.ts";
import { makeDirectory } from "../support/test-server.ts";

const DAY_SECONDS = 86_400;

describe("the server's vacuum", () => {
  it("keeps files for a day that no commit names yet, whatever the table's retention", async () => {
    const location = await makeDirectory();
    const properties = { "delta.deletedFileRetentionDuration": "interval 0 seconds" };
    await createTable({ location, schema: parseColumnList("id BIGINT"), properties });
    const nowSeconds = Date.now() / 1000;
    for (const [name, ageSeconds] of [
      ["young.parquet", 3_600],
      ["old.parquet", 2 * DAY_SECONDS],
    ] as const) {
      await writeFile(join(location, name), "");
      await utimes(join(location, name), nowSeconds - ageSeconds, nowSeconds - ageSeconds);
    }
    const thread = new MaintenanceThread();
    const result = await thread.run({ task: "vacuum", location, maxCompactionBytes: 1 });
    await thread.close();
    assert.deepEqual(result, { task: "vacuum", deletedCount: 1 });
    assert.deepEqual(await readdir(location), ["_delta_log", "young.parquet"]);
    await rm(location, { recursive: true });
  });
});
