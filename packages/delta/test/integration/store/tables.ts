// SPDX-License-Identifier: Apache-2.0
// Tables by their locations, run over each kind of store.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createZstdCompressor } from "../../../src/parquet/compressor.ts";
import { statisticsToJson } from "../../../src/parquet/file-statistics.ts";
import { ParquetFileEncoder } from "../../../src/parquet/parquet-file-encoder.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import type { StructType } from "../../../src/schema/types.ts";
import type { ObjectStore } from "../../../src/store/object-store.ts";
import { openStore, type StoreOptions } from "../../../src/store/open-store.ts";
import type { AppendedFile } from "../../../src/table/append-request.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { newDataFilePath } from "../../../src/table/data-file-path.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { allRows, rejectsWith } from "../../support/table-checks.ts";
import { syntheticFile } from "../../support/table-files.ts";
import { blockOf } from "../parquet/support/blocks.ts";

export interface TableTarget {
  readonly name: string;
  readonly skip: string | false;
  /** A location that is empty, and how it is opened. */
  readonly locate: () => { readonly location: string; readonly storeOptions: StoreOptions };
}

export const SCHEMA: StructType = parseColumnList("id INT NOT NULL, name STRING");

export function testTablesIn({ name, skip, locate }: TableTarget): void {
  describe(`tables in ${name}`, { skip }, () => {
    test("are made, written, opened and read by their location", async () => {
      const { location, storeOptions } = locate();
      await rejectsWith(openTable(location, { storeOptions }), "not_found", /no Delta table/);
      const table = await createTable({ location, schema: SCHEMA, storeOptions });
      await rejectsWith(
        createTable({ location, schema: SCHEMA, storeOptions }),
        "already_exists",
        /Delta table/,
      );
      const store = await openStore(location, storeOptions);
      const txn = { appId: "app", version: 1 };
      const append = { files: [await writeFile(store, ["a", null, "c"])], txn };
      assert.deepEqual(await table.append(append), { kind: "committed", version: 1 });
      assert.equal((await table.append(append)).kind, "alreadyCommitted");
      const opened = await openTable(location, { storeOptions });
      assert.equal(opened.snapshot().version, 1);
      assert.equal(await opened.countRows(), 3);
      assert.deepEqual(await allRows(opened.scan()), [
        { id: 0, name: "a" },
        { id: 1, name: null },
        { id: 2, name: "c" },
      ]);
    });

    test("take every append of concurrent writers once", async () => {
      const { location, storeOptions } = locate();
      const first = await createTable({ location, schema: SCHEMA, storeOptions });
      const others = await Promise.all(
        [1, 2, 3].map(async () => openTable(location, { storeOptions })),
      );
      const writers = [first, ...others];
      const results = await Promise.all(
        writers.flatMap((table, writer) =>
          [0, 1, 2, 3].map(async (round) =>
            table.append({ files: [syntheticFile(`${writer}-${round}`)] }),
          ),
        ),
      );
      const versions = results.map((result) => {
        assert.equal(result.kind, "committed");
        return result.version ?? -1;
      });
      const inOrder = versions.toSorted((left, right) => left - right);
      assert.deepEqual(
        inOrder,
        Array.from({ length: 16 }, (_, index) => index + 1),
      );
      assert.equal((await openTable(location, { storeOptions })).snapshot().files.fileCount, 16);
    });
  });
}

/** Writes a data file of {@link SCHEMA} with ids from 0, by the store's own writer. */
export async function writeFile(
  store: ObjectStore,
  names: readonly (string | null)[],
): Promise<AppendedFile> {
  const compressor = await createZstdCompressor();
  const encoder = new ParquetFileEncoder(SCHEMA, { compression: "zstd", compressor });
  const writer = store.createWriter(newDataFilePath(() => crypto.randomUUID()));
  const block = blockOf(SCHEMA, [names.map((_, index) => index), names]);
  for (const part of encoder.addRowGroup(block)) await writer.write(part);
  const { tail, statistics } = encoder.finish();
  for (const part of tail) await writer.write(part);
  return {
    path: writer.path,
    ...(await writer.finish()),
    rowCount: encoder.rowCount,
    stats: statisticsToJson(statistics),
  };
}
