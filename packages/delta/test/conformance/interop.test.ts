// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { ALL_CHECKS } from "./checks/all-checks.ts";
import { runCheck, skipReasonOf } from "./check.ts";
import { ENGINES, EngineSet, skipWithoutEngine } from "./engine.ts";

/** `npm run interop` does more of them. */
const ROUNDS = 4;

const engines = new EngineSet();
after(async () => engines[Symbol.asyncDispose]());

for (const name of ENGINES) {
  describe(`${name} and our tables`, { skip: skipWithoutEngine(name) }, () => {
    for (const check of ALL_CHECKS) {
      if (!check.engines.includes(name)) continue;
      test(check.name, { skip: skipReasonOf(check, name) ?? false }, async () => {
        const engine = await engines.engine(name);
        await runCheck(check, { engine, allEngines: await engines.all(), rounds: ROUNDS });
      });
    }
  });
}

test("every check has a name of its own and an engine", () => {
  assert.equal(new Set(ALL_CHECKS.map(({ name }) => name)).size, ALL_CHECKS.length);
  assert.ok(
    ALL_CHECKS.every((check) => check.engines.length > Object.keys(check.unable ?? {}).length),
  );
});
