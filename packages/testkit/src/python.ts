// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../../../", import.meta.url));

/** The interpreter that has the engines, or `null`. */
export const PYTHON: string | null = interpreterOf("SLUICE_PYTHON", ".cache/venv");

/** Why tests with independent engines cannot run here, or `false`. */
export const skipWithoutPython: string | false =
  PYTHON === null
    ? "no Python with deltalake, pyarrow, polars and duckdb: set SLUICE_PYTHON or make .cache/venv"
    : false;

/** The interpreter that has Spark: one of its own, since Spark is heavy and needs Java. */
export const SPARK_PYTHON: string | null = interpreterOf(
  "SLUICE_SPARK_PYTHON",
  ".cache/spark-venv",
);

/** Why tests with Spark cannot run here, or `false`. */
export const skipWithoutSpark: string | false =
  SPARK_PYTHON === null
    ? "no Python with pyspark and delta-spark: set SLUICE_SPARK_PYTHON or make .cache/spark-venv"
    : false;

/** The interpreter that has DuckDB with its Delta extension, or `null`: the versions of the two belong together. */
export const DUCKDB_PYTHON: string | null = interpreterOf(
  "SLUICE_DUCKDB_PYTHON",
  ".cache/duckdb-venv",
);

/** Runs a script, named by its path below `conformance`, and gives what it prints. */
export function runPython(script: string, ...values: readonly string[]): string {
  return run(PYTHON as string, script, values);
}

/** As {@link runPython}, for a script that needs Spark. */
export function runSpark(script: string, ...values: readonly string[]): string {
  return run(SPARK_PYTHON as string, script, values);
}

/** What the variable names, empty for none; else the virtual environment, if it is there. */
function interpreterOf(variable: string, environment: string): string | null {
  const named = process.env[variable];
  if (named !== undefined) return named === "" ? null : named;
  const standard = join(REPOSITORY, environment, "bin/python");
  return existsSync(standard) ? standard : null;
}

/** The path of a script, named by its path below `conformance`. */
export function conformanceScript(script: string): string {
  return join(REPOSITORY, "conformance", script);
}

function run(interpreter: string, script: string, values: readonly string[]): string {
  const path = conformanceScript(script);
  const done = spawnSync(interpreter, [path, ...values], {
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC" },
    maxBuffer: 64 << 20,
  });
  assert.equal(done.status, 0, `${script} ${values.join(" ")}\n${done.stdout}\n${done.stderr}`);
  return done.stdout;
}
