// SPDX-License-Identifier: Apache-2.0
import { ENGINES, type EngineName } from "./engine.ts";
import type { Cell, Matrix } from "./run-matrix.ts";

export interface Report extends Matrix {
  readonly passedCount: number;
  readonly failedCount: number;
  readonly skippedCount: number;
}

export function reportOf(matrix: Matrix): Report {
  const count = (kind: Cell["outcome"]["kind"]): number =>
    matrix.cells.filter(({ outcome }) => outcome.kind === kind).length;
  return {
    ...matrix,
    passedCount: count("passed"),
    failedCount: count("failed"),
    skippedCount: count("skipped"),
  };
}

const LABELS: Readonly<Record<EngineName, string>> = {
  deltalake: "delta-rs",
  duckdb: "DuckDB",
  spark: "Spark",
  polars: "Polars",
};

/** The table, then what failed and why, then why the rest was skipped. */
export function printReport(report: Report): string {
  const { cells, versions, absent } = report;
  const checks = [...new Set(cells.map(({ check }) => check))];
  const width = Math.max(...checks.map(({ length }) => length), "check".length);
  const line = (name: string, values: readonly string[]): string =>
    `${name.padEnd(width)}  ${values.map((value) => value.padEnd(8)).join("  ")}`.trimEnd();
  const lines = [
    line(
      "check",
      ENGINES.map((name) => LABELS[name]),
    ),
    ...checks.map((check) =>
      line(
        check,
        ENGINES.map((name) => markOf(cells, check, name)),
      ),
    ),
    "",
    ...ENGINES.map(
      (name) => `${LABELS[name]}: ${versionText(versions[name]) ?? absent[name] ?? ""}`,
    ),
    ...reasons(report),
    "",
    `${report.passedCount} passed, ${report.failedCount} failed, ${report.skippedCount} skipped`,
  ];
  return `${lines.join("\n")}\n`;
}

function markOf(cells: readonly Cell[], check: string, engine: EngineName): string {
  const cell = cells.find((one) => one.check === check && one.engine === engine);
  if (cell === undefined || isForeign(cell)) return "";
  const marks = { passed: "pass", failed: "FAIL", skipped: "skipped" } as const;
  return marks[cell.outcome.kind];
}

/** Whether a check has nothing to do with the engine at all. */
function isForeign({ outcome }: Cell): boolean {
  return outcome.kind === "skipped" && outcome.reason === "not about this engine";
}

function versionText(versions: Readonly<Record<string, string>> | undefined): string | undefined {
  if (versions === undefined) return undefined;
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
}

function reasons({ cells, absent }: Report): string[] {
  const lines: string[] = [];
  for (const cell of cells) {
    const { outcome, engine, check } = cell;
    if (outcome.kind === "failed")
      lines.push("", `FAIL ${LABELS[engine]}: ${check}`, outcome.error);
    const isNamed = absent[engine] !== undefined || isForeign(cell);
    if (outcome.kind === "skipped" && !isNamed) {
      lines.push(`skipped ${LABELS[engine]}: ${check}: ${outcome.reason}`);
    }
  }
  return lines.length === 0 ? [] : ["", ...lines];
}
