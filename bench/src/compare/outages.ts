// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchCase } from "../cases/bench-case.ts";
import { runClient } from "../lib/fault-run.ts";
import type { IngestClientKind } from "../lib/ingest-client.ts";
import type { ResultSet } from "../lib/results.ts";
import { CRASH_TABLE, CrashServer } from "./crash-server.ts";

/** Different, since a client that tries every two seconds is lucky or not. */
const PAUSES_MS = [3_000, 3_700, 4_400];
const BEFORE_KILL_MS = 500;
const AFTER_RETURN_MS = 3_000;
const LIMIT_MS = 5_000;

/**
 * Time from the return of a killed server to the client's first acknowledgement.
 * @param isQuick one pause only
 */
export function outageCases(clients: readonly IngestClientKind[], isQuick: boolean): BenchCase[] {
  const pauses = isQuick ? PAUSES_MS.slice(0, 1) : PAUSES_MS;
  return clients.map((client) => ({
    name: `return.${client}`,
    run: async (results: ResultSet) => {
      for (const pauseMs of pauses) await measureReturn(results, client, pauseMs);
    },
  }));
}

export function askForOutageRatios(results: ResultSet): void {
  for (const ours of ["stream", "producer"]) {
    results.compare(`return.${ours}`, "return.official");
  }
}

async function measureReturn(
  results: ResultSet,
  client: IngestClientKind,
  pauseMs: number,
): Promise<void> {
  await using server = await CrashServer.start();
  let backAtMs = Number.NaN;
  const { answer } = await runClient({
    job: {
      client,
      endpoint: server.endpoint,
      table: CRASH_TABLE,
      recordCount: Number.MAX_SAFE_INTEGER,
      intervalMs: 20,
      waitsForAcks: true,
    },
    limitMs: LIMIT_MS,
    during: async (process) => {
      await sleep(BEFORE_KILL_MS);
      ({ backAtMs } = await server.killAndRestart(pauseMs));
      await sleep(AFTER_RETURN_MS);
      process.tell("stop");
    },
  });
  const firstAckMs = answer?.ackTimesMs.find((atMs) => atMs > backAtMs);
  if (firstAckMs === undefined) {
    throw new Error(`${client} had no acknowledgement ${AFTER_RETURN_MS} ms after the return`);
  }
  results.add(`return.${client}`, "ms", firstAckMs - backAtMs);
}
