// SPDX-License-Identifier: Apache-2.0

/** A seeded source of random numbers in [0, 1) (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function below(random: () => number, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[below(random, items.length)] as Item;
}

/** Seed and rounds of a fuzz test, from SLUICE_FUZZ_SEED and SLUICE_FUZZ_ROUNDS. */
export function fuzzSettings(defaultRounds: number): { seed: number; rounds: number } {
  const { SLUICE_FUZZ_SEED: seed, SLUICE_FUZZ_ROUNDS: rounds } = process.env;
  return {
    seed: seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(seed),
    rounds: rounds === undefined ? defaultRounds : Number(rounds),
  };
}
