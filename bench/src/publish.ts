// SPDX-License-Identifier: Apache-2.0
/**
 * `node bench/dist/publish.js`: writes the figures of `bench/results` between the markers of `bench/README.md` and of pages in
 * `docs`, so that no number there is typed by hand.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { profileRows } from "./cases/profile.ts";
import { scalingRows } from "./cases/scaling.ts";
import { barRows, type CompareReport, faultRows, strategyRows } from "./compare/report.ts";
import { deltaBarRows } from "./delta/report.ts";
import { formatMarkdownTable } from "./lib/format-table.ts";
import { goalRows } from "./lib/goals.ts";
import { type BenchReport, type Circumstances, resultRows } from "./lib/report.ts";

const README = "bench/README.md";
const STRATEGIES = "docs/ack-strategies.md";
const COMPARED = "docs/compared.md";

interface Section {
  readonly page: string;
  /** Stands in the page's markers `<!-- figures:NAME -->` and `<!-- /figures:NAME -->`. */
  readonly name: string;
  /** The report in `bench/results` that the section is made from. */
  readonly report: string;
  readonly render: (report: CompareReport) => string;
}

const SECTIONS: readonly Section[] = [
  bench("goals", "latest.json", ({ results }) => formatMarkdownTable(goalRows(results))),
  bench("results", "latest.json", ({ results }) => formatMarkdownTable(resultRows(results))),
  bench("scaling", "scaling.json", ({ results }) => tables(scalingRows(results))),
  bench("profile", "profile.json", ({ results }) => tables(profileRows(results))),
  bench("delta", "delta.json", ({ results }) =>
    tables([deltaBarRows(results), resultRows(results)]),
  ),
  compare(STRATEGIES, "strategies", ({ results }) => formatMarkdownTable(strategyRows(results))),
  compare(STRATEGIES, "bars", ({ results }) => formatMarkdownTable(barRows(results))),
  compare(COMPARED, "faults", ({ faults }) => formatMarkdownTable(faultRows(faults))),
];

for (const { page, name, report: file, render } of SECTIONS) {
  const path = `bench/results/${file}`;
  if (!existsSync(path)) continue;
  const report = JSON.parse(readFileSync(path, "utf8")) as CompareReport;
  const content = `${describe(report)}\n\n${render(report)}`;
  writeFileSync(page, replaceSection(readFileSync(page, "utf8"), page, name, content));
}

function bench(name: string, report: string, render: (report: BenchReport) => string): Section {
  return { page: README, name, report, render };
}

function compare(page: string, name: string, render: (report: CompareReport) => string): Section {
  return { page, name, report: "compare.json", render };
}

function replaceSection(text: string, page: string, name: string, content: string): string {
  const start = `<!-- figures:${name} -->`;
  const end = `<!-- /figures:${name} -->`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${page} has no section ${start} ... ${end}`);
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
    ...(versions["deltalake"] === undefined
      ? [`official client ${versions["officialClient"]}`]
      : [`deltalake ${versions["deltalake"]}`, `pyarrow ${versions["pyarrow"]}`]),
    `${measuredAt.slice(0, 10)}, ${mode} run`,
    durability,
  ];
  const load = machine["loadAverageBefore"];
  if (load !== undefined) parts.push(`load average before the run ${load}`);
  return `${parts.join("; ")}.`;
}
