// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { dirname } from "node:path";

/** One measured quantity: the median of several runs. */
export interface BenchResult {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  /** This median divided by that of the named result. */
  readonly ratios: Readonly<Record<string, number>>;
}

export interface BenchReport {
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly durability: string;
  readonly results: readonly BenchResult[];
}

/** Collects samples by name, in the order in which they first came. */
export class ResultSet {
  readonly #samples = new Map<string, { unit: string; values: number[] }>();
  readonly #ratios: { name: string; of: string }[] = [];

  add(name: string, unit: string, value: number): void {
    const known = this.#samples.get(name) ?? { unit, values: [] };
    known.values.push(value);
    this.#samples.set(name, known);
  }

  /** Asks for the ratio of one result to another. */
  compare(name: string, to: string): void {
    this.#ratios.push({ name, of: to });
  }

  results(): BenchResult[] {
    return [...this.#samples].map(([name, { unit, values }]) => ({
      name,
      unit,
      median: median(values),
      min: Math.min(...values),
      max: Math.max(...values),
      runs: values.length,
      ratios: this.#ratiosOf(name, median(values)),
    }));
  }

  #ratiosOf(name: string, value: number): Record<string, number> {
    const ratios: Record<string, number> = {};
    for (const ratio of this.#ratios) {
      const other = this.#samples.get(ratio.of);
      if (ratio.name === name && other !== undefined)
        ratios[ratio.of] = value / median(other.values);
    }
    return ratios;
  }
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the given share of the values lies (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}

export function makeReport(results: readonly BenchResult[]): BenchReport {
  return {
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()} ${arch()}`,
    },
    versions: { node: process.version, sluice: sluiceVersion(), commit: commit() },
    durability: "ack after write + fdatasync of the log; Parquet and Delta commit synced",
    results,
  };
}

export function writeReport(file: string, report: BenchReport): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}

/** The report as a table for a terminal. */
export function formatReport(report: BenchReport): string {
  const rows = report.results.map((result) => [
    result.name,
    formatNumber(result.median),
    result.unit,
    `${formatNumber(result.min)} to ${formatNumber(result.max)}`,
    String(result.runs),
    Object.entries(result.ratios)
      .map(([name, ratio]) => `${ratio.toFixed(2)} x ${name}`)
      .join(", "),
  ]);
  const table = [["name", "median", "unit", "range", "runs", "ratio"], ...rows];
  const widths = table[0]?.map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function formatNumber(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(value >= 100 ? 0 : 2);
}

function sluiceVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync("package.json", "utf8"));
  return (manifest as { version: string }).version;
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
