// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type DeltaError } from "../../../src/delta-error.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { actionsAt, allRows, rejectsWith, SCHEMA } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

describe("table creation", () => {
  test("writes version 0 with commitInfo, protocol and metaData", async (context) => {
    const location = join(await temporaryDirectory(context), "a", "table");
    const uuids = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
    const table = await createTable({
      location,
      schema: SCHEMA,
      name: "flights",
      description: "all of them",
      properties: { "delta.appendOnly": "true", mine: "x" },
      clock: () => 1234,
      randomUuid: () => uuids.shift() ?? "",
    });
    assert.equal(table.snapshot().version, 0);
    assert.equal(await table.countRows(), 0);
    assert.deepEqual(await allRows(table.scan()), []);
    const [info, protocol, metadata] = actionsAt(location, 0);
    assert.equal(info?.["commitInfo"]?.["operation"], "CREATE TABLE");
    assert.deepEqual(protocol, { protocol: { minReaderVersion: 1, minWriterVersion: 2 } });
    assert.deepEqual(metadata?.["metaData"], {
      id: "11111111-1111-4111-8111-111111111111",
      name: "flights",
      description: "all of them",
      format: { provider: "parquet", options: {} },
      schemaString: JSON.stringify(SCHEMA),
      partitionColumns: [],
      configuration: { "delta.appendOnly": "true", mine: "x" },
      createdTime: 1234,
    });
    const reopened = await openTable(location);
    assert.deepEqual(reopened.snapshot().metadata, table.snapshot().metadata);
    assert.deepEqual(reopened.snapshot().schema, SCHEMA);
  });

  test("asks for table features only where types need them", async (context) => {
    const location = await temporaryDirectory(context);
    await createTable({ location, schema: parseColumnList("a ARRAY<TIMESTAMP_NTZ>, v VARIANT") });
    assert.deepEqual(actionsAt(location, 0)[1], {
      protocol: {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ["timestampNtz", "variantType"],
        writerFeatures: ["appendOnly", "invariants", "timestampNtz", "variantType"],
      },
    });
  });

  test("makes one table when many try", async (context) => {
    const location = await temporaryDirectory(context);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, async () => createTable({ location, schema: SCHEMA })),
    );
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    for (const result of results) {
      if (result.status === "rejected")
        assert.equal((result.reason as DeltaError).code, "already_exists");
    }
    await rejectsWith(
      createTable({ location, schema: SCHEMA }),
      "already_exists",
      /a Delta table in .* already/,
    );
  });

  test("refuses schemas and properties that it cannot honour", async (context) => {
    const location = await temporaryDirectory(context);
    await rejectsWith(
      createTable({ location, schema: { type: "struct", fields: [] } }),
      "invalid_argument",
      /at least one column/,
    );
    await rejectsWith(
      createTable({ location, schema: SCHEMA, properties: { "delta.nova": "x" } }),
      "invalid_argument",
      /"delta\.nova" cannot be set; .* these can: delta\.appendOnly/,
    );
    assert.deepEqual(readdirSync(location), []);
  });

  test("finds no table where there is none", async (context) => {
    const location = await temporaryDirectory(context);
    await rejectsWith(openTable(location), "not_found", /no Delta table in/);
    await rejectsWith(openTable(join(location, "nowhere")), "not_found", /no Delta table in/);
  });
});
