// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Attempts, type RetryEnvironment, type RetryPolicy } from "../../../src/store/retry.ts";

const POLICY: RetryPolicy = { maxAttempts: 6, budgetMs: 10_000, baseDelayMs: 100, maxDelayMs: 500 };

function scripted(random: number): { readonly environment: RetryEnvironment; delaysMs: number[] } {
  const delaysMs: number[] = [];
  let nowMs = 1000;
  const sleep = async (delayMs: number): Promise<void> => {
    delaysMs.push(delayMs);
    nowMs += delayMs;
  };
  return { environment: { clock: () => nowMs, random: () => random, sleep }, delaysMs };
}

async function waitsOf(policy: RetryPolicy, random: number, askedDelayMs = 0): Promise<number[]> {
  const { environment, delaysMs } = scripted(random);
  const attempts = new Attempts(policy, environment);
  while (await attempts.wait(askedDelayMs));
  return delaysMs;
}

describe("Attempts", () => {
  test("doubles the bound of the random wait up to its limit", async () => {
    assert.deepEqual(await waitsOf(POLICY, 0.5), [50, 100, 200, 250, 250]);
    assert.deepEqual(await waitsOf(POLICY, 0), [0, 0, 0, 0, 0]);
  });

  test("waits as long as the store asks", async () => {
    assert.deepEqual(await waitsOf({ ...POLICY, maxAttempts: 3 }, 0.5, 2000), [2000, 2000]);
  });

  test("begins no try behind the budget", async () => {
    assert.deepEqual(await waitsOf({ ...POLICY, budgetMs: 160 }, 0.5), [50, 100]);
  });

  test("tries once where that is what it may", async () => {
    assert.deepEqual(await waitsOf({ ...POLICY, maxAttempts: 1 }, 0.5), []);
  });
});
