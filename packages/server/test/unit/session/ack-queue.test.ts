// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { AckQueue } from "../../../src/session/ack-queue.ts";

describe("ack queue", () => {
  it("acknowledges nothing that is not durable", () => {
    const queue = new AckQueue();
    queue.push(100, 4);
    assert.equal(queue.lastPosition, 100);
    assert.equal(queue.takeDurable(99), -1);
    assert.equal(queue.takeDurable(100), 4);
    assert.ok(queue.isEmpty);
    assert.equal(queue.takeDurable(1000), -1);
  });

  it("agrees with a list for any sequence of runs and commits", () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant("push" as const), by: fc.integer({ min: 1, max: 50 }) }),
        fc.record({ kind: fc.constant("take" as const), by: fc.integer({ min: 0, max: 120 }) }),
      ),
      { maxLength: 3000 },
    );
    fc.assert(
      fc.property(steps, (sequence) => {
        const queue = new AckQueue();
        let model: { position: number; offset: number }[] = [];
        let position = 0;
        let offset = -1;
        let durable = 0;
        for (const step of sequence) {
          if (step.kind === "push") {
            position += step.by;
            offset += step.by;
            queue.push(position, offset);
            model.push({ position, offset });
            continue;
          }
          durable = Math.min(position, durable + step.by);
          const taken = model.filter((pair) => pair.position <= durable);
          model = model.filter((pair) => pair.position > durable);
          assert.equal(queue.takeDurable(durable), taken.at(-1)?.offset ?? -1);
          assert.equal(queue.isEmpty, model.length === 0);
        }
      }),
      { numRuns: 60 },
    );
  });
});
