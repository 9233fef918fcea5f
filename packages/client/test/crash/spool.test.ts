// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createRandom } from "@sluice/testkit";
import { openSpool } from "../../src/spool/open-spool.ts";
import { makeTemporaryDirectory } from "../support/temporary-directory.ts";

const ROUND_COUNT = Number(process.env["SLUICE_CRASH_ROUNDS"] ?? 5);
const SEED = Number(process.env["SLUICE_TEST_SEED"] ?? Date.now() % 1_000_000);
const OPTIONS = { maxBytes: 12 * 256 * 1024, maxRecordBytes: 100_000 };

interface Reported {
  /** The last record whose append had resolved. */
  readonly durable: number;
  /** The furthest trim that was asked for. */
  readonly trimmed: number;
}

/** Runs the appending process and kills it after so many lines. */
async function runUntilKilled(
  directory: string,
  seed: number,
  lineCount: number,
): Promise<Reported> {
  const path = fileURLToPath(new URL("spool-child.js", import.meta.url));
  const child = spawn(process.execPath, [path, directory, String(seed)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let durable = -1;
  let trimmed = 0;
  let seenCount = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, sequence] = line.split(" ");
    if (what === "durable") durable = Number(sequence);
    if (what === "trim") trimmed = Number(sequence);
    seenCount += 1;
    if (seenCount === lineCount) child.kill("SIGKILL");
  }
  const [, signal] = (await exited) as [number | null, string | null];
  assert.equal(signal, "SIGKILL");
  return { durable, trimmed };
}

test("loses nothing that an append resolved when the process is killed", async (context) => {
  context.diagnostic(`SLUICE_TEST_SEED=${SEED}`);
  const random = createRandom(SEED);
  const directory = await makeTemporaryDirectory(context);
  let durable = -1;
  let trimmed = 0;
  for (let round = 0; round < ROUND_COUNT; round++) {
    const lineCount = 1 + Math.floor(random() ** 2 * 2000);
    const seed = Math.floor(random() * 2 ** 32);
    const reported = await runUntilKilled(directory, seed, lineCount);
    durable = Math.max(durable, reported.durable);
    trimmed = Math.max(trimmed, reported.trimmed);
    const spool = await openSpool({ directory, ...OPTIONS });
    try {
      assert.ok(spool.firstSequence <= trimmed, `${spool.firstSequence} trimmed, not ${trimmed}`);
      assert.ok(spool.nextSequence > durable, `${spool.nextSequence} is next, ${durable} durable`);
      let expected = spool.firstSequence;
      for await (const { sequence, slot, record } of spool.read(0)) {
        assert.equal(sequence, expected);
        assert.equal(slot, sequence % 1024);
        assert.equal(record.byteLength, 8 + (sequence % 2000));
        assert.equal(Buffer.from(record).readDoubleLE(), sequence);
        assert.ok(record.subarray(8).every((byte) => byte === sequence % 251));
        expected += 1;
      }
      assert.equal(expected, spool.nextSequence);
    } finally {
      await spool.close();
    }
  }
  assert.ok(durable > 0 || ROUND_COUNT === 0);
});
