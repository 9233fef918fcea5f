// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import type { DeltaErrorCode } from "../../../src/delta-error.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable, type CreateTableOptions } from "../../../src/table/create-table.ts";
import { rejectsWith } from "../../support/table-checks.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

const SCHEMA = parseColumnList("a INT, b STRING, c ARRAY<INT>, v VARIANT, r BINARY");

type Options = Omit<CreateTableOptions, "location" | "schema">;

describe("createTable refuses", () => {
  const cases: readonly [what: string, options: Options, code: DeltaErrorCode, message: RegExp][] =
    [
      ["an unknown partition column", { partitionBy: ["x"] }, "invalid_argument", /is no column/],
      ["a partition column twice", { partitionBy: ["a", "a"] }, "invalid_argument", /"a" twice/],
      ["one with parts", { partitionBy: ["c"] }, "invalid_argument", /of type ARRAY<INT>/],
      ["a VARIANT one", { partitionBy: ["v"] }, "invalid_argument", /of type VARIANT/],
      [
        "both partitions and clustering",
        { partitionBy: ["a"], clusterBy: ["b"] },
        "invalid_argument",
        /both partitioned and clustered/,
      ],
      [
        "clustering by what has no bounds",
        { clusterBy: ["r"] },
        "invalid_argument",
        /BINARY has no/,
      ],
      ["clustering by nothing there", { clusterBy: [["a", "x"]] }, "invalid_argument", /"a\.x"/],
      ["clustering by a column twice", { clusterBy: ["a", "a"] }, "invalid_argument", /twice/],
      ["an empty name", { name: "" }, "invalid_argument", /1 to 255/],
      [
        "a name with control characters",
        { name: "a\nb" },
        "invalid_argument",
        /control characters/,
      ],
      [
        "a constraint's name",
        { constraints: { "a b": "a > 0" } },
        "invalid_argument",
        /name "a b"/,
      ],
      [
        "a constraint of no truth",
        { constraints: { c: "a + 1" } },
        "invalid_argument",
        /constraint "c"/,
      ],
      [
        "a constraint on no column",
        { constraints: { c: "x > 0" } },
        "invalid_argument",
        /constraint "c"/,
      ],
      [
        "a constraint beyond it",
        { constraints: { c: "rand() > 0" } },
        "unsupported",
        /constraint "c"/,
      ],
      ["a default of no column", { defaults: { x: "1" } }, "invalid_argument", /no column/],
      ["a default of another type", { defaults: { a: "'x'" } }, "invalid_argument", /"a"/],
      ["a default out of range", { defaults: { a: "3000000000" } }, "invalid_argument", /"a"/],
      ["a default beyond it", { defaults: { b: "current_user()" } }, "unsupported", /"b"/],
      [
        "a feature it has not",
        { features: ["icebergCompatV2"] },
        "invalid_argument",
        /"icebergCompatV2"/,
      ],
      [
        "a property's value",
        { properties: { "delta.checkpointInterval": "0" } },
        "invalid_argument",
        /"delta\.checkpointInterval" is "0"; it must be a whole number from 1/,
      ],
      [
        "two modes",
        { columnMapping: "id", properties: { "delta.columnMapping.mode": "name" } },
        "invalid_argument",
        /give one of the two/,
      ],
    ];
  for (const [what, options, code, message] of cases) {
    test(what, async (context) => {
      const location = await temporaryDirectory(context);
      await rejectsWith(createTable({ location, schema: SCHEMA, ...options }), code, message);
      assert.deepEqual(readdirSync(location), []);
    });
  }

  test("partitions by all columns, and columns that it would have to compute", async (context) => {
    const location = await temporaryDirectory(context);
    const schema = parseColumnList("a INT");
    const all = createTable({ location, schema, partitionBy: ["a"] });
    await rejectsWith(all, "invalid_argument", /by all of its columns/);
    const [field] = schema.fields;
    assert.ok(field !== undefined);
    for (const key of ["delta.generationExpression", "delta.identity.start"]) {
      const computed = { ...schema, fields: [{ ...field, metadata: { [key]: "1" } }] };
      const table = createTable({ location, schema: computed });
      await rejectsWith(table, "unsupported", /generated and identity columns/);
    }
    assert.deepEqual(readdirSync(location), []);
  });
});
