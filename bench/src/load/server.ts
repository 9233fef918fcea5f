// SPDX-License-Identifier: Apache-2.0
/** The server under test, in a process of its own, without authentication. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseColumnList } from "@sluice/delta";
import { startServer } from "@sluice/server";
import { answer, jobOfProcess } from "../lib/child.ts";
import { startProfiles, stopProfiles } from "../lib/profile-channel.ts";
import { wallClockMs } from "../lib/wall-clock.ts";

export interface ServerJob {
  readonly dataDirectory: string;
  readonly tables: readonly string[];
  /** Columns of every table, as SQL. */
  readonly columns: string;
  /** Of a server that was killed before, which has its tables. @default a free port and new tables */
  readonly port?: number;
}

export interface ServerReady {
  readonly endpoint: string;
  /** Directory of each table. */
  readonly locations: readonly string[];
  /** Wall clock when it took connections. */
  readonly listeningAtMs: number;
}

/** What the parent may ask. `reset` starts the loop delays again; profiles go to files in `directory`. */
export type ServerQuestion =
  | { readonly kind: "usage" }
  | { readonly kind: "flush" }
  | { readonly kind: "reset" }
  | { readonly kind: "startProfiles" }
  | { readonly kind: "stopProfiles"; readonly directory: string };

export interface ServerUsage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** Highest resident size since the process started. */
  readonly peakRssBytes: number;
  /** How late timers were, 99th percentile since the last reset. */
  readonly loopDelayP99Ms: number;
}

const LOOP_RESOLUTION_MS = 2;

const job = jobOfProcess<ServerJob>();
const loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
loopDelay.enable();
const { dataDirectory, port } = job;
const server = await startServer({
  dataDirectory,
  auth: false,
  ...(port === undefined ? {} : { port }),
});
const listeningAtMs = wallClockMs();
const locations: string[] = [];
for (const table of job.tables) {
  const entry =
    port === undefined
      ? await server.createTable(table, parseColumnList(job.columns))
      : (await server.catalog.list()).find(({ name }) => name === table);
  if (entry !== undefined) locations.push(entry.location);
}
answer({ endpoint: server.endpoint, locations, listeningAtMs } satisfies ServerReady);

process.on("message", (question: ServerQuestion) => {
  void reply(question).then(answer);
});
process.once("disconnect", () => {
  void server.close().then(() => process.exit(0));
});

async function reply(question: ServerQuestion): Promise<object> {
  switch (question.kind) {
    case "usage":
      return usage();
    case "flush":
      await server.flush();
      return {};
    case "reset":
      loopDelay.reset();
      return {};
    case "startProfiles":
      await startProfiles();
      return {};
    case "stopProfiles":
      await stopProfiles(question.directory);
      return {};
  }
}

function usage(): ServerUsage {
  const { user, system } = process.cpuUsage();
  // The histogram holds whole intervals between two timers, the wanted one included.
  const intervalP99Ms = loopDelay.percentile(99) / 1e6;
  return {
    cpuSeconds: (user + system) / 1e6,
    rssBytes: process.memoryUsage().rss,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    loopDelayP99Ms: Math.max(0, intervalP99Ms - LOOP_RESOLUTION_MS),
  };
}
