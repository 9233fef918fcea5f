// SPDX-License-Identifier: Apache-2.0
import { openTable } from "@sluice/delta";
import { Catalog } from "@sluice/server";
import { isWrong, keyOf, payloadOf, sequenceOf } from "./chaos-record.ts";

export interface TableReport {
  readonly rowCount: number;
  readonly duplicateCount: number;
  readonly missingCount: number;
  /** Rows that are not, column for column, a record that was submitted and is right. */
  readonly foreignCount: number;
  /** First occurrences that lie before one of an earlier record of their key. */
  readonly disorderCount: number;
}

/**
 * Compares a table with the records `0 .. recordCount - 1`, but for those that are wrong. Rows are read in the order in which they were written: files by
 * the version that added them, rows as they lie in their file.
 *
 * A resent record is in the table twice; deduplication by id keeps its first occurrence. What is guaranteed of the order, and
 * checked, is that the first occurrences of the records of one key come in the order in which they were submitted.
 */
export async function checkTable(
  dataDirectory: string,
  table: string,
  recordCount: number,
): Promise<TableReport> {
  const entry = (await new Catalog(dataDirectory).list()).find(({ name }) => name === table);
  if (entry === undefined) throw new Error(`${table} is not in the catalog of ${dataDirectory}`);
  const seen = new Uint8Array(recordCount);
  const lastSequences = new Map<number, number>();
  let rowCount = 0;
  let distinctCount = 0;
  let foreignCount = 0;
  let disorderCount = 0;
  for await (const row of (await openTable(entry.location)).scan()) {
    rowCount += 1;
    const id = Number(row["id"]);
    const key = keyOf(id);
    const sequence = sequenceOf(id);
    const isKnown =
      id >= 0 &&
      id < recordCount &&
      !isWrong(id) &&
      Number(row["key"]) === key &&
      Number(row["seq"]) === sequence &&
      row["payload"] === payloadOf(id);
    if (!isKnown) {
      foreignCount += 1;
      continue;
    }
    if (seen[id] === 1) continue;
    seen[id] = 1;
    distinctCount += 1;
    if (sequence < (lastSequences.get(key) ?? -1)) disorderCount += 1;
    lastSequences.set(key, sequence);
  }
  let wrongCount = 0;
  for (let id = 0; id < recordCount; id++) if (isWrong(id)) wrongCount += 1;
  return {
    rowCount,
    duplicateCount: rowCount - foreignCount - distinctCount,
    missingCount: recordCount - wrongCount - distinctCount,
    foreignCount,
    disorderCount,
  };
}
