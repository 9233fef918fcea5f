// SPDX-License-Identifier: Apache-2.0
import type { ColumnBlock } from "../columns/column-block.ts";
import { columnMappingModeOf } from "../log/column-mapping.ts";
import type { ActiveFile } from "../log/active-file.ts";
import type { Snapshot } from "../log/snapshot.ts";
import type { StructField } from "../schema/types.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { columnExtractorOf } from "./column-extractors.ts";
import { dataFileLocatorOf } from "./data-file-locator.ts";
import { damaged } from "./parquet/parquet-file.ts";
import { liveRows, loadGroups } from "./scan-files.ts";

export interface ReadBlocksOptions {
  /** @default none; see `ScanOptions.externalDirectories` */
  readonly externalDirectories?: readonly string[];
  /** Ends the reading with its reason. */
  readonly signal?: AbortSignal;
}

/** Most rows of a block. */
const MAX_BLOCK_ROWS = 65_536;

/**
 * The rows of a data file as blocks, without a loss: what `ParquetFileEncoder` makes of them has the same values, nulls
 * and empty lists in every column. Rows that its deletion vector deletes are left out; columns that the file does not
 * have are null.
 *
 * A block has the columns of {@link storedFieldsOf}. It does not reach over row groups, and has at most 65536 rows.
 * @throws DeltaError while iterating: `data_loss` naming the file if it is missing or damaged, or has a null in a NOT NULL
 *   column; `unsupported`; the reason of `signal`.
 */
export async function* readBlocks(
  store: ObjectStore,
  file: ActiveFile,
  snapshot: Snapshot,
  options: ReadBlocksOptions = {},
): AsyncGenerator<ColumnBlock, void, undefined> {
  const fields = storedFieldsOf(snapshot);
  const groups = loadGroups({
    files: [file],
    fields,
    mode: columnMappingModeOf(snapshot.protocol, snapshot.metadata),
    locator: dataFileLocatorOf(store, options.externalDirectories ?? []),
    signal: options.signal,
  });
  for await (const loaded of groups) {
    const { opened, reader } = loaded;
    const extractors = opened.nodes.map((node, index) => {
      const field = fields[index] as StructField;
      return { field, extractor: columnExtractorOf(field, node, reader) };
    });
    for (const rows of liveRows(loaded, MAX_BLOCK_ROWS)) {
      options.signal?.throwIfAborted();
      yield {
        rowCount: rows.length,
        columns: extractors.map(({ field, extractor }) => {
          try {
            return extractor.take(rows);
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            const name = JSON.stringify(field.name);
            throw damaged(file.path, `has ${error.message} in the column ${name}`, error);
          }
        }),
      };
    }
  }
}

/** The columns of a table that are in its data files: all but the partition columns, in the order of the schema. */
export function storedFieldsOf({ schema, metadata }: Snapshot): readonly StructField[] {
  const partitions = new Set(metadata.partitionColumns);
  return schema.fields.filter(({ name }) => !partitions.has(name));
}
