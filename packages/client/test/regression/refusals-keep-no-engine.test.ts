// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { prefixedError, ZerobusError } from "../../src/core/zerobus-error.ts";
import { Settlement } from "../../src/producer/settlement.ts";

/** Stands for an engine: what has its buffers, and makes errors. */
class Engine {
  readonly buffer: Buffer = Buffer.alloc(131_072);

  fail(): ZerobusError {
    const cause = new ZerobusError("invalid_argument", `wrong, of ${this.buffer.length} bytes`);
    return prefixedError("Refused: ", cause);
  }
}

function refuseOnce(settlement: Settlement): WeakRef<Engine> {
  const engine = new Engine();
  settlement.refuse(engine.fail());
  return new WeakRef(engine);
}

test("remembers why a record was refused without the engine that found out", async () => {
  const settlement = new Settlement();
  const engines = Array.from({ length: 10 }, () => refuseOnce(settlement));
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  await setImmediate();
  collect();
  assert.equal(engines.filter((engine) => engine.deref() !== undefined).length, 0);
  await assert.rejects(settlement.waitFor(0), { message: "Refused: wrong, of 131072 bytes" });
});
