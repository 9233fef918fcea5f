// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FaultEvent, FaultSchedule, parseFaults } from "../../../src/index.ts";

const TEXT = "drop=every 1s..5s one; rotate=every 30s; away=at 45s for 5s";

function eventsUntil(schedule: FaultSchedule, untilMs: number): FaultEvent[] {
  const events: FaultEvent[] = [];
  while (schedule.next !== undefined && schedule.next.atMs <= untilMs) {
    const event = schedule.take();
    assert.ok(event !== undefined);
    events.push(event);
  }
  return events;
}

function scheduleOf(text: string, fromMs?: number): FaultSchedule {
  return new FaultSchedule(parseFaults(text), fromMs);
}

describe("FaultSchedule", () => {
  it("gives the same events for the same plan, others for another seed", () => {
    const first = eventsUntil(scheduleOf(`${TEXT}; seed=3`), 300_000);
    assert.deepEqual(eventsUntil(scheduleOf(`${TEXT}; seed=3`), 300_000), first);
    assert.notDeepEqual(eventsUntil(scheduleOf(`${TEXT}; seed=4`), 300_000), first);
  });

  it("gives events in the order of their times, within their ranges", () => {
    const events = eventsUntil(scheduleOf(TEXT), 300_000);
    const drops = events.filter(({ rule }) => rule.kind === "drop");
    assert.deepEqual(
      events.map(({ atMs }) => atMs),
      events.map(({ atMs }) => atMs).sort((left, right) => left - right),
    );
    assert.ok(drops.length >= 60 && drops.length <= 300, `${drops.length} drops`);
    assert.ok(events.every(({ pick }) => pick >= 0 && pick < 1));
    const rotations = events.filter(({ rule }) => rule.kind === "rotate");
    assert.deepEqual(
      rotations.map(({ atMs }) => atMs),
      Array.from({ length: 10 }, (_, index) => 30_000 * (index + 1)),
    );
    assert.equal(events.filter(({ rule }) => rule.kind === "away").length, 1);
  });

  it("does not change a rule's times when another is put behind it", () => {
    const alone = eventsUntil(scheduleOf("drop=every 1s..5s"), 100_000);
    const both = eventsUntil(scheduleOf("drop=every 1s..5s; end=every 2s..9s"), 100_000);
    assert.deepEqual(
      both.filter(({ rule }) => rule.kind === "drop"),
      alone,
    );
  });

  it("goes on where an earlier one of the same plan stopped", () => {
    const whole = eventsUntil(scheduleOf(TEXT), 200_000);
    const rest = eventsUntil(scheduleOf(TEXT, 80_000), 200_000);
    assert.deepEqual(
      rest,
      whole.filter(({ atMs }) => atMs >= 80_000),
    );
  });

  it("has nothing more after the last event that happens once", () => {
    const schedule = scheduleOf("drop=at 5s");
    assert.equal(schedule.take()?.atMs, 5_000);
    assert.equal(schedule.next, undefined);
    assert.equal(schedule.take(), undefined);
  });
});
