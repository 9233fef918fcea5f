// SPDX-License-Identifier: Apache-2.0
import {
  type AsyncBuffer,
  type FileMetaData,
  type ParquetParsers,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { DeltaError } from "../delta-error.ts";
import type { ObjectStore } from "../store/object-store.ts";

export interface RowRange {
  /** First row, zero based within the file. */
  readonly rowStart: number;
  /** The row after the last. */
  readonly rowEnd: number;
}

/** A Parquet file of which the footer has been read. */
export interface ParquetInput {
  readonly rowCount: number;
  readonly columnNames: ReadonlySet<string>;
  /** The rows of each row group, in file order. */
  readonly rowGroups: readonly RowRange[];
  /** Rows as objects, decimals as unscaled integers, that have the given top-level columns; each column must be in the file. */
  readRows(columns: readonly string[], range: RowRange): Promise<Record<string, unknown>[]>;
}

/**
 * Opens a Parquet file of a table.
 * @throws DeltaError `data_loss` if the file is missing, shorter than the log says, or cannot be decoded.
 */
export async function openParquet(
  store: ObjectStore,
  path: string,
  sizeBytes: number,
): Promise<ParquetInput> {
  const file = asyncBufferOf(store, path, sizeBytes);
  const metadata = withRawDecimals(await decoding(path, async () => parquetMetadataAsync(file)));
  return {
    rowCount: Number(metadata.num_rows),
    columnNames: new Set(parquetSchema(metadata).children.map(({ element }) => element.name)),
    rowGroups: rowGroupsOf(metadata),
    readRows: async (columns, { rowStart, rowEnd }) =>
      decoding(path, async () =>
        parquetReadObjects({
          file,
          metadata,
          columns: [...columns],
          rowStart,
          rowEnd,
          compressors,
          parsers: PARSERS,
          utf8: false,
        }),
      ),
  };
}

/** The usual decoder drops a byte order mark at the start, which is part of the value. */
const TEXT_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** Timestamps of every unit become microseconds; days become ISO dates. */
const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (milliseconds) => milliseconds * 1000n,
  timestampFromMicroseconds: (microseconds) => microseconds,
  timestampFromNanoseconds: (nanoseconds) => floorToMicroseconds(nanoseconds),
  dateFromDays: isoDateOf,
  stringFromBytes: (bytes) => TEXT_DECODER.decode(bytes),
};

const MILLISECONDS_PER_DAY = 86_400_000;

function floorToMicroseconds(nanoseconds: bigint): bigint {
  const quotient = nanoseconds / 1000n;
  return nanoseconds < 0n && quotient * 1000n !== nanoseconds ? quotient - 1n : quotient;
}

/** `YYYY-MM-DD`, for years outside 0 to 9999 with a sign and six digits, as ISO 8601 has it. */
function isoDateOf(days: number): string | null {
  const date = new Date(days * MILLISECONDS_PER_DAY);
  return Number.isNaN(date.getTime())
    ? null
    : date.toISOString().slice(0, -"T00:00:00.000Z".length);
}

/** Takes the decimal types off, so that the unscaled integers come through: the library makes floating-point numbers of them. */
function withRawDecimals(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) => {
    if (element.converted_type !== "DECIMAL" && element.logical_type?.type !== "DECIMAL") {
      return element;
    }
    const { converted_type: _converted, logical_type: _logical, ...raw } = element;
    return raw;
  });
  return { ...metadata, schema };
}

function rowGroupsOf(metadata: FileMetaData): RowRange[] {
  let rowEnd = 0;
  return metadata.row_groups.map((group) => {
    const rowStart = rowEnd;
    rowEnd += Number(group.num_rows);
    return { rowStart, rowEnd };
  });
}

/** A file of a store as the Parquet library wants it. */
export function asyncBufferOf(store: ObjectStore, path: string, sizeBytes: number): AsyncBuffer {
  return {
    byteLength: sizeBytes,
    slice: async (start, end = sizeBytes) => {
      const bytes = await store.getRange(path, start, end);
      if (bytes === undefined) throw damaged(path, "is missing, though the log names it");
      if (bytes.length < end - start) {
        throw damaged(path, `ends before ${end} bytes, though the log says it has ${sizeBytes}`);
      }
      const { buffer } = bytes;
      const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;
      return isWhole ? buffer : new Uint8Array(bytes).buffer;
    },
  };
}

/** Runs `decode`; what it throws becomes `data_loss` of the file. */
export async function decoding<T>(path: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    if (error instanceof DeltaError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw damaged(path, `cannot be decoded as Parquet: ${reason}`, error);
  }
}

export function damaged(path: string, problem: string, cause?: unknown): DeltaError {
  return new DeltaError("data_loss", `the file ${JSON.stringify(path)} ${problem}`, {
    cause,
    details: { path },
  });
}
