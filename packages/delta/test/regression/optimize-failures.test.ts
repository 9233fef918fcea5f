// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import {
  optimize,
  type OptimizeAccess,
  type OptimizeProgress,
} from "../../src/maintain/optimize.ts";
import { parseColumnList } from "../../src/schema/column-list.ts";
import { LocalStore } from "../../src/store/local-store.ts";
import { createTable } from "../../src/table/create-table.ts";
import { type DeltaTable, openTable } from "../../src/table/delta-table.ts";
import type { CommitResult, TransactionRequest } from "../../src/table/transaction-request.ts";
import { DeltaError } from "../../src/delta-error.ts";
import { allRows, rejectsWith } from "../support/table-checks.ts";
import { temporaryDirectory } from "../support/table-files.ts";

/** A table with two partitions of two files each, so that a compaction makes two files. */
async function partitionedTable(context: TestContext): Promise<DeltaTable> {
  const location = await temporaryDirectory(context);
  const schema = parseColumnList("id INT, p INT");
  const table = await createTable({ location, schema, partitionBy: ["p"] });
  for (const id of [1, 2]) {
    await table.appendRows([
      { id, p: 0 },
      { id, p: 1 },
    ]);
  }
  return table;
}

async function assertWhole(table: DeltaTable): Promise<void> {
  const opened = await openTable(table.location);
  for (const { path } of opened.snapshot().files) assert.ok(existsSync(join(table.location, path)));
  assert.equal((await allRows(opened.scan())).length, 4);
}

describe("a compaction", () => {
  test("keeps the files of what it has committed when the commit of the rest fails", async (context) => {
    const table = await partitionedTable(context);
    let commitCount = 0;
    const commit = async (request: TransactionRequest): Promise<CommitResult> => {
      commitCount += 1;
      if (commitCount === 1) return { kind: "conflict", reason: "concurrentDelete", version: 2 };
      if (commitCount === 2) return table.commit(request);
      throw new DeltaError("unavailable", "the store is gone");
    };
    const access: OptimizeAccess = {
      components: {
        store: new LocalStore(table.location),
        clock: Date.now,
        randomUuid: () => crypto.randomUUID(),
      },
      refresh: async () => table.refresh(),
      commit,
    };
    await rejectsWith(optimize(access), "unavailable", /gone/);
    assert.equal((await table.refresh()).files.fileCount, 3);
    await assertWhole(table);
  });

  test("keeps its files when the caller's progress function throws", async (context) => {
    const table = await partitionedTable(context);
    const onProgress = ({ doneInputBytes }: OptimizeProgress): void => {
      if (doneInputBytes > 0) throw new TypeError("a fault of the caller's");
    };
    await assert.rejects(table.optimize({ onProgress }), /a fault of the caller's/);
    assert.equal((await table.refresh()).files.fileCount, 2);
    await assertWhole(table);
  });
});
