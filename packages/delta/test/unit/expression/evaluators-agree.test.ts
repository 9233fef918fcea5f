// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { DeltaError } from "../../../src/delta-error.ts";
import { parsePredicate } from "../../../src/expression/bind-expression.ts";
import { type BlockCheck, compileBlockCheck } from "../../../src/expression/block-check.ts";
import type { ColumnRows } from "../../../src/expression/block-readers.ts";
import { compilePruner } from "../../../src/expression/compile-pruner.ts";
import { parseStatistics } from "../../../src/expression/parse-statistics.ts";
import { compileRowPredicate, type RowValues } from "../../../src/expression/row-predicate.ts";
import { statisticsToJson } from "../../../src/parquet/file-statistics.ts";
import { blockOf, encodeFile } from "../../integration/parquet/support/blocks.ts";
import {
  arbitraryColumns,
  arbitraryPredicate,
  PREDICATE_SCHEMA,
  rowsOf,
} from "../../support/arbitrary-predicate.ts";

const RUNS = { numRuns: 300 };

/** `undefined` where evaluation fails. */
function resultOf(
  predicate: (row: RowValues) => boolean | null,
  row: RowValues,
): boolean | null | undefined {
  try {
    return predicate(row);
  } catch (error) {
    assert.ok(error instanceof DeltaError && error.code === "invalid_argument", String(error));
    return undefined;
  }
}

function failingRows(check: BlockCheck, rows: ColumnRows): number[] {
  const failing: number[] = [];
  for (let row = check(rows); row !== -1; row = check(rows, row + 1)) failing.push(row);
  return failing;
}

describe("evaluators", () => {
  it("of rows and of blocks, generated and interpreted, agree on every row", () => {
    fc.assert(
      fc.property(arbitraryPredicate(), arbitraryColumns(12), (text, columns) => {
        const predicate = parsePredicate(text, PREDICATE_SCHEMA);
        const evaluate = compileRowPredicate(predicate);
        const expected = rowsOf(columns).flatMap((row, index) =>
          resultOf(evaluate, row) === true ? [] : [index],
        );
        const block = blockOf(PREDICATE_SCHEMA, columns);
        for (const mode of ["auto", "interpreted"] as const) {
          const check = compileBlockCheck(predicate, { mode });
          assert.deepEqual(failingRows(check, block), expected, `${mode}: ${text}`);
        }
      }),
      RUNS,
    );
  });

  it("find in a file that was pruned no row that is true", () => {
    fc.assert(
      fc.property(arbitraryPredicate(), arbitraryColumns(4), (text, columns) => {
        const predicate = parsePredicate(text, PREDICATE_SCHEMA);
        const evaluate = compileRowPredicate(predicate);
        const hasTrue = rowsOf(columns).some((row) => resultOf(evaluate, row) === true);
        const { statistics } = encodeFile(PREDICATE_SCHEMA, [columns], {
          compression: "uncompressed",
        });
        const stats = parseStatistics(statisticsToJson(statistics));
        for (const boundsCoverNan of [false, true]) {
          const mayMatch = compilePruner(predicate, { partitionColumns: [], boundsCoverNan });
          assert.ok(mayMatch({ partitionValues: {}, stats }) || !hasTrue, text);
        }
      }),
      RUNS,
    );
  });
});
