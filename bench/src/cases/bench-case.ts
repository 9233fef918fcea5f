// SPDX-License-Identifier: Apache-2.0
import type { ResultSet } from "../lib/results.ts";

/** One thing to measure: a server or a floor, started afresh for each run. */
export interface BenchCase {
  readonly name: string;
  /** Further results that the case gives, so that they can be asked for by name. */
  readonly also?: readonly string[];
  /** Measured in the first run only, where it takes long. */
  readonly once?: boolean;
  readonly run: (results: ResultSet) => Promise<void>;
}
