// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { dirname } from "node:path";
import { formatNumber } from "./format-table.ts";
import type { BenchResult } from "./results.ts";

/** Where and with what something was measured. */
export interface Circumstances {
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly durability: string;
  /** `quick` runs show that everything works; their figures are not for publication. */
  readonly mode: "full" | "quick";
  readonly measuredAt: string;
}

export interface BenchReport extends Circumstances {
  readonly results: readonly BenchResult[];
}

const OFFICIAL_CLIENT = "node_modules/@databricks/zerobus-ingest-sdk-linux-x64-gnu/package.json";

export function circumstances(mode: Circumstances["mode"]): Circumstances {
  return {
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()} ${arch()}`,
    },
    versions: {
      node: process.version,
      sluice: versionIn("package.json"),
      officialClient: existsSync(OFFICIAL_CLIENT) ? versionIn(OFFICIAL_CLIENT) : "not installed",
      commit: commit(),
    },
    durability: "ack after write + fdatasync of the log; Parquet and Delta commit synced",
    mode,
    measuredAt: new Date().toISOString(),
  };
}

export function writeJson(file: string, content: object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

/** A table of results, with its head. */
export function resultRows(results: readonly BenchResult[]): string[][] {
  const rows = results.map(({ name, unit, median, min, max, runs, ratios }) => [
    name,
    formatNumber(median),
    unit,
    `${formatNumber(min)} to ${formatNumber(max)}`,
    String(runs),
    Object.entries(ratios)
      .map(([other, ratio]) => `${formatNumber(ratio)} x ${other}`)
      .join(", "),
  ]);
  return [["name", "median", "unit", "range", "runs", "ratios"], ...rows];
}

function versionIn(manifestFile: string): string {
  const manifest: unknown = JSON.parse(readFileSync(manifestFile, "utf8"));
  return (manifest as { version: string }).version;
}

/** With `-dirty` where the checkout has changes. */
function commit(): string {
  try {
    const description = ["describe", "--always", "--dirty", "--exclude=*"];
    return execFileSync("git", description, { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
