// SPDX-License-Identifier: Apache-2.0
import { type InputRow, parseColumnList, type StructType } from "@sluice/delta";

export const ROW_SCHEMA: StructType = parseColumnList(
  "id BIGINT, device STRING, at TIMESTAMP, value DOUBLE, level INT, ok BOOLEAN, note STRING",
);

const EPOCH_US = 1_700_000_000_000_000n;

/** The rows of `columns_of` in `bench/deltalake/tasks.py`. */
export function rowOf(k: number): InputRow {
  const mixed = (k * 2_654_435_761) % 2 ** 32;
  return {
    id: k,
    device: `device-${mixed % 1000}`,
    at: EPOCH_US + BigInt(k * 1000 + (mixed % 1000)),
    value: mixed / 1024,
    level: mixed % 100,
    ok: mixed % 3 === 0,
    note: mixed % 10 === 0 ? null : `note ${mixed}`,
  };
}
