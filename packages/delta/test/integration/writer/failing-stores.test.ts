// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import { verifySnapshot } from "../../../src/log/checksum.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { LocalStore } from "../../../src/store/local-store.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import type { CommitResult } from "../../../src/table/transaction-request.ts";
import type { TableWriter } from "../../../src/writer/table-writer.ts";
import { FailingStore } from "../../support/failing-store.ts";
import { allRows } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

const ROWS = [
  { p: "a", x: 1 },
  { p: "b", x: 2 },
  { p: "a", x: 3 },
];

/** How often writing the rows asks a store for each: two files of two parts each, a commit and its checksum. */
const CALL_COUNTS = {
  "writer.write": 4,
  "writer.finish": 2,
  putIfAbsent: 2,
  get: 1,
} as const;
type Operation = keyof typeof CALL_COUNTS;

const FAULTS = (Object.keys(CALL_COUNTS) as Operation[]).flatMap((operation) =>
  Array.from({ length: CALL_COUNTS[operation] }, (_, index) => index + 1).flatMap((nth) =>
    (["before", "after"] as const).map((moment) => ({ operation, nth, moment })),
  ),
);

/** Loads rows as an application does that does not give up: a failed commit again, a failed load from its beginning. */
async function load(table: Awaited<ReturnType<typeof openTable>>): Promise<CommitResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await using writer = await table.openWriter();
      await writer.write(ROWS);
      return await commitTwice(writer);
    } catch (error) {
      assert.ok(error instanceof DeltaError, String(error));
      assert.equal(error.code, "unavailable");
      assert.ok(attempt < 5, "the load never ends");
    }
  }
}

async function commitTwice(writer: TableWriter): Promise<CommitResult> {
  try {
    return await writer.commit();
  } catch (error) {
    if (writer.state !== "unsettled") throw error;
    return writer.commit();
  }
}

describe("a load into a store that fails", () => {
  for (const fault of FAULTS) {
    const { operation, nth, moment } = fault;
    test(`loses and repeats no row when ${operation} number ${nth} fails ${moment} it is done`, async (context) => {
      const location = await temporaryDirectory(context);
      const schema = parseColumnList("p STRING, x INT");
      await createTable({ location, schema, partitionBy: ["p"] });
      const first = await openTable(location);
      await first.appendRows([{ p: "c", x: 0 }]);
      // What opening asks of the store is not what is to fail here.
      const counting = new FailingStore(new LocalStore(location));
      await openTable(location, { store: counting });
      const openCount = counting.count(operation);
      const inner = new LocalStore(location);
      const store = new FailingStore(inner, [{ ...fault, nth: openCount + nth }]);
      const failing = await openTable(location, { store });
      const result = await load(failing);
      assert.notEqual(result.kind, "conflict");
      assert.ok(store.count(operation) >= openCount + nth, "the fault has come");
      const reread = await openTable(location);
      const xs = (await allRows(reread.scan())).map(({ x }) => String(x));
      assert.deepEqual(xs.toSorted(), ["0", "1", "2", "3"]);
      assert.equal(reread.snapshot().version, 2);
      assert.notEqual((await verifySnapshot(inner, reread.snapshot())).kind, "differs");
    });
  }

  test("is committed though its checksum cannot be written", async (context) => {
    const location = await temporaryDirectory(context);
    const fault = { operation: "putIfAbsent", path: /\.crc$/, nth: 1, moment: "before" } as const;
    const store = new FailingStore(new LocalStore(location), [fault]);
    const table = await createTable({ location, schema: parseColumnList("x INT"), store });
    assert.equal((await verifySnapshot(store, table.snapshot())).kind, "absent");
    await table.appendRows([{ x: 1 }]);
    assert.equal((await verifySnapshot(store, table.snapshot())).kind, "matches");
  });
});
