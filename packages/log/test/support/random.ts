// SPDX-License-Identifier: Apache-2.0

/** A seeded source of randomness. */
export interface Random {
  /** A number from 0 to below 1. */
  fraction(): number;
  /** An integer from 0 to below `bound`. */
  below(bound: number): number;
  chance(probability: number): boolean;
  fill(target: Uint8Array): void;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const fraction = (): number => next() / 0x1_0000_0000;
  return {
    fraction,
    below: (bound) => Math.floor(fraction() * bound),
    chance: (probability) => fraction() < probability,
    fill(target) {
      for (let index = 0; index < target.byteLength; index += 1) target[index] = next() & 0xff;
    },
  };
}

/** The seed of a run: from the environment to repeat one, else from the clock. */
export function chooseSeed(): number {
  const given = process.env["SLUICE_TEST_SEED"];
  return given === undefined ? Date.now() >>> 0 : Number(given) >>> 0;
}
