// SPDX-License-Identifier: Apache-2.0
import { type InputRow, parseColumnList, type StructType } from "@sluice/delta";

export const ROW_SCHEMA: StructType = parseColumnList(
  "id BIGINT, device STRING, at TIMESTAMP, value DOUBLE, level INT, ok BOOLEAN, note STRING",
);

const EPOCH_US = 1_700_000_000_000_000n;

/** The rows of `columns_of` in `bench/deltalake/tasks.py`. */
export function rowOf(k: number): InputRow {
  return {
    id: k,
    device: `device-${k % 1000}`,
    at: EPOCH_US + BigInt(k) * 1000n,
    value: k * 0.25,
    level: k % 100,
    ok: k % 3 === 0,
    note: k % 10 === 0 ? `note ${k}` : null,
  };
}
