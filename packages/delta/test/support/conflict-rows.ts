// SPDX-License-Identifier: Apache-2.0
import { parseColumnList } from "../../src/schema/column-list.ts";
import type { StructType } from "../../src/schema/types.ts";

/** The table that processes of `conflict-process.ts` work on, partitioned by `part`. */
export const CONFLICT_SCHEMA: StructType = parseColumnList("part INT, id STRING");

export const PARTITION_COUNT = 3;

export interface ConflictRow extends Readonly<Record<string, unknown>> {
  /** 0 to {@link PARTITION_COUNT} - 1. */
  readonly part: number;
  /** No other row has it. */
  readonly id: string;
}
