// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DurabilityListener, DurabilityQueue } from "../../../src/journal/durability-queue.ts";

function listenerThat(note: (text: string) => void): DurabilityListener {
  return {
    onDurable: (position) => note(`durable ${position}`),
    onLogFailure: (reason) => note(`failed: ${reason.message}`),
  };
}

test("tells each listener once, in the order of positions, and nobody whose position is not durable", () => {
  const queue = new DurabilityQueue();
  const told: string[] = [];
  for (const [name, position] of [
    ["a", 10],
    ["b", 20],
    ["a", 30],
    ["c", 40],
  ] as const) {
    queue.push(
      listenerThat((text) => told.push(`${name} ${text}`)),
      position,
    );
  }
  queue.publish(9);
  assert.deepEqual(told, []);
  queue.publish(30);
  assert.deepEqual(told, ["a durable 30", "b durable 30", "a durable 30"]);
  queue.publish(39);
  assert.equal(told.length, 3);
  queue.publish(40);
  assert.equal(told.at(-1), "c durable 40");
});

test("takes who comes while others are told", () => {
  const queue = new DurabilityQueue();
  const told: string[] = [];
  const late = listenerThat((text) => told.push(`late ${text}`));
  queue.push({ onDurable: () => queue.push(late, 20), onLogFailure: () => undefined }, 10);
  queue.publish(10);
  assert.deepEqual(told, []);
  queue.publish(20);
  assert.deepEqual(told, ["late durable 20"]);
});

test("keeps everybody in order over thousands of commits that leave some waiting", () => {
  const queue = new DurabilityQueue();
  const told: number[] = [];
  for (let position = 1; position <= 10_000; position++) {
    queue.push({ onDurable: () => told.push(position), onLogFailure: () => undefined }, position);
    if (position % 3 === 0) queue.publish(position - 2);
  }
  queue.publish(10_000);
  assert.deepEqual(
    told,
    Array.from({ length: 10_000 }, (_, index) => index + 1),
  );
});

test("tells of a failure everybody who still waits, once each", () => {
  const queue = new DurabilityQueue();
  const told: string[] = [];
  const done = listenerThat((text) => told.push(`done ${text}`));
  const waiting = listenerThat((text) => told.push(`waiting ${text}`));
  queue.push(done, 10);
  queue.push(waiting, 20);
  queue.push(waiting, 30);
  queue.publish(10);
  queue.fail(new Error("disk"));
  queue.publish(30);
  assert.deepEqual(told, ["done durable 10", "waiting failed: disk"]);
});
