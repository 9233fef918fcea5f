// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compressFaults, FAULT_NAMES, parseFaults } from "../../../src/index.ts";

const exactly = (ms: number): { minMs: number; maxMs: number } => ({ minMs: ms, maxMs: ms });

const EXAMPLES: Readonly<Record<string, unknown>> = {
  "drop=every 5s": {
    kind: "drop",
    timing: { kind: "every", interval: exactly(5_000) },
    scope: "all",
    how: "reset",
  },
  "drop=at 1.5m one fin": {
    kind: "drop",
    timing: { kind: "at", atMs: 90_000 },
    scope: "one",
    how: "fin",
  },
  "blackhole=every 1m for 5s": {
    kind: "blackhole",
    timing: { kind: "every", interval: exactly(60_000) },
    forMs: 5_000,
    scope: "all",
  },
  "away=every 1m..3m for 20s": {
    kind: "away",
    timing: { kind: "every", interval: { minMs: 60_000, maxMs: 180_000 } },
    forMs: 20_000,
  },
  "latency=10ms..30ms": { kind: "latency", delay: { minMs: 10, maxMs: 30 } },
  "bandwidth=2MiB/s": { kind: "bandwidth", bytesPerSecond: 2_097_152 },
  "rotate=every 30s grace 4s one": {
    kind: "rotate",
    timing: { kind: "every", interval: exactly(30_000) },
    graceMs: 4_000,
    scope: "one",
  },
  "end=at 1s with INTERNAL": {
    kind: "end",
    timing: { kind: "at", atMs: 1_000 },
    status: "INTERNAL",
    scope: "all",
  },
  "refuse=50%": { kind: "refuse", chance: 0.5, status: "UNAVAILABLE" },
  "ack-delay=50ms..200ms": { kind: "ack-delay", delay: { minMs: 50, maxMs: 200 } },
  "ack-hold=at 5s for 1s": {
    kind: "ack-hold",
    timing: { kind: "at", atMs: 5_000 },
    forMs: 1_000,
    scope: "all",
  },
  "ack-loss=1%": { kind: "ack-chance", chance: 0.01 },
  "ack-loss=at 3s one": { kind: "ack-loss", timing: { kind: "at", atMs: 3_000 }, scope: "one" },
  "throttle=1000/s": { kind: "throttle", requestsPerSecond: 1_000 },
  "token=refuse 10%": { kind: "token", how: "refuse", chance: 0.1, delay: exactly(0) },
  "token=slow 2s": { kind: "token", how: "slow", chance: 1, delay: exactly(2_000) },
};

describe("parseFaults", () => {
  for (const [text, rule] of Object.entries(EXAMPLES)) {
    it(`reads ${text}`, () => assert.deepEqual(parseFaults(text).rules, [rule]));
  }

  it("has an example of every fault", () => {
    const shown = new Set(Object.keys(EXAMPLES).map((text) => text.split("=")[0] ?? ""));
    assert.deepEqual([...shown].sort(), [...FAULT_NAMES].sort());
  });

  it("reads several faults, the same one more than once, and the seed", () => {
    const plan = parseFaults(" drop=every 5s ;drop=at 1s;; seed=7; ");
    assert.equal(plan.seed, 7);
    assert.equal(plan.rules.length, 2);
  });

  const refused: Readonly<Record<string, RegExp>> = {
    "": /character 1, "": no fault in it; known are drop, /,
    "seed=7": /no fault in it/,
    "drop=every 5s; drp=at 1s": /character 16, "drp": not a fault; known are drop, /,
    "drop=every 5s; rotate": /character 16, "rotate": expected name=value/,
    "drop=5s": /character 6, "5s": expected when/,
    "drop=every 5": /character 12, "5": expected a duration/,
    "drop=every 0s": /character 12, "0s": expected a duration/,
    "drop=every 9s..1s": /character 12, "9s..1s": expected a duration/,
    "away=every 5s": /character 14, the end: expected how long/,
    "drop=every 5s twice": /character 15, "twice": expected nothing more/,
    "refuse=150%": /character 8, "150%": expected a chance/,
    "end=at 1s with OK": /character 16, "OK": expected a gRPC status/,
    "throttle=1000": /character 10, "1000": expected a rate/,
    "token=lose": /character 7, "lose": expected what becomes of token requests: refuse/,
    "throttle=1/s; throttle=2/s": /character 15, "throttle": is given twice/,
    "seed=-1; drop=at 1s": /character 6, "-1": expected a whole number/,
    "toString=1": /"toString": not a fault/,
  };
  for (const [text, message] of Object.entries(refused)) {
    it(`refuses ${JSON.stringify(text)} with the place`, () => {
      assert.throws(() => parseFaults(text), { code: "invalid_argument", message });
    });
  }

  it("compresses all times and leaves chances and rates", () => {
    const text = "rotate=every 30s grace 2s; away=at 60s for 20s; ack-delay=50ms..200ms; refuse=5%";
    const expected =
      "rotate=every 3s grace 200ms; away=at 6s for 2s; ack-delay=5ms..20ms; refuse=5%";
    assert.deepEqual(compressFaults(parseFaults(text), 10), parseFaults(expected));
  });
});
