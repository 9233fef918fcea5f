// SPDX-License-Identifier: Apache-2.0
import { fetchChunks, openParquetFile } from "../../src/scan/parquet/parquet-file.ts";
import { leavesOf, planColumns } from "../../src/scan/read-plan.ts";
import { RowGroupReader } from "../../src/scan/row-group-reader.ts";
import type { StructType } from "../../src/schema/types.ts";
import { LocalStore } from "../../src/store/local-store.ts";
import type { ObjectStore } from "../../src/store/object-store.ts";

/** A store whose one file is in memory; for tests that read many small files. */
export function storeOfFile(bytes: Uint8Array): {
  readonly store: ObjectStore;
  readonly path: string;
} {
  const path = "part-0.parquet";
  const store = new (class extends LocalStore {
    override async getRange(
      wanted: string,
      start: number,
      end: number,
    ): Promise<Uint8Array | undefined> {
      return wanted === path ? bytes.subarray(start, end) : undefined;
    }
  })("/nowhere");
  return { store, path };
}

/** The rows of a file, with the columns of a schema. */
export async function rowsOfFile(bytes: Uint8Array, schema: StructType): Promise<unknown[][]> {
  const place = storeOfFile(bytes);
  const file = await openParquetFile(place, place.path, bytes.length);
  const nodes = planColumns(schema.fields, file.tree, "none", file.path);
  const rows: unknown[][] = [];
  for (const group of file.rowGroups) {
    const leaves = new Set<number>();
    for (const node of nodes) leavesOf(node, leaves);
    const reader = new RowGroupReader(file, group, await fetchChunks(file, group, leaves));
    const all = Uint32Array.from({ length: group.rowCount }, (_, row) => row);
    // In two calls, so that the second goes on where the first ended.
    const half = all.length >> 1;
    const columns = nodes.map((node) => {
      const column = reader.column(node);
      return [all.subarray(0, half), all.subarray(half)].flatMap((part) => column.read(part));
    });
    for (const row of all) rows.push(columns.map((column) => column[row]));
  }
  return rows;
}
