// SPDX-License-Identifier: Apache-2.0

/** Numbers from 0 to below 1. */
export type Random = () => number;

/**
 * The same numbers for the same seed and lane (Weyl sequence with a 32-bit finalizer). Each rule of a plan draws from a
 * lane of its own, so that how often one draws does not change another.
 */
export function seededRandom(seed: number, lane: number): Random {
  let state = finalize((seed >>> 0) ^ finalize(lane + 1));
  return () => {
    state = (state + 0x9e37_79b9) >>> 0;
    return finalize(state) / 4_294_967_296;
  };
}

function finalize(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
