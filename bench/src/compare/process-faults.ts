// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectProxy } from "@sluice/testkit";
import { type ClientRunOptions, runClient } from "../lib/fault-run.ts";
import type { IngestClientKind, RetryTimes } from "../lib/ingest-client.ts";
import { CRASH_TABLE, CrashServer } from "./crash-server.ts";
import type { FaultCase } from "./fault-case.ts";
import { describeRun } from "./observation.ts";

const INTERVAL_MS = 50;
const BEFORE_MS = 1_000;
/** A recovery that fails is over after 3.3 s: five attempts of 500 ms and four waits of 200 ms. */
const HASTY: RetryTimes = {
  ackTimeoutMs: 1_000,
  attemptTimeoutMs: 500,
  backoffMs: 200,
  flushTimeoutMs: 20_000,
};
const HASTY_TEXT = "ack timeout 1 s, attempt timeout 500 ms, backoff 200 ms";

/** Faults of a real server process, or of the way to it. */
export function processFaultCases(): FaultCase[] {
  return [
    killCase(3_000, 100, false),
    killCase(12_000, 300, true),
    stopCase(2_000, 100),
    stopCase(8_000, 240),
    {
      fault: `the connection goes silent while the server is well, ${HASTY_TEXT}`,
      isSlow: true,
      run: runSilentConnection,
    },
  ];
}

/** Unmodified options: records every 50 ms, and the server killed after the first second. */
function killCase(pauseMs: number, recordCount: number, isSlow: boolean): FaultCase {
  return {
    fault: `server killed (-9), back after ${pauseMs / 1000} s, ${recordCount} records meanwhile`,
    isSlow,
    run: (client) =>
      runOnServer(client, recordCount, undefined, async (server) => {
        await server.killAndRestart(pauseMs);
      }),
  };
}

function stopCase(pauseMs: number, recordCount: number): FaultCase {
  return {
    fault: `server stopped (SIGSTOP) for ${pauseMs / 1000} s, ${recordCount} records meanwhile, ${HASTY_TEXT}`,
    isSlow: true,
    run: (client) =>
      runOnServer(client, recordCount, HASTY, async (server) => {
        server.freeze();
        await sleep(pauseMs);
        server.thaw();
      }),
  };
}

async function runOnServer(
  client: IngestClientKind,
  recordCount: number,
  retries: RetryTimes | undefined,
  disturb: (server: CrashServer) => Promise<void>,
): Promise<string> {
  await using server = await CrashServer.start();
  const run = await runClient({
    job: jobFor(client, server, recordCount, retries),
    limitMs: recordCount * INTERVAL_MS,
    during: async () => {
      await sleep(BEFORE_MS);
      await disturb(server);
    },
  });
  const { rowCount, distinctCount } = await server.countRows();
  return describeRun(run, { receivedCount: rowCount, distinctCount });
}

/** As behind a NAT that has forgotten the connection. */
async function runSilentConnection(client: IngestClientKind): Promise<string> {
  await using server = await CrashServer.start();
  await using proxy = await ConnectProxy.start();
  const recordCount = 160;
  const run = await runClient({
    job: jobFor(client, server, recordCount, HASTY),
    limitMs: recordCount * INTERVAL_MS,
    environment: { grpc_proxy: proxy.url },
    during: async () => {
      await sleep(BEFORE_MS);
      proxy.freeze();
    },
  });
  const { rowCount, distinctCount } = await server.countRows();
  return describeRun(run, {
    connectionCount: proxy.tunnels.length,
    receivedCount: rowCount,
    distinctCount,
  });
}

function jobFor(
  client: IngestClientKind,
  server: CrashServer,
  recordCount: number,
  retries: RetryTimes | undefined,
): ClientRunOptions["job"] {
  return {
    client,
    endpoint: server.endpoint,
    table: CRASH_TABLE,
    recordCount,
    intervalMs: INTERVAL_MS,
    waitsForAcks: false,
    ...(retries === undefined ? {} : { retries }),
  };
}
