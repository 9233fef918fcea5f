// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { encodeCommit } from "../../src/log/commit-codec.ts";
import { commitPath } from "../../src/log/log-files.ts";
import { parseColumnList } from "../../src/schema/column-list.ts";
import { printSchemaString } from "../../src/schema/schema-json.ts";
import { createTable } from "../../src/table/create-table.ts";
import { withFeatures } from "../../src/table/table-protocol.ts";
import { rejectsWith } from "../support/table-checks.ts";
import { temporaryDirectory } from "../support/table-files.ts";

describe("a change of a table's definition", () => {
  test("does not take a name away that a generated column is computed from", async (context) => {
    const location = await temporaryDirectory(context);
    const schema = parseColumnList("id INT, twice INT, other INT");
    const table = await createTable({ location, schema, columnMapping: "name" });
    const { metadata, schema: mapped } = table.snapshot();
    const fields = mapped.fields.map((field) =>
      field.name === "twice"
        ? { ...field, metadata: { ...field.metadata, "delta.generationExpression": "id * 2" } }
        : field,
    );
    const protocol = withFeatures(table.snapshot().protocol, ["generatedColumns"]);
    const schemaString = printSchemaString({ type: "struct", fields });
    const actions = [
      ...(protocol === undefined ? [] : [{ protocol }]),
      { metaData: { ...metadata, schemaString } },
    ];
    writeFileSync(join(location, commitPath(1)), encodeCommit(actions));
    for (const change of [
      { kind: "renameColumn", column: "id", name: "key" },
      { kind: "dropColumns", columns: ["id"] },
    ] as const) {
      await rejectsWith(table.alter(change), "unsupported", /"twice" is computed from others/);
    }
  });

  test("keeps the columns of row ids when rows are tracked again", async (context) => {
    const location = await temporaryDirectory(context);
    const schema = parseColumnList("id INT");
    const enabled = { "delta.enableRowTracking": "true" };
    const table = await createTable({ location, schema, properties: enabled });
    const { configuration } = table.snapshot().metadata;
    const disabled = { "delta.enableRowTracking": "false" };
    await table.alter({ kind: "setProperties", properties: disabled });
    await table.alter({ kind: "setProperties", properties: enabled });
    assert.deepEqual(table.snapshot().metadata.configuration, configuration);
  });

  test("leaves what a protocol asks of readers, features of a preview included", () => {
    const protocol = {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ["variantType-preview"],
      writerFeatures: ["variantType-preview"],
    };
    const upgraded = withFeatures(protocol, ["deletionVectors"]);
    assert.deepEqual(upgraded?.readerFeatures, ["deletionVectors", "variantType-preview"]);
  });

  test("is heeded by a writer that was opened before: other clustering asks for other statistics", async (context) => {
    const location = await temporaryDirectory(context);
    const schema = parseColumnList("a INT, b INT");
    const properties = { "delta.dataSkippingNumIndexedCols": "0" };
    const table = await createTable({ location, schema, properties, clusterBy: ["a"] });
    await using writer = await table.openWriter();
    await writer.write([{ a: 1, b: 1 }]);
    await table.alter({ kind: "clusterBy", columns: ["b"] });
    await rejectsWith(writer.commit(), "invalid_argument", /no statistics of "b"/);
    assert.equal((await table.refresh()).files.fileCount, 0);
  });
});
