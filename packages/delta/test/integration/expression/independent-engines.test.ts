// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { DeltaError } from "../../../src/delta-error.ts";
import { parsePredicate } from "../../../src/expression/bind-expression.ts";
import { compileRowPredicate, type RowValues } from "../../../src/expression/row-predicate.ts";
import { timestampParts } from "../../../src/expression/time-text.ts";
import { sqlTypeOf } from "../../../src/schema/sql-type.ts";
import {
  arbitraryColumns,
  arbitraryPlainPredicate,
  arbitraryPredicate,
  PREDICATE_SCHEMA,
  rowsOf,
} from "../../support/arbitrary-predicate.ts";
import { CONSTANT_CONDITIONS } from "../../support/constant-conditions.ts";
import { runPython, runSpark, skipWithoutPython, skipWithoutSpark } from "../../support/python.ts";
import { temporaryDirectory } from "../../support/table-files.ts";

const SEED = 20_240_229;
const SPARK_RUNS = 150;

/** T, F, N or E (has no value) for each row. */
function resultsOf(sql: string, rows: readonly RowValues[]): string[] {
  const evaluate = compileRowPredicate(parsePredicate(sql, PREDICATE_SCHEMA));
  return rows.map((row) => {
    try {
      const result = evaluate(row);
      return result === null ? "N" : result ? "T" : "F";
    } catch (error) {
      assert.ok(error instanceof DeltaError && error.code === "invalid_argument", String(error));
      return "E";
    }
  });
}

/** Values as texts that both engines cast to the types of the columns. */
function rowTexts(row: RowValues): (string | null)[] {
  return PREDICATE_SCHEMA.fields.map(({ name, type }) => {
    const value = row[name] as string | number | bigint | boolean | Uint8Array | null;
    if (value === null) return null;
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    if (typeof value === "bigint" && (type === "timestamp" || type === "timestamp_ntz")) {
      return timestampParts(value)?.join(" ") ?? null;
    }
    return Object.is(value, -0) ? "-0.0" : String(value);
  });
}

interface Condition {
  readonly sql: string;
  readonly rows?: readonly number[];
}

interface Task {
  readonly typeOf: (type: string) => string;
  readonly rows: readonly RowValues[];
  readonly conditions: readonly Condition[];
}

function taskFile(directory: string, { typeOf, rows, conditions }: Task): string {
  const path = join(directory, "task.json");
  const columns = PREDICATE_SCHEMA.fields.map(({ name, type }) => [name, typeOf(sqlTypeOf(type))]);
  writeFileSync(path, JSON.stringify({ columns, rows: rows.map(rowTexts), conditions }));
  return path;
}

function lastLine(output: string): string[] {
  return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as string[];
}

function differences(
  conditions: readonly string[],
  ours: readonly string[],
  theirs: readonly string[],
): string[] {
  assert.equal(theirs.length, conditions.length);
  return conditions.flatMap((condition, index) =>
    ours[index] === theirs[index] ? [] : [`${condition}: ${ours[index]}, not ${theirs[index]}`],
  );
}

function sampleRows(): RowValues[] {
  const samples = fc.sample(arbitraryColumns(12), { seed: SEED, numRuns: 5 });
  return samples.flatMap((columns) => rowsOf(columns));
}

describe("conditions are the same for every row", () => {
  test("to DuckDB, where the dialects agree", { skip: skipWithoutPython }, async (t) => {
    const rows = sampleRows();
    const texts = fc.sample(arbitraryPlainPredicate(), { seed: SEED, numRuns: 2000 });
    const path = taskFile(await temporaryDirectory(t), {
      typeOf: (type) => (type === "TIMESTAMP_NTZ" ? "TIMESTAMP" : type.replace("BINARY", "BLOB")),
      rows: rows.map((row) => ({ ...row, x: null })),
      conditions: texts.map((text) => ({ sql: text.replaceAll("<=>", "IS NOT DISTINCT FROM") })),
    });
    const found = lastLine(runPython("delta/evaluate_duckdb.py", path));
    const ours = texts.map((text) => resultsOf(text, rows).join(""));
    assert.deepEqual(differences(texts, ours, found), []);
  });

  test("to Spark, failures of constants among them", { skip: skipWithoutSpark }, async (t) => {
    const rows = sampleRows();
    const samples = fc.sample(arbitraryPredicate(), { seed: SEED, numRuns: SPARK_RUNS });
    const texts = [...CONSTANT_CONDITIONS, ...samples];
    const expected: string[] = [];
    const conditions = texts.map((sql): Condition => {
      const results = resultsOf(sql, rows);
      const valued = [...results.keys()].filter((row) => results[row] !== "E");
      expected.push(valued.length === 0 ? "E" : valued.map((row) => results[row]).join(""));
      if (valued.length === rows.length) return { sql };
      // Of rows without a value an optimiser may find that the part that fails is not needed.
      return { sql, rows: valued.length === 0 ? [0] : valued };
    });
    const path = taskFile(await temporaryDirectory(t), {
      typeOf: (type) => type,
      rows,
      conditions,
    });
    const found = lastLine(runSpark("delta/evaluate_spark.py", path));
    assert.deepEqual(differences(texts, expected, found), []);
  });
});
