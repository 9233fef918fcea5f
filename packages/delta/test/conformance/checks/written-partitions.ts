// SPDX-License-Identifier: Apache-2.0
import type { InputRow } from "../../../src/rows/row-encoder.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { assertReads } from "../agreement.ts";
import { type Check, READERS } from "../check.ts";

/** Values that are hard to put into a path or to read back, for each type that may partition a table. */
const HOSTILE: Readonly<Record<string, readonly unknown[]>> = {
  STRING: [
    " ",
    "  x ",
    "a/b",
    "..",
    "a=b",
    "100%",
    "%41",
    "%",
    "é日本𝒳",
    "e\u0301",
    "quo'te\"",
    "new\nline\r\t",
    "a\\b",
    "__HIVE_DEFAULT_PARTITION__x",
    "null",
    "NULL",
    "#?&;:*<>|",
    "{}[]^",
    "\u0001\u007f",
    "a+b",
    "~",
    ".hidden",
    "_x",
    "x".repeat(180),
  ],
  BOOLEAN: [true, false],
  TINYINT: [-128, 0, 127],
  SMALLINT: [-32_768, 32_767],
  INT: [-(2 ** 31), 0, 2 ** 31 - 1],
  BIGINT: [-(2n ** 63n), 0n, 2n ** 63n - 1n, 9_007_199_254_740_993n],
  FLOAT: [0.5, -1.5, Math.fround(0.1), Math.fround(3.4e38), Math.fround(1e-45)],
  DOUBLE: [0.1, -2.5, 1e300, 5e-324, 123_456_789.123_456_78, 1e21, 1e-7],
  DATE: ["0001-01-01", "1969-12-31", "2024-02-29", "9999-12-31"],
  TIMESTAMP: [0n, -1n, 1_709_164_800_123_456n, 1_709_164_800_000_000n, -62_135_596_800_000_000n],
  TIMESTAMP_NTZ: [0n, -1n, 1_709_164_800_123_456n, 1_709_164_800_000_000n],
  "DECIMAL(20,4)": ["0.0000", "-0.0001", "9999999999999999.9999", "1.5000"],
};

function partitioned(type: string, values: readonly unknown[]): Check["run"] {
  return async ({ engine, location }) => {
    const schema = parseColumnList(`p ${type}, id INT`);
    const table = await createTable({ location, schema, partitionBy: ["p"] });
    const rows = [...values, null].map((p, id) => ({ p, id })) as InputRow[];
    await table.appendRows(rows);
    await table.appendRows(rows.toReversed());
    await assertReads(engine, table, [...rows, ...rows]);
  };
}

async function severalColumns({ engine, location }: Parameters<Check["run"]>[0]): Promise<void> {
  const schema = parseColumnList("id INT, s STRING, `a.b` DATE, i INT");
  const table = await createTable({ location, schema, partitionBy: ["i", "s", "a.b"] });
  const rows: InputRow[] = [
    { id: 1, s: "a/b=c %", "a.b": "2024-02-29", i: -1 },
    { id: 2, s: null, "a.b": null, i: null },
    { id: 3, s: "x", "a.b": null, i: 7 },
  ];
  await table.appendRows(rows);
  await assertReads(engine, table, rows);
}

export const PARTITION_CHECKS: readonly Check[] = [
  ...Object.entries(HOSTILE).map(([type, values]) => ({
    name: `hostile partition values of ${type}`,
    engines: READERS,
    run: partitioned(type, values),
  })),
  { name: "partitions by several columns", engines: READERS, run: severalColumns },
];
