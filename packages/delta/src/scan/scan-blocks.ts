// SPDX-License-Identifier: Apache-2.0
import type { ColumnBlock } from "../columns/column-block.ts";
import { joinSmallBlocks } from "../columns/join-small-blocks.ts";
import type { Snapshot } from "../log/snapshot.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { limitOf, type ScanOptions } from "./scan-options.ts";
import { snapshotOfScan } from "./scan-rows.ts";
import { prepareTableScan } from "./table-scan.ts";

/** Most rows of a block. */
const BLOCK_ROWS = 65_536;

/** See `DeltaTable.scanBlocks`. */
export function scanBlocks(
  store: ObjectStore,
  newest: Snapshot,
  options: ScanOptions,
): AsyncGenerator<ColumnBlock, void, undefined> {
  return joinSmallBlocks(slicesAsBlocks(store, newest, options));
}

async function* slicesAsBlocks(
  store: ObjectStore,
  newest: Snapshot,
  options: ScanOptions,
): AsyncGenerator<ColumnBlock, void, undefined> {
  const snapshot = await snapshotOfScan(store, newest, options);
  const scan = prepareTableScan(store, snapshot, options);
  let remaining = limitOf(options);
  if (remaining === 0) return;
  for await (const slice of scan.slices(snapshot.files, BLOCK_ROWS)) {
    const rowCount = Math.min(slice.rowCount, remaining);
    yield { rowCount, columns: scan.fields.map((field) => slice.columnOf(field)) };
    remaining -= rowCount;
    if (remaining === 0) return;
  }
}
