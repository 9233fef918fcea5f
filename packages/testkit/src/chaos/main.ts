// SPDX-License-Identifier: Apache-2.0
/** `main.js [--seed N] [--records N] [--json]`: a chaos run; the verdict is the last line and the exit status. */
import { parseArgs } from "node:util";
import { runChaos } from "./run-chaos.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    records: { type: "string", default: "200000" },
    json: { type: "boolean", default: false },
  },
});

function wholeNumber(name: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
  throw new Error(`--${name} is ${text}; it must be a whole number from ${minimum} to ${maximum}`);
}

const result = await runChaos({
  seed: wholeNumber("seed", values.seed, 0, 0xffff_ffff),
  recordCount: wholeNumber("records", values.records, 1_000, 100_000_000),
});
const { seed, problems, faults, ...numbers } = result;
const isGood = problems.length === 0;
if (values.json) {
  process.stdout.write(`${JSON.stringify({ verdict: isGood ? "PASS" : "FAIL", ...result })}\n`);
} else {
  for (const [name, value] of Object.entries({ ...numbers, ...faults })) {
    process.stdout.write(`${name.padEnd(20)}${Math.round(value)}\n`);
  }
  for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
  process.stdout.write(
    `chaos: ${isGood ? "PASS" : "FAIL"} seed=${seed} records=${result.recordCount} duplicates=${result.duplicateCount} reconnects=${result.reconnectCount}\n`,
  );
}
process.exitCode = isGood ? 0 : 1;
