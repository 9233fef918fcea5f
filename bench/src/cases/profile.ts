// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runJob } from "../lib/child.ts";
import { formatNumber } from "../lib/format-table.ts";
import { READINGS } from "../lib/record-set.ts";
import type { BenchResult, ResultSet } from "../lib/results.ts";
import { DATA_ROOT, withServer } from "../lib/server-run.ts";
import { addStageSeconds, type CpuProfile, type Stage, STAGES } from "../lib/stages.ts";
import type { RawProducerAnswer, RawProducerJob } from "../load/raw-producer.ts";
import { floorCases } from "./all-cases.ts";
import type { BenchCase } from "./bench-case.ts";

type ProfiledLoad = Pick<RawProducerJob, "format" | "batchSize"> & { readonly recordCount: number };

const TABLE = "bench.profile.readings";
const WARM_UP_SHARE = 0.25;
const LOADS: Readonly<Record<string, ProfiledLoad>> = {
  "ingest.single": { format: "proto", batchSize: 1, recordCount: 4_000_000 },
  "ingest.batch500": { format: "proto", batchSize: 500, recordCount: 4_000_000 },
  "ingest.json": { format: "json", batchSize: 1, recordCount: 2_000_000 },
};

/** The ingest cases with every thread of the server sampled, and the floors. */
export function profileCases(scale: number): BenchCase[] {
  const floors = floorCases(
    (full) => Math.round(full * scale),
    (fullMs) => fullMs * scale,
  );
  const loads = Object.entries(LOADS).map(([name, load]) => ({
    name: `profile.${name}`,
    run: (results: ResultSet) =>
      profileIngest(results, `profile.${name}`, {
        ...load,
        recordCount: Math.round(load.recordCount * scale),
      }),
  }));
  return [...floors, ...loads];
}

/** A table of stages and a table of floors. */
export function profileRows(results: readonly BenchResult[]): string[][][] {
  const medians = new Map(results.map(({ name, median }) => [name, median]));
  const names = Object.keys(LOADS).filter((name) => medians.has(`profile.${name}.rate`));
  const row = (title: string, suffix: string): string[] => [
    title,
    ...names.map((name) => formatNumber(medians.get(`profile.${name}.${suffix}`) ?? Number.NaN)),
  ];
  const stages = [
    ["CPU s per million records", ...names],
    ...STAGES.map((stage) => row(stage, stage)),
    row("threads not sampled", "unsampled"),
    row("process, user and system", "cpu"),
    row("records/s while sampled", "rate"),
  ];
  const floors = results
    .filter(({ name }) => name.startsWith("floor."))
    .map(({ name, median, unit }) => [name, formatNumber(median), unit]);
  return [stages, [["floor", "measured", "unit"], ...floors]];
}

async function profileIngest(results: ResultSet, name: string, load: ProfiledLoad): Promise<void> {
  await withServer({ tables: [TABLE], profiled: true }, async (server) => {
    const { recordCount, format, batchSize } = load;
    const jobOf = (recordsPerStream: number): RawProducerJob => ({
      endpoint: server.endpoint,
      tables: [TABLE],
      streamCount: 1,
      connectionCount: 1,
      shape: READINGS,
      format,
      batchSize,
      recordsPerStream,
    });
    // Compiling and optimising are not part of a steady rate.
    const warmUpCount = Math.round(recordCount * WARM_UP_SHARE);
    await runJob<RawProducerAnswer>("load/raw-producer.js", jobOf(warmUpCount));
    await server.expectRows([warmUpCount]);
    await server.ask({ kind: "startProfiles" });
    const before = await server.usage();
    const run = await runJob<RawProducerAnswer>("load/raw-producer.js", jobOf(recordCount));
    const visibleAtMs = await server.expectRows([warmUpCount + recordCount]);
    const after = await server.usage();
    const directory = join(DATA_ROOT, "profiles", name);
    await mkdir(directory, { recursive: true });
    await server.ask({ kind: "stopProfiles", directory });
    const millions = recordCount / 1e6;
    const totals = await readProfiles(directory);
    const sampled = [...totals.values()].reduce((sum, seconds) => sum + seconds, 0);
    const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
    // A sample knows the clock, not the CPU: where others took the cores meanwhile, samples add up to more.
    const share = Math.min(1, cpuSeconds / sampled);
    for (const stage of STAGES) {
      results.add(`${name}.${stage}`, "s/million", ((totals.get(stage) ?? 0) * share) / millions);
    }
    results.add(`${name}.unsampled`, "s/million", (cpuSeconds - sampled * share) / millions);
    results.add(`${name}.cpu`, "s/million", cpuSeconds / millions);
    const seconds = (visibleAtMs - run.startedAtMs) / 1000;
    results.add(`${name}.rate`, "records/s", recordCount / seconds);
  });
}

async function readProfiles(directory: string): Promise<Map<Stage, number>> {
  const totals = new Map<Stage, number>();
  for (const file of await readdir(directory)) {
    if (!file.endsWith(".cpuprofile")) continue;
    const text = await readFile(join(directory, file), "utf8");
    addStageSeconds(totals, JSON.parse(text) as CpuProfile);
  }
  return totals;
}
