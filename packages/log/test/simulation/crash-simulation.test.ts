// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { LogError } from "../../src/errors.ts";
import { openLog } from "../../src/open-log.ts";
import type { Log } from "../../src/log.ts";
import { chooseSeed, createRandom } from "../support/random.ts";
import type { Random } from "../support/random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";

interface Entry {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What an owner knows about a log across its lives. */
interface Knowledge {
  logId: string | undefined;
  /** Appended in order; cut to what was recovered at each start. */
  entries: Entry[];
  durablePosition: number;
  trimmedPosition: number;
}

interface Coverage {
  lostTails: number;
  keptTails: number;
  rolls: number;
  trims: number;
  crashesWhileOpening: number;
  failedSyncs: number;
}

const SEGMENT_BYTES = 64 * 1024;
const LIFE_COUNT = 12;

function optionsFor(disk: SimulatedDisk, random: Random) {
  return {
    storage: disk.openStorage(),
    segmentBytes: SEGMENT_BYTES,
    maxSpareSegmentCount: random.below(3),
    fillRandom: (target: Uint8Array) => random.fill(target),
    now: () => 0,
    syncPolicy: { shouldBlock: () => random.chance(0.3), record: () => undefined },
  };
}

async function checkRecovered(log: Log, known: Knowledge, coverage: Coverage): Promise<void> {
  known.logId ??= log.logId;
  assert.equal(log.logId, known.logId);
  assert.ok(log.recoveredPosition >= known.durablePosition, "lost what was reported durable");
  assert.ok(log.firstPosition <= known.trimmedPosition, "recycled what was not trimmed");
  const expected = known.entries.filter((entry) => entry.position > log.firstPosition);
  let index = 0;
  await log.replay(0, (bytes, position) => {
    const entry = expected[index];
    assert.ok(entry !== undefined, `position ${position} was never appended`);
    assert.equal(position, entry.position);
    assert.ok(Buffer.compare(bytes, entry.bytes) === 0, `the entry at ${position} differs`);
    index += 1;
  });
  const lastPosition = expected[index - 1]?.position ?? log.firstPosition;
  assert.equal(lastPosition, log.recoveredPosition);
  if (index < expected.length) coverage.lostTails += 1;
  if (log.recoveredPosition > known.durablePosition) coverage.keptTails += 1;
  known.entries = known.entries.filter((entry) => entry.position <= log.recoveredPosition);
  known.durablePosition = log.recoveredPosition;
  assert.equal(log.nextPosition, log.recoveredPosition);
}

function appendSome(log: Log, known: Knowledge, random: Random, coverage: Coverage): void {
  for (let count = random.below(6); count >= 0; count -= 1) {
    const bytes = Buffer.alloc(random.chance(0.1) ? random.below(60_000) : random.below(3000));
    // Unlike at every place and in every entry, and cheap.
    const content = random.below(1 << 30);
    for (let at = 0; at + 4 <= bytes.length; at += 256) bytes.writeUInt32LE(content + at, at);
    const segmentIndex = log.segmentIndex;
    known.entries.push({ position: log.append(bytes), bytes });
    if (log.segmentIndex !== segmentIndex) coverage.rolls += 1;
  }
}

async function useLog(log: Log, known: Knowledge, random: Random, coverage: Coverage) {
  log.onDurable((position) => {
    assert.ok(position > known.durablePosition);
    known.durablePosition = position;
  });
  const trims: Promise<void>[] = [];
  for (let turn = random.below(20); turn > 0; turn -= 1) {
    appendSome(log, known, random, coverage);
    if (random.chance(0.5)) await log.sync();
    else await new Promise((resolve) => setImmediate(resolve));
    if (random.chance(0.2)) {
      const part = random.chance(0.3) ? 1 : random.fraction();
      const position = Math.floor(known.durablePosition * part);
      known.trimmedPosition = Math.max(known.trimmedPosition, position);
      coverage.trims += 1;
      trims.push(log.trim(position).catch(() => undefined));
    }
  }
  await log.close();
  await Promise.all(trims);
}

async function runLife(disk: SimulatedDisk, known: Knowledge, random: Random, coverage: Coverage) {
  if (random.chance(0.8)) disk.operationsUntilCrash = 1 + random.below(120);
  else if (random.chance(0.5)) {
    let untilFault = 5 + random.below(40);
    disk.fault = (operation) => {
      untilFault -= 1;
      if (operation !== "sync" || untilFault > 0) return undefined;
      coverage.failedSyncs += 1;
      return Object.assign(new Error("simulated EIO"), { code: "EIO" });
    };
  }
  let log: Log | undefined;
  try {
    log = await openLog("simulated", optionsFor(disk, random));
    await checkRecovered(log, known, coverage);
    await useLog(log, known, random, coverage);
  } catch (error) {
    // An assertion is wrapped by nobody: only the faults that were injected may end a life.
    if (!(error instanceof LogError)) throw error;
    assert.equal(error.code, "unavailable", error.message);
    if (log === undefined) coverage.crashesWhileOpening += 1;
    await log?.close().catch(() => undefined);
  }
}

test("keeps what it reported durable through crashes and failed syncs", async (context) => {
  const seed = chooseSeed();
  const runCount = Number(process.env["SLUICE_SIMULATION_RUNS"] ?? 50);
  context.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const coverage: Coverage = {
    lostTails: 0,
    keptTails: 0,
    rolls: 0,
    trims: 0,
    crashesWhileOpening: 0,
    failedSyncs: 0,
  };
  for (let run = 0; run < runCount; run += 1) {
    const random = createRandom(seed + run);
    const disk = new SimulatedDisk(seed ^ run);
    const known: Knowledge = {
      logId: undefined,
      entries: [],
      durablePosition: 0,
      trimmedPosition: 0,
    };
    for (let life = 0; life < LIFE_COUNT; life += 1) {
      try {
        await runLife(disk, known, random, coverage);
      } catch (error) {
        context.diagnostic(`failed in run ${run}, life ${life}`);
        throw error;
      }
      if (random.chance(0.7)) disk.failPower();
      else disk.killProcess();
    }
    // A log that never opened in the last lives must still open on a disk without faults.
    const log = await openLog("simulated", optionsFor(disk, random));
    await checkRecovered(log, known, coverage);
    await log.close();
  }
  context.diagnostic(JSON.stringify(coverage));
  for (const [name, count] of Object.entries(coverage)) {
    assert.ok(count > 0, `no run covered ${name}`);
  }
});
