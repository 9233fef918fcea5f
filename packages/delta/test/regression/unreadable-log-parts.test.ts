// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DeltaError } from "../../src/delta-error.ts";
import { parseColumnList } from "../../src/schema/column-list.ts";
import { LocalStore } from "../../src/store/local-store.ts";
import { createTable } from "../../src/table/create-table.ts";
import { openTable } from "../../src/table/delta-table.ts";
import { FailingStore } from "../support/failing-store.ts";
import { temporaryDirectory } from "../support/table-files.ts";

describe("a part of the log that cannot be read", () => {
  test("does not end vacuums where it is a checkpoint that another writer has cleaned up", async (context) => {
    const location = await temporaryDirectory(context);
    const other = await createTable({ location, schema: parseColumnList("id INT") });
    for (const id of [1, 2]) await other.appendRows([{ id }]);
    await other.optimize();
    const checkpointed = await other.checkpoint();
    const table = await openTable(location);
    await other.appendRows([{ id: 3 }]);
    await other.checkpoint();
    const name = `${String(checkpointed).padStart(20, "0")}.checkpoint.parquet`;
    unlinkSync(join(location, "_delta_log", name));
    const options = { retentionMs: 0, allowShortRetention: true, dryRun: true };
    assert.equal((await table.vacuum(options)).fileCount, 2);
  });

  test("leaves it open whether a commit has happened where it is that version's", async (context) => {
    const location = await temporaryDirectory(context);
    const other = await createTable({ location, schema: parseColumnList("id INT") });
    // The first look is when the table is opened.
    const store = new FailingStore(new LocalStore(location), [
      { operation: "get", path: /0001\.json$/, nth: 2, moment: "before" },
    ]);
    const table = await openTable(location, { store });
    await other.appendRows([{ id: 1 }]);
    const writer = await table.openWriter();
    await writer.write([{ id: 2 }]);
    await assert.rejects(
      writer.commit(),
      (error) => error instanceof DeltaError && error.effect === "unknown",
    );
    assert.equal((await writer.commit()).kind, "committed");
    assert.equal(await (await openTable(location)).countRows(), 2);
  });
});
