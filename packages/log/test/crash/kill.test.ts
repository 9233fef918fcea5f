// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { LogError, openLog } from "../../src/index.ts";
import { makeTemporaryDirectory } from "../support/temporary-directory.ts";

const ROUND_COUNT = 5;

/** Runs the appending process, kills it after some commits, returns the last durable position. */
async function runUntilKilled(directory: string, firstNumber: number, commitCount: number) {
  const path = fileURLToPath(new URL("crash-child.js", import.meta.url));
  const child = spawn(process.execPath, [path, directory, String(firstNumber)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let durablePosition = 0;
  let lineCount = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (lineCount === 0) {
      assert.match(line, /^open \d+$/);
      await assert.rejects(
        openLog(directory),
        (error) => error instanceof LogError && error.code === "locked",
      );
    } else {
      durablePosition = Number(line);
    }
    lineCount += 1;
    if (lineCount === commitCount) child.kill("SIGKILL");
  }
  const [, signal] = await exited;
  assert.equal(signal, "SIGKILL");
  return durablePosition;
}

test("keeps what a killed process reported durable, and takes over its lock", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  let nextNumber = 0;
  for (let round = 0; round < ROUND_COUNT; round += 1) {
    const durablePosition = await runUntilKilled(directory, nextNumber, 20 + round * 60);
    const log = await openLog(directory, { segmentBytes: 256 * 1024 });
    assert.ok(log.recoveredPosition >= durablePosition);
    let expected: number | undefined;
    await log.replay(0, (bytes) => {
      const number = Buffer.from(bytes.buffer, bytes.byteOffset, 8).readDoubleLE();
      assert.equal(bytes.byteLength, 8 + (number % 4000));
      if (expected !== undefined) assert.equal(number, expected);
      expected = number + 1;
    });
    assert.ok(expected !== undefined && expected > nextNumber);
    nextNumber = expected;
    await log.close();
  }
});
