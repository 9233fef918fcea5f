// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../../../", import.meta.url));
const DEFAULT_PYTHON = join(REPOSITORY, ".cache/venv/bin/python");

/** The interpreter that has the engines, or `null`. */
const PYTHON: string | null =
  process.env["SLUICE_PYTHON"] ?? (existsSync(DEFAULT_PYTHON) ? DEFAULT_PYTHON : null);

/** Why tests with independent engines cannot run here, or `false`. */
export const skipWithoutPython: string | false =
  PYTHON === null
    ? "no Python with deltalake, pyarrow, polars and duckdb: set SLUICE_PYTHON or make .cache/venv"
    : false;

/** The interpreter that has Spark, which takes a minute and is heavy to install, so never by default. */
const SPARK_PYTHON: string | null = process.env["SLUICE_SPARK_PYTHON"] ?? null;

export const skipWithoutSpark: string | false =
  SPARK_PYTHON === null ? "no Python with pyspark and delta-spark: set SLUICE_SPARK_PYTHON" : false;

/** Runs a script of `conformance/delta` and gives what it prints. */
export function runPython(script: string, ...values: readonly string[]): string {
  return run(PYTHON as string, script, values);
}

/** Runs a script of `conformance/delta` that needs Spark and gives what it prints. */
export function runSpark(script: string, ...values: readonly string[]): string {
  return run(SPARK_PYTHON as string, script, values);
}

function run(interpreter: string, script: string, values: readonly string[]): string {
  const path = join(REPOSITORY, "conformance/delta", script);
  const done = spawnSync(interpreter, [path, ...values], {
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC" },
    maxBuffer: 64 << 20,
  });
  assert.equal(done.status, 0, `${script} ${values.join(" ")}\n${done.stdout}\n${done.stderr}`);
  return done.stdout;
}
