// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadSnapshot } from "../../src/log/load-snapshot.ts";
import { parseColumnList } from "../../src/schema/column-list.ts";
import { LocalStore } from "../../src/store/local-store.ts";
import { createTable } from "../../src/table/create-table.ts";
import { openTable } from "../../src/table/delta-table.ts";
import { MadeTable } from "../support/made-table.ts";
import { rejectsWith } from "../support/table-checks.ts";
import { temporaryDirectory } from "../support/table-files.ts";

const ICT = "delta.enableInCommitTimestamps";

describe("restore", () => {
  test("refuses a version whose deletion vectors have been deleted", async (context) => {
    const made = new MadeTable(await temporaryDirectory(context), parseColumnList("id INT"));
    const { add } = await made.file([[[1, 2, 3]]]);
    made.commit([{ add }]);
    const vectorOf = (pathOrInlineDv: string): object => ({
      deletionVector: {
        storageType: "u",
        pathOrInlineDv,
        offset: 1,
        sizeInBytes: 34,
        cardinality: 1,
      },
    });
    const remove = { path: add.path, dataChange: true, deletionTimestamp: 1 };
    const deleted = vectorOf("^-aqEH.-t@S}K{vb[*k^");
    made.commit([{ remove }, { add: { ...add, ...deleted } }]);
    made.commit([{ remove: { ...remove, ...deleted } }, { add }]);
    const table = await openTable(made.location);
    await rejectsWith(table.restore({ version: 2 }), "data_loss", /needs the file "deletion_vec/);
    assert.equal((await table.refresh()).version, 3);
  });

  test("keeps since when commits carry their time, so that time travel stays right", async (context) => {
    const location = await temporaryDirectory(context);
    let nowMs = Date.now() - 100_000;
    const table = await createTable({
      location,
      schema: parseColumnList("id INT"),
      clock: () => nowMs,
    });
    const set = async (value: string): Promise<void> => {
      nowMs += 1000;
      await table.alter({ kind: "setProperties", properties: { [ICT]: value } });
    };
    await set("true");
    await set("false");
    nowMs += 1000;
    await table.appendRows([{ id: 1 }]);
    await set("true");
    const { configuration } = table.snapshot().metadata;
    nowMs += 1000;
    assert.equal((await table.restore({ version: 1 })).kind, "restored");
    assert.deepEqual(table.snapshot().metadata.configuration, configuration);
    assert.equal(configuration["delta.inCommitTimestampEnablementVersion"], "4");
    const timestampMs = nowMs - 500;
    const found = await loadSnapshot(new LocalStore(location), { timestampMs });
    assert.equal(found.version, 4);
    assert.deepEqual(await table.restore({ version: 1 }), { kind: "unchanged", version: 5 });
  });

  test("gives back the clustering, where nothing else has changed", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({
      location,
      schema: parseColumnList("a INT, b INT"),
      clusterBy: ["a"],
    });
    await table.alter({ kind: "clusterBy", columns: ["b"] });
    assert.equal((await table.restore({ version: 0 })).kind, "restored");
    const domain = table.snapshot().domains.get("delta.clustering");
    assert.match(domain?.configuration ?? "", /\[\["a"\]\]/);
  });
});
