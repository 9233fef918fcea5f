// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "../random.ts";
import { ChaosClient, type DeadLetterReport } from "./chaos-client.ts";
import { CHAOS_COLUMNS, CHAOS_TABLE } from "./chaos-record.ts";
import { ChaosServer } from "./chaos-server.ts";
import { checkTable, type TableReport } from "./check-table.ts";
import { MAX_GROWTH_BYTES, MemoryWatch } from "./memory-watch.ts";

export interface ChaosRunOptions {
  readonly seed: number;
  readonly recordCount: number;
}

export interface ChaosResult extends TableReport, DeadLetterReport {
  readonly seed: number;
  readonly recordCount: number;
  readonly acknowledgedCount: number;
  /** Tickets of wrong records, rejected as they should be. */
  readonly refusedCount: number;
  /** Records whose submission or ticket ended otherwise. */
  readonly failedCount: number;
  /** Records that closing the producer gave back. */
  readonly leftCount: number;
  readonly pendingCount: number;
  readonly reconnectCount: number;
  readonly memoryGrowthBytes: number;
  readonly elapsedMs: number;
  readonly faults: Readonly<Record<string, number>>;
  /** What is wrong; empty when everything holds. */
  readonly problems: readonly string[];
}

/** Half an hour of a bad day, in real time; {@link COMPRESSION} says how much faster it goes. */
const FAULTS = [
  "drop=every 20s..60s one",
  "drop=every 4m",
  "rotate=every 2m grace 15s",
  "end=every 3m one",
  "ack-loss=every 45s one",
  "ack-hold=every 5m for 20s",
  "blackhole=every 6m for 90s one",
  "away=every 8m for 40s",
  "refuse=5%",
  "token=error 10%",
].join("; ");
const DURATION_MS = 30 * 60_000;
const COMPRESSION = 30;
const LANE_COUNT = 8;
const KILL_COUNT = 4;
const SAMPLE_COUNT = 40;
const PACE_STEP = 100;

/** Sends records, a few of them wrong, through the faults and the kills, and compares what came out with what went in. */
export async function runChaos(options: ChaosRunOptions): Promise<ChaosResult> {
  const { seed, recordCount } = options;
  const directory = await mkdtemp(join(tmpdir(), "sluice-chaos-"));
  const dataDirectory = join(directory, "server");
  const startedAtMs = performance.now();
  const server = await ChaosServer.start({
    dataDirectory,
    faults: `${FAULTS}; seed=${seed}`,
    compression: COMPRESSION,
    table: CHAOS_TABLE,
    columns: CHAOS_COLUMNS,
  });
  try {
    const client = await ChaosClient.open(
      server.ready,
      LANE_COUNT,
      join(directory, "dead-letters"),
    );
    const sending = new Sending(client, recordCount);
    const [memory] = await Promise.all([
      sampleMemory(sending),
      killAtTimes(server, seed, sending),
      sending.run(),
    ]);
    const leftCount = await client.close();
    const exitCode = await server.stop();
    const table = await checkTable(dataDirectory, CHAOS_TABLE, recordCount);
    const result = {
      ...options,
      ...table,
      ...(await client.checkDeadLetters(recordCount)),
      acknowledgedCount: client.acknowledgedCount,
      refusedCount: client.refusedCount,
      failedCount: client.failedCount,
      leftCount,
      pendingCount: client.pendingCount,
      reconnectCount: client.reconnectCount,
      memoryGrowthBytes: memory.growthBytes,
      elapsedMs: performance.now() - startedAtMs,
      faults: Object.fromEntries(server.faultCounts),
    };
    return { ...result, problems: problemsOf(result, exitCode) };
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Submits the records, each lane's in order and apart from the others, spread over the time of the faults. */
class Sending {
  submittedCount = 0;
  readonly recordCount: number;
  readonly #client: ChaosClient;

  constructor(client: ChaosClient, recordCount: number) {
    this.#client = client;
    this.recordCount = recordCount;
  }

  get isDone(): boolean {
    return this.submittedCount === this.recordCount;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: LANE_COUNT }, (_, lane) => this.#runLane(lane)));
  }

  async #runLane(lane: number): Promise<void> {
    const startedAtMs = performance.now();
    const msPerRecord = DURATION_MS / COMPRESSION / this.recordCount;
    let untilPause = PACE_STEP;
    for (let id = lane; id < this.recordCount; id += LANE_COUNT) {
      await this.#client.submit(id);
      this.submittedCount += 1;
      untilPause -= 1;
      if (untilPause > 0) continue;
      untilPause = PACE_STEP;
      await pause(Math.max(0, startedAtMs + id * msPerRecord - performance.now()));
    }
  }
}

async function sampleMemory(sending: Sending): Promise<MemoryWatch> {
  const watch = new MemoryWatch();
  for (let sample = 1; sample <= SAMPLE_COUNT; sample++) {
    const dueCount = (sending.recordCount * sample) / SAMPLE_COUNT;
    while (sending.submittedCount < dueCount) await pause(20);
    watch.sample();
  }
  return watch;
}

/** Kills the server once in each part of the run, somewhere in it. */
async function killAtTimes(server: ChaosServer, seed: number, sending: Sending): Promise<void> {
  const random = createRandom(seed);
  for (let kill = 0; kill < KILL_COUNT; kill++) {
    const dueCount = ((kill + random()) / KILL_COUNT) * sending.recordCount;
    while (sending.submittedCount < dueCount && !sending.isDone) await pause(5);
    await server.killAndRestart(Math.round(random() * 1_000));
  }
}

function problemsOf(result: Omit<ChaosResult, "problems">, exitCode: number | null): string[] {
  const { recordCount, acknowledgedCount, refusedCount, failedCount, leftCount } = result;
  const { missingCount, foreignCount, disorderCount } = result;
  const { notKeptCount, needlessLetterCount } = result;
  const { pendingCount, memoryGrowthBytes } = result;
  const problems: string[] = [];
  if (acknowledgedCount + refusedCount !== recordCount) {
    problems.push(
      `of ${recordCount} records ${acknowledgedCount} were acknowledged and ${refusedCount} refused`,
    );
  }
  if (failedCount > 0) problems.push(`${failedCount} tickets ended in a way they should not`);
  if (leftCount > 0) problems.push(`closing gave ${leftCount} records back`);
  if (notKeptCount > 0) problems.push(`${notKeptCount} wrong records are not in the dead letters`);
  if (needlessLetterCount > 0) {
    problems.push(`${needlessLetterCount} dead letters are of records that are right, or twice`);
  }
  if (missingCount > 0) problems.push(`${missingCount} acknowledged records are not in the table`);
  if (foreignCount > 0) problems.push(`${foreignCount} rows are not records that were submitted`);
  if (disorderCount > 0) problems.push(`${disorderCount} records are out of their key's order`);
  if (pendingCount > 0) problems.push(`${pendingCount} promises are pending after the close`);
  if (memoryGrowthBytes > MAX_GROWTH_BYTES) {
    problems.push(`memory grew by ${memoryGrowthBytes} bytes, the limit is ${MAX_GROWTH_BYTES}`);
  }
  if (exitCode !== 0) problems.push(`the server ended with ${exitCode}`);
  return problems;
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
