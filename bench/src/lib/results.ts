// SPDX-License-Identifier: Apache-2.0
import { median } from "./statistics.ts";

/** One measured quantity: the median of several runs. */
export interface BenchResult {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  /** This median divided by that of the named result. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** Collects samples by name, in the order in which they first came. */
export class ResultSet {
  readonly #samples = new Map<string, { unit: string; values: number[] }>();
  readonly #ratios: { name: string; of: string }[] = [];

  add(name: string, unit: string, value: number): void {
    const known = this.#samples.get(name) ?? { unit, values: [] };
    known.values.push(value);
    this.#samples.set(name, known);
  }

  /** Asks for the ratio of one result to another. */
  compare(name: string, to: string): void {
    this.#ratios.push({ name, of: to });
  }

  results(): BenchResult[] {
    return [...this.#samples].map(([name, { unit, values }]) => ({
      name,
      unit,
      median: median(values),
      min: Math.min(...values),
      max: Math.max(...values),
      runs: values.length,
      ratios: this.#ratiosOf(name, median(values)),
    }));
  }

  #ratiosOf(name: string, value: number): Record<string, number> {
    const ratios: Record<string, number> = {};
    for (const ratio of this.#ratios) {
      const other = this.#samples.get(ratio.of);
      if (ratio.name === name && other !== undefined)
        ratios[ratio.of] = value / median(other.values);
    }
    return ratios;
  }
}
