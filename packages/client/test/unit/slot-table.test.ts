// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ZerobusError } from "../../src/core/zerobus-error.ts";
import { slotOf } from "../../src/producer/slot-hash.ts";
import { SLOT_COUNT, SlotTable } from "../../src/producer/slot-table.ts";

function counts(table: SlotTable): Map<number, number> {
  const perLane = new Map<number, number>();
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const lane = table.ownerOf(slot);
    perLane.set(lane, (perLane.get(lane) ?? 0) + 1);
  }
  return perLane;
}

test("spreads slots evenly and moves as few as it takes", () => {
  const table = new SlotTable();
  const settled = (): number => Number.POSITIVE_INFINITY;
  table.spread([0, 1, 2], settled);
  assert.deepEqual(
    [...counts(table).values()].sort((left, right) => left - right),
    [341, 341, 342],
  );
  const before = Array.from({ length: SLOT_COUNT }, (_, slot) => table.ownerOf(slot));
  table.spread([0, 1, 2, 3], settled);
  const moved = before.filter((lane, slot) => lane !== table.ownerOf(slot)).length;
  assert.equal(moved, 256);
  table.spread([0, 2], settled);
  assert.deepEqual(
    [...counts(table)].sort(([left], [right]) => left - right),
    [
      [0, 512],
      [2, 512],
    ],
  );
  assert.equal(table.uses(1), false);
});

test("holds a slot while records or calls of it are under way", () => {
  const table = new SlotTable();
  let settledNext = 0;
  table.spread([0], () => settledNext);
  table.submitted(5, 7);
  table.queued(5);
  table.spread([1], () => settledNext);
  assert.equal(table.heldCount, 1);
  assert.equal(table.ownerOf(5), 0);
  assert.equal(table.ownerOf(6), 1);
  settledNext = 8;
  assert.deepEqual(
    table.release(() => settledNext),
    [],
  );
  table.unqueued(5);
  assert.deepEqual(
    table.release(() => settledNext),
    [5],
  );
  assert.equal(table.isHeld(5), false);
  assert.equal(table.ownerOf(5), 1);
});

/** A slot may be in one lane only as long as anything of it is unsettled: then no two of its records can pass. */
test("never gives a slot to a lane while another has unsettled records of it", () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("submit" as const), slot: fc.nat(7) }),
      fc.record({ kind: fc.constant("settle" as const), lane: fc.nat(4), count: fc.nat(5) }),
      fc.record({
        kind: fc.constant("spread" as const),
        lanes: fc.uniqueArray(fc.nat(4), { minLength: 1 }),
      }),
    ),
    { maxLength: 150 },
  );
  fc.assert(
    fc.property(steps, (sequence) => {
      const table = new SlotTable();
      const next = [0, 0, 0, 0, 0];
      const settled = [0, 0, 0, 0, 0];
      const underWay = new Map<number, { lane: number; offset: number }[]>();
      const settledNext = (lane: number): number => settled[lane] ?? 0;
      table.spread([0], settledNext);
      for (const step of sequence) {
        if (step.kind === "submit") {
          if (table.isHeld(step.slot)) continue;
          const lane = table.ownerOf(step.slot);
          const open = (underWay.get(step.slot) ?? []).filter(
            (record) => record.offset >= settledNext(record.lane),
          );
          assert.ok(open.every((record) => record.lane === lane));
          const offset = next[lane] as number;
          next[lane] = offset + 1;
          table.submitted(step.slot, offset);
          underWay.set(step.slot, [...open, { lane, offset }]);
        } else if (step.kind === "settle") {
          settled[step.lane] = Math.min(
            next[step.lane] as number,
            settledNext(step.lane) + step.count,
          );
          table.release(settledNext);
        } else {
          table.spread(step.lanes, settledNext);
        }
      }
      for (let lane = 0; lane < 5; lane++) settled[lane] = next[lane] as number;
      table.release(settledNext);
      assert.equal(table.heldCount, 0);
    }),
  );
});

test("gives equal keys equal slots, spread over all of them, and refuses what is no key", () => {
  assert.equal(slotOf("42"), slotOf(42));
  assert.equal(slotOf(42n), slotOf(42));
  const used = new Set(Array.from({ length: 20_000 }, (_, index) => slotOf(`device-${index}`)));
  assert.equal(used.size, SLOT_COUNT);
  for (const key of [undefined, null, Number.NaN, {}, true]) {
    assert.throws(
      () => slotOf(key as string),
      (error: unknown) => error instanceof ZerobusError && error.code === "invalid_argument",
    );
  }
});
