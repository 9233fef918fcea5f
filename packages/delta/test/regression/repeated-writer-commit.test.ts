// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaError } from "../../src/delta-error.ts";
import { parseColumnList } from "../../src/schema/column-list.ts";
import { LocalStore } from "../../src/store/local-store.ts";
import { createTable } from "../../src/table/create-table.ts";
import { openTable } from "../../src/table/delta-table.ts";
import { FailingStore } from "../support/failing-store.ts";
import { allRows } from "../support/table-checks.ts";
import { temporaryDirectory } from "../support/table-files.ts";

describe("a writer's commit that was reported as failed and had happened", () => {
  test("adds no rows twice when another writer has compacted its files since", async (context) => {
    const location = await temporaryDirectory(context);
    const created = await createTable({ location, schema: parseColumnList("id INT") });
    await created.appendRows([{ id: 1 }]);
    const store = new FailingStore(new LocalStore(location), [
      { operation: "putIfAbsent", path: /0002\.json$/, nth: 1, moment: "after" },
    ]);
    const table = await openTable(location, { store });
    const writer = await table.openWriter();
    await writer.write([{ id: 2 }]);
    await assert.rejects(
      writer.commit(),
      (error) => error instanceof DeltaError && error.effect === "unknown",
    );
    const compacted = await (await openTable(location)).optimize();
    assert.equal(compacted.removedFileCount, 2);
    assert.deepEqual(await writer.commit(), { kind: "alreadyCommitted" });
    const rows = await allRows((await openTable(location)).scan());
    assert.deepEqual(rows, [{ id: 1 }, { id: 2 }]);
  });

  test("leaves the files that are in the log when the same txn is there", async (context) => {
    const location = await temporaryDirectory(context);
    const created = await createTable({ location, schema: parseColumnList("id INT") });
    const store = new FailingStore(new LocalStore(location), [
      { operation: "putIfAbsent", path: /0001\.json$/, nth: 1, moment: "after" },
    ]);
    const table = await openTable(location, { store });
    const txn = { appId: "load", version: 1 };
    const writer = await table.openWriter();
    await writer.write([{ id: 1 }]);
    await assert.rejects(writer.commit({ txn }));
    await created.refresh();
    await created.restore({ version: 0 });
    assert.equal((await writer.commit({ txn })).kind, "alreadyCommitted");
    await writer.abort();
    const old = await allRows((await openTable(location)).scan({ version: 1 }));
    assert.deepEqual(old, [{ id: 1 }]);
  });
});
