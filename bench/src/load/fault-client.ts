// SPDX-License-Identifier: Apache-2.0
/**
 * One client that meets with a fault: opens a stream and says whether that worked; when told `go`, sends records at an even pace
 * until it has sent all or is told `stop`, flushes, and says what it saw.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { answer, jobOfProcess } from "../lib/child.ts";
import {
  type IngestClient,
  type IngestClientOptions,
  messageOf,
  openIngestClient,
} from "../lib/ingest-client.ts";
import { wallClockMs } from "../lib/wall-clock.ts";

export interface FaultClientJob extends IngestClientOptions {
  readonly recordCount: number;
  readonly intervalMs: number;
  /** Each record waits for its acknowledgement before the next is sent, so that acknowledgements can be timed. */
  readonly waitsForAcks: boolean;
}

export type FaultClientOrder = "go" | "stop";

export interface FaultClientReady {
  readonly openError?: string;
  readonly openMs: number;
}

export interface FaultClientAnswer {
  readonly takenCount: number;
  /** Records that were not taken, and the first reason. */
  readonly rejectedCount: number;
  readonly firstRejection?: string;
  /** Wall clock at each acknowledgement, where they are waited for. */
  readonly ackTimesMs: readonly number[];
  readonly flushError?: string;
  /** From the first record on until the client first said that something is wrong. */
  readonly failedAfterMs?: number;
  /** What the client has unacknowledged when it is closed, or why it does not say. */
  readonly unacknowledged: number | string;
}

const job = jobOfProcess<FaultClientJob>();
const stopping = new AbortController();
const openedAt = performance.now();
try {
  const client = await openIngestClient(job);
  process.on("message", (order: FaultClientOrder) => {
    if (order === "stop") stopping.abort();
    else void run(client).then(answer);
  });
  answer({ openMs: performance.now() - openedAt } satisfies FaultClientReady);
} catch (error) {
  const openMs = performance.now() - openedAt;
  answer({ openError: messageOf(error), openMs } satisfies FaultClientReady);
}

async function run(to: IngestClient): Promise<FaultClientAnswer> {
  const ackTimesMs: number[] = [];
  let takenCount = 0;
  let rejectedCount = 0;
  let firstRejection: string | undefined;
  let flushError: string | undefined;
  let failedAfterMs: number | undefined;
  const startedAt = performance.now();
  for (let id = 0; id < job.recordCount && !stopping.signal.aborted; id++) {
    await sleep(Math.max(0, startedAt + id * job.intervalMs - performance.now()));
    try {
      const receipt = await to.send(JSON.stringify({ id }));
      takenCount++;
      if (!job.waitsForAcks) continue;
      await to.acknowledged(receipt);
      ackTimesMs.push(wallClockMs());
    } catch (error) {
      rejectedCount++;
      firstRejection ??= messageOf(error);
      failedAfterMs ??= performance.now() - startedAt;
    }
  }
  try {
    await to.flush();
  } catch (error) {
    flushError = messageOf(error);
    failedAfterMs ??= performance.now() - startedAt;
  }
  const unacknowledged = await to.closeAndCount();
  return {
    takenCount,
    rejectedCount,
    ...(firstRejection === undefined ? {} : { firstRejection }),
    ackTimesMs,
    ...(flushError === undefined ? {} : { flushError }),
    ...(failedAfterMs === undefined ? {} : { failedAfterMs }),
    unacknowledged,
  };
}
