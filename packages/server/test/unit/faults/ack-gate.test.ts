// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AckGate } from "../../../src/faults/ack-gate.ts";
import { ManualServerClock } from "../../support/manual-clock.ts";

interface TestGate {
  readonly gate: AckGate;
  readonly clock: ManualServerClock;
  readonly sent: number[];
}

function gateWith(delaysMs: number[], offsetsPerSecond?: number): TestGate {
  const clock = new ManualServerClock();
  const sent: number[] = [];
  const gate = new AckGate({
    clock,
    nextDelayMs: () => delaysMs.shift() ?? 0,
    offsetsPerSecond,
    send: (offset) => sent.push(offset),
    onIdle: () => undefined,
  });
  return { gate, clock, sent };
}

describe("AckGate", () => {
  it("delays acks and keeps their order", () => {
    const { gate, clock, sent } = gateWith([100, 20]);
    gate.offer(4);
    gate.offer(9);
    clock.advance(99);
    assert.deepEqual(sent, []);
    clock.advance(1);
    assert.deepEqual(sent, [9]);
    assert.ok(gate.isIdle);
  });

  it("repeats what was sent when an ack comes again, and never what still waits", () => {
    const { gate, clock, sent } = gateWith([0, 50]);
    gate.offer(3);
    gate.offer(7);
    gate.offer(7);
    assert.deepEqual(sent, [3, 3]);
    clock.advance(50);
    assert.deepEqual(sent, [3, 3, 7]);
  });

  it("sends nothing while held, repeats included, and the last ack after it", () => {
    const { gate, sent } = gateWith([]);
    gate.offer(1);
    gate.hold();
    gate.offer(5);
    gate.offer(5);
    assert.deepEqual(sent, [1]);
    gate.release();
    assert.deepEqual(sent, [1, 5]);
  });

  it("acknowledges no more than the rate in the long run, and everything in the end", () => {
    const { gate, clock, sent } = gateWith([], 1_000);
    gate.offer(1_999);
    clock.advance(1_000);
    const afterOneSecond = sent.at(-1) ?? -1;
    assert.ok(afterOneSecond >= 1_000 && afterOneSecond < 1_120, `${afterOneSecond}`);
    clock.advance(1_000);
    assert.equal(sent.at(-1), 1_999);
  });

  it("lets one offset through at a time at a rate below one per second", () => {
    const { gate, clock, sent } = gateWith([], 0.5);
    gate.offer(2);
    assert.deepEqual(sent, [0]);
    clock.advance(2_000);
    assert.deepEqual(sent, [0, 1]);
    clock.advance(2_000);
    assert.deepEqual(sent, [0, 1, 2]);
  });

  it("sends nothing after it was closed", async () => {
    const { gate, clock, sent } = gateWith([10]);
    gate.offer(1);
    gate.close();
    gate.offer(2);
    clock.advance(100);
    assert.deepEqual(sent, []);
    await clock.pending();
  });
});
