// SPDX-License-Identifier: Apache-2.0
import type { DeltaTable } from "@sluice/delta";
import type { Flight } from "./flights.ts";

/** What the table holds, read back from its data files. */
export interface TableContents {
  readonly version: number;
  readonly fileCount: number;
  readonly rowCount: number;
  readonly distinctCount: number;
  /** Rows beyond the first of their id. */
  readonly duplicateCount: number;
  /** Flights whose id is in no row. */
  readonly missingCount: number;
  /** Rows whose id or values are not those of a flight. */
  readonly wrongCount: number;
}

/** Reads every row of the table and compares it with the flight it came from. */
export async function verifyTable(
  table: DeltaTable,
  flights: readonly Flight[],
): Promise<TableContents> {
  const { version, files } = await table.refresh();
  const seen = new Uint8Array(flights.length);
  let rowCount = 0;
  let distinctCount = 0;
  let wrongCount = 0;
  for await (const row of table.scan()) {
    rowCount++;
    const index = Number(row["id"]) - 1;
    const flight = flights[index];
    if (flight === undefined || !isSameFlight(row, flight)) {
      wrongCount++;
      continue;
    }
    if (seen[index] === 0) distinctCount++;
    seen[index] = 1;
  }
  return {
    version,
    fileCount: files.fileCount,
    rowCount,
    distinctCount,
    duplicateCount: rowCount - wrongCount - distinctCount,
    missingCount: flights.length - distinctCount,
    wrongCount,
  };
}

function isSameFlight(row: Readonly<Record<string, unknown>>, flight: Flight): boolean {
  return (
    row["delay"] === flight.delay &&
    row["distance"] === flight.distance &&
    row["time"] === flight.time
  );
}
