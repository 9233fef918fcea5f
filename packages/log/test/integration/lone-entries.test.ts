// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setImmediate as endOfTurn } from "node:timers/promises";
import type { SyncPolicy } from "../../src/core/sync-policy.ts";
import type { Log } from "../../src/log.ts";
import { openLog } from "../../src/open-log.ts";
import { closeAfter, makeTemporaryDirectory } from "../support/temporary-directory.ts";

const ENTRY = Buffer.from("entry");

/** Commits on the calling thread, so that a commit has ended when it has begun. */
const ALWAYS_BLOCKING: SyncPolicy = { shouldBlock: () => true, record: () => undefined };

async function openBlocking(context: TestContext): Promise<Log> {
  const directory = await makeTemporaryDirectory(context);
  const log = await openLog(directory, { syncPolicy: ALWAYS_BLOCKING });
  closeAfter(context, log);
  // The first commit waits for its segment.
  log.append(ENTRY);
  await log.sync();
  return log;
}

async function appendAlone(log: Log, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    log.append(ENTRY);
    await log.sync();
    await endOfTurn();
  }
}

/** Lets the caller's turn go on until its next ticks have run. */
function nextTick(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

test("commits an entry at once where the ones before it came alone", async (context) => {
  const log = await openBlocking(context);
  log.append(ENTRY);
  await nextTick();
  assert.ok(log.durablePosition < log.nextPosition);
  await log.sync();
  await endOfTurn();
  await appendAlone(log, 16);
  log.append(ENTRY);
  assert.ok(log.durablePosition < log.nextPosition);
  await nextTick();
  assert.equal(log.durablePosition, log.nextPosition);
});

test("waits for the turn's end again after a second entry came in the same turn", async (context) => {
  const log = await openBlocking(context);
  await appendAlone(log, 16);
  log.append(ENTRY);
  await nextTick();
  assert.equal(log.durablePosition, log.nextPosition);
  for (const turn of ["the same", "a later"]) {
    log.append(ENTRY);
    await nextTick();
    assert.ok(log.durablePosition < log.nextPosition, turn);
    await endOfTurn();
    await endOfTurn();
    assert.equal(log.durablePosition, log.nextPosition);
  }
});

test("puts entries of one turn into one commit where many come", async (context) => {
  const log = await openBlocking(context);
  const commits: number[] = [];
  log.onDurable((position) => commits.push(position));
  for (let round = 0; round < 20; round += 1) {
    for (let index = 0; index < 5; index += 1) {
      log.append(ENTRY);
      await nextTick();
    }
    await endOfTurn();
    await endOfTurn();
  }
  assert.equal(commits.length, 20);
});
