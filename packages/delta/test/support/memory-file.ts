// SPDX-License-Identifier: Apache-2.0
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
