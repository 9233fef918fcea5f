// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { commitPath } from "../../../src/log/log-files.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { addOf, commitBytes } from "../../support/log-actions.ts";
import { allRows, rejectsWith, SCHEMA } from "../../support/table-checks.ts";
import { syntheticFile, temporaryDirectory, writeDataFile } from "../../support/table-files.ts";

describe("reading what is left", () => {
  test("passes over files under way, checksums and other strangers in the log", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    const log = join(location, "_delta_log");
    writeFileSync(join(log, ".00000000000000000001.json.0-0.tmp"), '{"add":{"pa');
    writeFileSync(join(log, "00000000000000000000.crc"), "{}");
    writeFileSync(join(log, "_commits"), "");
    assert.equal((await table.refresh()).version, 0);
    assert.equal((await openTable(location)).snapshot().version, 0);
    assert.deepEqual(await table.append({ files: [syntheticFile("a")] }), {
      kind: "committed",
      version: 1,
    });
  });

  test("names the file and the line of a damaged commit, and a missing version", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: SCHEMA });
    await table.append({ files: [syntheticFile("a"), syntheticFile("b")] });
    await table.append({ files: [syntheticFile("c")] });
    const path = join(location, commitPath(1));
    const whole = readFileSync(path);
    truncateSync(path, whole.length - 10);
    await rejectsWith(openTable(location), "data_loss", /00000000000000000001\.json, line 3/);
    unlinkSync(path);
    await rejectsWith(openTable(location), "data_loss", /lacks version 1/);
  });

  test("counts rows by the footers where the log does not say", async (context) => {
    const location = await temporaryDirectory(context);
    await createTable({ location, schema: SCHEMA });
    const schema = parseColumnList("id BIGINT NOT NULL");
    const file = await writeDataFile(location, schema, [[[1n, 2n, 3n]]]);
    const add = (extra: object) =>
      addOf(file.path, 0, { size: file.sizeBytes, stats: undefined, ...extra });
    writeFileSync(join(location, commitPath(1)), commitBytes([add({})]));
    const table = await openTable(location);
    assert.equal(await table.countRows(), 3);
    assert.deepEqual(await allRows(table.scan({ columns: ["name", "id"], limit: 2 })), [
      { name: null, id: 1n },
      { name: null, id: 2n },
    ]);
    assert.deepEqual(await allRows(table.scan({ columns: ["name"] })), [
      { name: null },
      { name: null },
      { name: null },
    ]);
    const deletionVector = {
      storageType: "u",
      pathOrInlineDv: "x",
      sizeInBytes: 1,
      cardinality: 2,
    };
    writeFileSync(
      join(location, commitPath(2)),
      commitBytes([{ remove: { path: file.path, dataChange: true } }, add({ deletionVector })]),
    );
    await table.refresh();
    assert.equal(await table.countRows(), 1);
    await rejectsWith(allRows(table.scan()), "data_loss", /deletion vector/);
  });

  test("names the data file that is missing, short or damaged", async (context) => {
    const location = await temporaryDirectory(context);
    const table = await createTable({ location, schema: parseColumnList("id BIGINT NOT NULL") });
    const { schema } = table.snapshot();
    const file = await writeDataFile(location, schema, [[[1n, 2n, 3n]]]);
    await table.append({ files: [file] });
    const target = join(location, file.path);
    const whole = readFileSync(target);
    truncateSync(target, 20);
    await rejectsWith(allRows(table.scan()), "data_loss", /part-00000-.* ends before/);
    writeFileSync(target, Buffer.alloc(whole.length, 1));
    await rejectsWith(allRows(table.scan()), "data_loss", /cannot be decoded as Parquet/);
    unlinkSync(target);
    await rejectsWith(allRows(table.scan()), "data_loss", /is missing, though the log names it/);
  });

  test("refuses paths in the log that leave the table", async (context) => {
    const location = await temporaryDirectory(context);
    await createTable({ location, schema: SCHEMA });
    writeFileSync(join(location, commitPath(1)), commitBytes([addOf("%2e%2e/secret.parquet", 1)]));
    const table = await openTable(location);
    await rejectsWith(allRows(table.scan()), "data_loss", /does not lie in the table/);
  });
});
