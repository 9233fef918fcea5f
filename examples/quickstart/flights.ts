// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";

/** A flight as the data set has it; `id` is its row number, from 1. */
export interface Flight {
  readonly id: number;
  /** Minutes late; early if negative. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  /** Hour of departure, with a fraction. */
  readonly time: number;
}

export const FLIGHT_COLUMNS =
  "id BIGINT NOT NULL, delay INT NOT NULL, distance INT NOT NULL, time DOUBLE NOT NULL";

/** Reads the 200,000 flights that the npm package vega-datasets brings along. */
export async function loadFlights(): Promise<readonly Flight[]> {
  const file = new URL("../data/flights-200k.json", import.meta.resolve("vega-datasets"));
  const rows = JSON.parse(await readFile(file, "utf8")) as Omit<Flight, "id">[];
  return rows.map((row, index) => ({ id: index + 1, ...row }));
}
