// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { CommitTurns, type EndTurn } from "../../../src/commit/commit-turns.ts";
import { ManualServerClock } from "../../support/manual-clock.ts";

const PLACES = 4;

/** Tables that ask for turns by name, and the turns that have begun and not ended. */
function createTables(): {
  readonly clock: ManualServerClock;
  readonly turns: CommitTurns;
  readonly begun: string[];
  readonly ask: (name: string, isUrgent?: boolean) => object;
  readonly end: (name: string) => void;
} {
  const clock = new ManualServerClock();
  const turns = new CommitTurns(clock);
  const begun: string[] = [];
  const ends = new Map<string, EndTurn>();
  return {
    clock,
    turns,
    begun,
    ask: (name, isUrgent = false) => {
      const table = {};
      void turns.take(table, isUrgent).then((endTurn) => {
        begun.push(name);
        ends.set(name, endTurn);
      });
      return table;
    },
    end: (name) => ends.get(name)?.(),
  };
}

test("gives turns in the order of asking, four at one time", async () => {
  const { ask, end, begun } = createTables();
  for (const name of ["a", "b", "c", "d", "e", "f"]) ask(name);
  await turn();
  assert.deepEqual(begun, ["a", "b", "c", "d"]);
  end("b");
  end("b");
  await turn();
  assert.deepEqual(begun, ["a", "b", "c", "d", "e"]);
});

test("rests as long as the commit took before the next turn", async () => {
  const { ask, end, begun, clock } = createTables();
  for (const name of ["a", "b", "c", "d", "e"]) ask(name);
  await turn();
  clock.advance(30);
  end("a");
  clock.advance(29);
  await turn();
  assert.equal(begun.length, PLACES);
  clock.advance(1);
  await turn();
  assert.equal(begun.at(-1), "e");
});

test("bounds the rest after a commit to a slow disk", async () => {
  const { ask, end, begun, clock } = createTables();
  for (const name of ["a", "b", "c", "d", "e"]) ask(name);
  await turn();
  clock.advance(60_000);
  end("a");
  clock.advance(250);
  await turn();
  assert.equal(begun.at(-1), "e");
});

test("lets an urgent commit go before others and cut a rest short", async () => {
  const { ask, end, begun, clock } = createTables();
  for (const name of ["a", "b", "c", "d", "e"]) ask(name);
  await turn();
  clock.advance(30);
  end("a");
  ask("urgent", true);
  await turn();
  assert.equal(begun.at(-1), "urgent");
});

test("moves a commit that has become urgent to the front", async () => {
  const { ask, end, begun, turns } = createTables();
  for (const name of ["a", "b", "c", "d", "e"]) ask(name);
  const table = ask("f");
  turns.hurry(table);
  await turn();
  end("a");
  await turn();
  assert.equal(begun.at(-1), "f");
});
