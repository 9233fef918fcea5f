// SPDX-License-Identifier: Apache-2.0
import type { ColumnVector, FixedVector } from "../columns/column-block.ts";
import { flatKindOf } from "../columns/flat-kinds.ts";
import type { BoundPredicate } from "../expression/bound-expression.ts";
import { compilePruner, type PrunableFile } from "../expression/compile-pruner.ts";
import { parseStatistics } from "../expression/parse-statistics.ts";
import { compileRowPredicate } from "../expression/row-predicate.ts";
import type { ActiveFile } from "../log/file-set.ts";
import {
  type ColumnMappingMode,
  columnMappingModeOf,
  physicalNameOf,
} from "../log/column-mapping.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { partitionValueFromText } from "../partition/partition-values.ts";
import type { StructField } from "../schema/types.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { type ColumnExtractor, columnExtractorOf } from "./column-extractors.ts";
import { dataFileLocatorOf } from "./data-file-locator.ts";
import { constantColumn } from "./constant-column.ts";
import { rowMakerOf } from "./object-maker.ts";
import { damaged } from "./parquet/parquet-file.ts";
import type { ReadNode } from "./read-plan.ts";
import type { ColumnReader } from "./row-group-reader.ts";
import { rowGroupStatistics } from "./row-group-statistics.ts";
import { type LoadedGroup, liveRows, loadGroups, type OpenedFile } from "./scan-files.ts";
import { predicateOf, type ScanOptions, selectColumns } from "./scan-options.ts";

/** Rows of one file. The columns can be read once, before the next slice is asked for. */
export interface RowSlice {
  readonly rowCount: number;
  /** The values of a column, as rows have them. */
  valuesOf(field: StructField): readonly unknown[];
  /** The values of a column as a typed array; `undefined` for a column that has none, such as STRING. */
  vectorOf(field: StructField): FixedVector | undefined;
  /** The values of a column as that of a block, which has them without a loss and may hold nulls. */
  columnOf(field: StructField): ColumnVector;
}

/** A scan of a table's files, made ready: what can be wrong with its options has been found. */
export interface TableScan {
  readonly fields: readonly StructField[];
  /**
   * The rows that are wanted, in the order of the files and of the rows in them.
   * @param sliceRows most rows of a slice.
   */
  slices(files: Iterable<ActiveFile>, sliceRows: number): AsyncGenerator<RowSlice, void, undefined>;
}

/** @throws DeltaError `invalid_argument`, `unsupported` for what the options ask. */
export function prepareTableScan(
  store: ObjectStore,
  snapshot: Snapshot,
  options: ScanOptions,
): TableScan {
  const fields = selectColumns(snapshot.schema, options.columns);
  const predicate = predicateOf(snapshot.schema, options);
  const layout = new ScanLayout(snapshot, fields, predicate);
  const locator = dataFileLocatorOf(store, options.externalDirectories ?? []);
  const filter = predicate && new RowFilter(predicate, layout);
  const { signal } = options;
  return {
    fields,
    async *slices(files, sliceRows) {
      const groups = loadGroups({
        files: filter === undefined ? files : filter.filesThatMayMatch(files),
        fields: layout.storedFields,
        mode: layout.mode,
        locator,
        ...(filter === undefined ? {} : { mayMatch: filter.mayMatch }),
        signal,
      });
      for await (const loaded of groups) {
        for (const slice of slicesOf(loaded, layout, filter, sliceRows)) {
          signal?.throwIfAborted();
          yield slice;
        }
      }
    },
  };
}

function* slicesOf(
  loaded: LoadedGroup,
  layout: ScanLayout,
  filter: RowFilter | undefined,
  sliceRows: number,
): Generator<RowSlice, void, undefined> {
  const columns = new GroupColumns(loaded, layout);
  for (const live of liveRows(loaded, sliceRows)) {
    const tested = filter?.apply(columns, live);
    const rows = tested?.rows ?? live;
    if (rows.length === 0) continue;
    yield {
      rowCount: rows.length,
      valuesOf: (field) => tested?.values.get(field) ?? columns.reader(field).read(rows),
      vectorOf: (field) => columns.vector(field, rows),
      columnOf: (field) => columns.column(field, rows),
    };
  }
}

/** Which columns a scan reads, and where each is: in the files, or in the log as a partition value. */
class ScanLayout {
  readonly fields: readonly StructField[];
  readonly mode: ColumnMappingMode;
  readonly partitionColumns: readonly string[];
  /** Columns of the predicate. */
  readonly tested: readonly StructField[];
  /** All that have to be read from files, each once. */
  readonly storedFields: readonly StructField[];
  readonly #storedIndex: ReadonlyMap<StructField, number>;

  constructor(
    snapshot: Snapshot,
    fields: readonly StructField[],
    predicate: BoundPredicate | undefined,
  ) {
    this.fields = fields;
    this.mode = columnMappingModeOf(snapshot.protocol, snapshot.metadata);
    this.partitionColumns = snapshot.metadata.partitionColumns;
    const partitions = new Set(this.partitionColumns);
    const tested = predicate?.columns.map((column) => column.fields[0] as StructField) ?? [];
    this.tested = [...new Set(tested)];
    this.storedFields = [...new Set([...fields, ...this.tested])].filter(
      ({ name }) => !partitions.has(name),
    );
    this.#storedIndex = new Map(this.storedFields.map((field, index) => [field, index]));
  }

  /** The place of a column among the stored ones; `undefined` for a partition column. */
  storedIndexOf(field: StructField): number | undefined {
    return this.#storedIndex.get(field);
  }

  physicalName(field: StructField): string {
    return physicalNameOf(field, this.mode);
  }
}

/** The columns of a row group, each decoded when it is first read. */
class GroupColumns {
  readonly #loaded: LoadedGroup;
  readonly #layout: ScanLayout;
  readonly #readers = new Map<StructField, ColumnReader>();
  readonly #extractors = new Map<StructField, ColumnExtractor>();

  constructor(loaded: LoadedGroup, layout: ScanLayout) {
    this.#loaded = loaded;
    this.#layout = layout;
  }

  reader(field: StructField): ColumnReader {
    let reader = this.#readers.get(field);
    if (reader === undefined) {
      reader = this.#newReader(field);
      this.#readers.set(field, reader);
    }
    return reader;
  }

  /** See {@link RowSlice.vectorOf}. */
  vector(field: StructField, rows: Uint32Array): FixedVector | undefined {
    const kind = flatKindOf(field.type);
    const node = this.#nodeOf(field);
    if (kind === undefined || kind === "bytes" || node === undefined) return undefined;
    return this.#extractor(field, node).take(rows) as FixedVector;
  }

  /** See {@link RowSlice.columnOf}. */
  column(field: StructField, rows: Uint32Array): ColumnVector {
    const node = this.#nodeOf(field);
    if (node === undefined) {
      return constantColumn(field, this.#partitionValue(field), rows.length);
    }
    try {
      return this.#extractor(field, node).take(rows);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const name = JSON.stringify(field.name);
      const { path } = this.#loaded.opened.file;
      throw damaged(path, `has ${error.message} in the column ${name}`, error);
    }
  }

  #extractor(field: StructField, node: ReadNode): ColumnExtractor {
    let extractor = this.#extractors.get(field);
    if (extractor === undefined) {
      // Whether the table allows nulls does not matter to who only reads.
      extractor = columnExtractorOf({ ...field, nullable: true }, node, this.#loaded.reader);
      this.#extractors.set(field, extractor);
    }
    return extractor;
  }

  #newReader(field: StructField): ColumnReader {
    const node = this.#nodeOf(field);
    if (node !== undefined) return this.#loaded.reader.column(node);
    const value = this.#partitionValue(field);
    return { read: (rows) => Array.from(rows, () => value) };
  }

  #partitionValue(field: StructField): unknown {
    const text = partitionText(this.#loaded.opened.file, this.#layout.physicalName(field));
    return partitionValueFromText(text, field);
  }

  /** `undefined` for a partition column. */
  #nodeOf(field: StructField): ReadNode | undefined {
    const index = this.#layout.storedIndexOf(field);
    return index === undefined ? undefined : this.#loaded.opened.nodes[index];
  }
}

function partitionText({ partitionValues }: ActiveFile, name: string): string | null | undefined {
  return Object.hasOwn(partitionValues, name) ? partitionValues[name] : undefined;
}

/** Keeps the rows for which a predicate is true. */
class RowFilter {
  readonly #layout: ScanLayout;
  readonly #matches: (row: Readonly<Record<string, unknown>>) => boolean | null;
  readonly #makeRow: ReturnType<typeof rowMakerOf>;
  readonly #fileMayMatch: (file: PrunableFile) => boolean;
  readonly #groupMayMatch: (group: PrunableFile) => boolean;

  constructor(predicate: BoundPredicate, layout: ScanLayout) {
    const { partitionColumns } = layout;
    this.#layout = layout;
    this.#matches = compileRowPredicate(predicate);
    this.#makeRow = rowMakerOf(layout.tested.map(({ name }) => name));
    this.#fileMayMatch = compilePruner(predicate, {
      partitionColumns,
      physicalNameOf: (field) => layout.physicalName(field),
    });
    this.#groupMayMatch = compilePruner(predicate, { partitionColumns });
  }

  *filesThatMayMatch(files: Iterable<ActiveFile>): Generator<ActiveFile, void, undefined> {
    for (const file of files) {
      const { partitionValues } = file;
      if (this.#fileMayMatch({ partitionValues, stats: parseStatistics(file.stats) })) yield file;
    }
  }

  readonly mayMatch = (group: LoadedGroup["reader"]["group"], opened: OpenedFile): boolean => {
    const columns: { name: string; node: OpenedFile["nodes"][number] }[] = [];
    const partitionValues: Record<string, string | null> = Object.create(null) as Record<
      string,
      string | null
    >;
    for (const field of this.#layout.tested) {
      const index = this.#layout.storedIndexOf(field);
      const node = index === undefined ? undefined : opened.nodes[index];
      if (node === undefined) {
        const text = partitionText(opened.file, this.#layout.physicalName(field));
        partitionValues[field.name] = text ?? null;
      } else columns.push({ name: field.name, node });
    }
    return this.#groupMayMatch({ partitionValues, stats: rowGroupStatistics(columns, group) });
  };

  /** The rows that match, and the values of the tested columns for these. */
  apply(
    columns: GroupColumns,
    live: Uint32Array,
  ): { readonly rows: Uint32Array; readonly values: ReadonlyMap<StructField, unknown[]> } {
    const tested = this.#layout.tested.map((field) => columns.reader(field).read(live));
    const kept: number[] = [];
    for (let row = 0; row < live.length; row += 1) {
      if (this.#matches(this.#makeRow(tested, row)) === true) kept.push(row);
    }
    const isAll = kept.length === live.length;
    const values = this.#layout.tested.map((field, index): [StructField, unknown[]] => {
      const read = tested[index] as unknown[];
      return [field, isAll ? read : kept.map((row) => read[row])];
    });
    const rows = isAll ? live : Uint32Array.from(kept, (row) => live[row] as number);
    return { rows, values: new Map(values) };
  }
}
