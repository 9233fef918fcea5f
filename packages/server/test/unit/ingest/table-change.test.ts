// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseColumnList, printSchemaString, type StructType } from "@sluice/delta";
import { changeOf, type TableState } from "../../../src/ingest/table-change.ts";

interface StateParts {
  readonly schema?: StructType;
  readonly id?: string;
  readonly partitionColumns?: readonly string[];
  readonly configuration?: Readonly<Record<string, string>>;
  /** Columns that the table is clustered by, as the domain has them. */
  readonly clustering?: string;
}

function stateOf(columns: string, parts: StateParts = {}): TableState {
  const schema = parts.schema ?? parseColumnList(columns);
  return {
    schema,
    domains:
      parts.clustering === undefined
        ? new Map()
        : new Map([
            [
              "delta.clustering",
              { domain: "delta.clustering", configuration: parts.clustering, removed: false },
            ],
          ]),
    protocol: { minReaderVersion: 1, minWriterVersion: 2 },
    metadata: {
      id: parts.id ?? "one",
      format: { provider: "parquet", options: {} },
      schemaString: printSchemaString(schema),
      partitionColumns: parts.partitionColumns ?? [],
      configuration: parts.configuration ?? {},
    },
  };
}

/** A schema with one column whose metadata is given. */
function columnWith(name: string, metadata: Readonly<Record<string, unknown>>): StructType {
  return { type: "struct", fields: [{ name, type: "long", nullable: true, metadata }] };
}

const BASE = "id BIGINT NOT NULL, name STRING, s STRUCT<a: INT>, l ARRAY<INT>, m MAP<STRING, INT>";

describe("the change of a table", () => {
  it("is none where only rows were added", () => {
    assert.deepEqual(changeOf(stateOf(BASE), stateOf(BASE)), { kind: "none" });
  });

  const compatible: readonly (readonly [string, TableState])[] = [
    ["a nullable column", stateOf(`${BASE}, more STRING`)],
    ["a nullable field of a struct", stateOf(BASE.replace("a: INT", "a: INT, b: STRING"))],
    ["NOT NULL taken away", stateOf(BASE.replace(" NOT NULL", ""))],
    ["a property", stateOf(BASE, { configuration: { "sluice.commitIntervalMs": "100" } })],
    ["a comment", stateOf(BASE.replace("name STRING", "name STRING COMMENT 'c'"))],
  ];
  for (const [what, after] of compatible) {
    it(`leaves rows good with ${what}`, () => {
      assert.deepEqual(changeOf(stateOf(BASE), after), { kind: "compatible" });
    });
  }

  const incompatible: readonly (readonly [RegExp, TableState])[] = [
    [/column "name" was dropped/, stateOf(BASE.replace(" name STRING,", ""))],
    [/column "s\.a" was dropped/, stateOf(BASE.replace("a: INT", "b: INT"))],
    [/column "name" was given another type/, stateOf(BASE.replace("name STRING", "name INT"))],
    [
      /column "l\.element" was given another type/,
      stateOf(BASE.replace("ARRAY<INT>", "ARRAY<LONG>")),
    ],
    [/column "m\.value" was given/, stateOf(BASE.replace("STRING, INT>", "STRING, LONG>"))],
    [/column "name" was given/, stateOf(BASE.replace("name STRING", "name VARCHAR(3)"))],
    [/column "name" became NOT NULL/, stateOf(BASE.replace("STRING,", "STRING NOT NULL,"))],
    [/NOT NULL column "x" was added/, stateOf(`${BASE}, x INT NOT NULL`)],
    [/partitioned/, stateOf(BASE, { partitionColumns: ["name"] })],
  ];
  for (const [reason, after] of incompatible) {
    it(`ends streams: ${reason.source}`, () => {
      const change = changeOf(stateOf(BASE), after);
      assert.equal(change.kind, "incompatible");
      assert.match(change.kind === "incompatible" ? change.reason : "", reason);
    });
  }

  it("tells a renamed column by its physical name", () => {
    const physical = { "delta.columnMapping.physicalName": "col-1" };
    const change = changeOf(
      stateOf("", { schema: columnWith("a", physical) }),
      stateOf("", { schema: columnWith("b", physical) }),
    );
    assert.deepEqual(change, { kind: "incompatible", reason: 'column "a" was renamed to "b"' });
  });

  it("has rows checked again for a constraint that was added, not for one that was taken away", () => {
    const checked = stateOf(BASE, { configuration: { "delta.constraints.c": "id > 0" } });
    assert.equal(changeOf(stateOf(BASE), checked).kind, "constrained");
    assert.equal(changeOf(checked, stateOf(BASE)).kind, "compatible");
    const invariant = stateOf("", { schema: columnWith("a", { "delta.invariants": "{}" }) });
    assert.equal(
      changeOf(stateOf("", { schema: columnWith("a", {}) }), invariant).kind,
      "constrained",
    );
  });

  it("has rows encoded again where files need statistics of other columns", () => {
    const byId = stateOf(BASE, { clustering: '[["id"]]' });
    assert.equal(changeOf(stateOf(BASE), byId).kind, "constrained");
    assert.equal(changeOf(byId, stateOf(BASE, { clustering: '[["name"]]' })).kind, "constrained");
    assert.equal(changeOf(byId, byId).kind, "none");
    assert.equal(changeOf(byId, stateOf(BASE)).kind, "none");
  });

  it("is another table where the id is another, whatever its schema", () => {
    assert.equal(changeOf(stateOf(BASE), stateOf(BASE, { id: "two" })).kind, "replaced");
  });
});
