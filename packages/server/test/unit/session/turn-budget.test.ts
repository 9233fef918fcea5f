// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TurnBudget } from "../../../src/session/turn-budget.ts";

describe("turn budget", () => {
  it("is used up by bytes, and is there again in the next turn for all who wait", async () => {
    const budget = new TurnBudget();
    budget.spend(100);
    assert.equal(budget.isSaturated, false);
    budget.spend(10_000_000);
    assert.equal(budget.isSaturated, true);
    const relieved: number[] = [];
    await new Promise<void>((resolve) => {
      budget.whenRelieved(() => relieved.push(1));
      budget.whenRelieved(() => {
        relieved.push(2);
        resolve();
      });
      assert.deepEqual(relieved, []);
    });
    assert.deepEqual(relieved, [1, 2]);
    assert.equal(budget.isSaturated, false);
  });

  it("lets those who wait again wait for the turn after", async () => {
    const budget = new TurnBudget();
    let turns = 0;
    await new Promise<void>((resolve) => {
      const spendAndWait = (): void => {
        turns++;
        budget.spend(10_000_000);
        if (turns === 3) resolve();
        else budget.whenRelieved(spendAndWait);
      };
      spendAndWait();
    });
    assert.equal(turns, 3);
  });
});
