// SPDX-License-Identifier: Apache-2.0
/**
 * `node bench/dist/publish.js`: writes the figures of `bench/results` between the markers of `bench/README.md`, so that no
 * number there is typed by hand.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { profileRows } from "./cases/profile.ts";
import { scalingRows } from "./cases/scaling.ts";
import { formatMarkdownTable } from "./lib/format-table.ts";
import { goalRows } from "./lib/goals.ts";
import { type BenchReport, type Circumstances, resultRows } from "./lib/report.ts";

const README = "bench/README.md";

/** What stands between `<!-- figures:NAME -->` and `<!-- /figures:NAME -->`, by NAME, with the report it is made from. */
const SECTIONS: Readonly<Record<string, readonly [string, (report: BenchReport) => string]>> = {
  goals: ["latest.json", ({ results }) => formatMarkdownTable(goalRows(results))],
  results: ["latest.json", ({ results }) => formatMarkdownTable(resultRows(results))],
  scaling: ["scaling.json", ({ results }) => tables(scalingRows(results))],
  profile: ["profile.json", ({ results }) => tables(profileRows(results))],
};

let readme = readFileSync(README, "utf8");
for (const [name, [file, render]] of Object.entries(SECTIONS)) {
  const path = `bench/results/${file}`;
  if (!existsSync(path)) continue;
  const report = JSON.parse(readFileSync(path, "utf8")) as BenchReport;
  readme = replaceSection(readme, name, `${describe(report)}\n\n${render(report)}`);
}
writeFileSync(README, readme);

function replaceSection(text: string, name: string, content: string): string {
  const start = `<!-- figures:${name} -->`;
  const end = `<!-- /figures:${name} -->`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${README} has no section ${start} ... ${end}`);
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
}

function tables(all: readonly (readonly (readonly string[])[])[]): string {
  return all.map(formatMarkdownTable).join("\n\n");
}

function describe({ machine, versions, durability, mode, measuredAt }: Circumstances): string {
  const parts = [
    `${machine["cores"]} cores of ${machine["cpu"]}, ${machine["memoryGiB"]} GiB, ${machine["platform"]}`,
    `Node ${versions["node"]}`,
    `Sluice ${versions["sluice"]} at ${versions["commit"]}`,
    `official client ${versions["officialClient"]}`,
    `${measuredAt.slice(0, 10)}, ${mode} run`,
    durability,
  ];
  return `${parts.join("; ")}.`;
}
