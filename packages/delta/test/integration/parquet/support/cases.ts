// SPDX-License-Identifier: Apache-2.0
import type { ParquetFileOptions } from "../../../../src/parquet/parquet-file-encoder.ts";
import type {
  DecimalTypeName,
  PrimitiveTypeName,
  StructType,
} from "../../../../src/schema/types.ts";
import { type ColumnValues, field, schemaOf, type Value } from "./blocks.ts";

/** A file that every reader must read back as it was written. */
export interface ReaderCase {
  readonly name: string;
  readonly schema: StructType;
  readonly rowGroups: readonly ColumnValues[];
  readonly limits?: Pick<ParquetFileOptions, "pageRows" | "pageBytes">;
}

export const MIN_INT64: bigint = -(2n ** 63n);
export const MAX_INT64: bigint = 2n ** 63n - 1n;

const EXTREMES: readonly (readonly [PrimitiveTypeName | DecimalTypeName, readonly Value[]])[] = [
  ["string", ["", "plain", "\u0000", "\u{10ffff}\u{1f600}é", "x".repeat(300), "\ufffd", "\ue000"]],
  ["binary", [bytes(), bytes(0), bytes(0xff, 0xfe), bytes(0x80), new Uint8Array(300).fill(0xff)]],
  ["boolean", [true, false, false, true, true]],
  ["integer", [0, -1, 1, 2 ** 31 - 1, -(2 ** 31)]],
  ["long", [0n, -1n, 1n, MAX_INT64, MIN_INT64, 2n ** 53n + 1n, -(2n ** 32n), 2n ** 32n - 1n]],
  ["float", [0, -0, Math.fround(0.1), Infinity, -Infinity, NaN, 2 ** -149, Math.fround(3.4e38)]],
  ["double", [0, -0, 0.1, Infinity, -Infinity, NaN, 5e-324, Number.MAX_VALUE]],
  ["date", [0, -1, 19_723, -719_162, 2_932_896]],
  ["byte", [0, -1, 127, -128]],
  ["short", [0, 1, 32_767, -32_768]],
  ["timestamp_ntz", [0n, -1n, 1_704_067_200_123_456n, 253_402_300_799_999_999n]],
  ["decimal(9,2)", [0n, -1n, 999_999_999n, -999_999_999n, 12_345n]],
  ["decimal(18,0)", [0n, 10n ** 18n - 1n, 1n - 10n ** 18n, 7n]],
  ["decimal(19,19)", [0n, 10n ** 19n - 1n, 1n - 10n ** 19n, -7n]],
  ["decimal(38,6)", [0n, -1n, 10n ** 38n - 1n, 1n - 10n ** 38n, 2n ** 64n, -(2n ** 96n)]],
  [
    "timestamp",
    [0n, -1n, 1_704_067_200_123_456n, -62_135_596_800_000_000n, 253_402_300_799_999_999n],
  ],
];

/** Hostile to a reader that takes names apart, to a writer that makes objects of them, or to both. */
const HOSTILE_NAMES = [
  "a.b",
  'quoted "name"',
  "back`tick",
  "__proto__",
  "constructor",
  "1",
  " leading space",
  "new\nline",
  "日本語\u{1f600}",
];

export function readerCases(): ReaderCase[] {
  return [
    ...[0, 1, 7, 8, 9, 1000].map((count) => patternCase(`${count} rows`, count)),
    {
      ...patternCase("many pages and row groups", 700),
      rowGroups: [rowsOf(700, 3), rowsOf(1, 1), rowsOf(64, 2)],
      limits: { pageRows: 100, pageBytes: 256 },
    },
    longRunCase(),
    hostileNameCase(),
    longValueCase(),
    dictionaryCase(),
    bitWidthCase(),
    deltaCase(),
  ];
}

/** Columns of {@link patternCase}: each type as NOT NULL and with each pattern of nulls. */
const PATTERN_SCHEMA = schemaOf(
  ...EXTREMES.flatMap(([type]) => [
    field(`${type}_required`, type, false),
    field(`${type}_without_nulls`, type, true),
    field(`${type}_some_nulls`, type, true),
    field(`${type}_all_null`, type, true),
  ]),
);

function patternCase(name: string, rowCount: number): ReaderCase {
  return { name, schema: PATTERN_SCHEMA, rowGroups: [rowsOf(rowCount, 1)] };
}

function rowsOf(rowCount: number, step: number): ColumnValues {
  return EXTREMES.flatMap(([, extremes]) => {
    const all = Array.from({ length: rowCount }, (_, row) => {
      const value = extremes[(row * step) % extremes.length];
      return value === undefined ? null : value;
    });
    // Runs of both kinds and stretches without: both forms of level encoding.
    const some = all.map((value, row) => (row % 3 === 1 || row % 50 < 20 ? null : value));
    return [all, all, some, all.map(() => null)];
  });
}

/** More rows than 16 bits count, and runs of nulls longer than a page. */
function longRunCase(): ReaderCase {
  const rowCount = 70_001;
  const values = Array.from({ length: rowCount }, (_, row) => (row % 50_000 < 25_000 ? row : null));
  const texts = values.map((value) => (value === null ? null : `value ${value % 100}`));
  return {
    name: "70001 rows",
    schema: schemaOf(
      field("number", "integer", true),
      field("text", "string", true),
      field("flag", "boolean", false),
    ),
    rowGroups: [[values, texts, values.map((_, row) => row % 7 === 0)]],
  };
}

function hostileNameCase(): ReaderCase {
  return {
    name: "hostile names",
    schema: schemaOf(...HOSTILE_NAMES.map((name) => field(name, "string", true))),
    rowGroups: [HOSTILE_NAMES.map((name) => [name, null])],
  };
}

/** Values longer than a page, with short ones around them. */
function longValueCase(): ReaderCase {
  const long = Buffer.alloc(10 << 20, bytes(0, 0x80, 0xff, 1, 2, 3, 4));
  return {
    name: "long values",
    schema: schemaOf(field("text", "string", true), field("bytes", "binary", false)),
    rowGroups: [
      [
        ["short", "é".repeat(5 << 20), null, "after"],
        [bytes(1), long, bytes(), long],
      ],
    ],
  };
}

/** Columns that have a dictionary in some row groups and not in others, with pages that hold only nulls. */
function dictionaryCase(): ReaderCase {
  const rowCount = 3000;
  const few = ["", "one", "two", "\u{1f600}é", "x".repeat(300)];
  const text = (row: number): string => few[((row * row) % 7) % few.length] as string;
  const blob = (row: number): Uint8Array => Buffer.from(text(row)).map((byte) => byte ^ 0xff);
  const long = (row: number): string => String(row % 3).repeat(50_000);
  const isNull = (row: number): boolean => row % 1000 < 550 || row % 3 === 1;
  const group = (valueOf: (row: number) => Value): Value[] =>
    Array.from({ length: rowCount }, (_, row) => valueOf(row));
  const texts = [
    group(text),
    group(text),
    group((row) => (isNull(row) ? null : text(row))),
    group(() => null),
    group(blob),
    group((row) => (isNull(row) ? null : "one")),
    group(() => ""),
  ];
  const unique = texts.map((_, column) =>
    group((row) => (column === 4 ? Buffer.from(`${row}`) : `${row}`)),
  );
  const longs = group((row) => (row < 60 ? long(row) : null));
  const nulls = group(() => null);
  return {
    name: "dictionaries",
    schema: schemaOf(
      field("required", "string", false),
      field("without_nulls", "string", true),
      field("some_nulls", "string", true),
      field("all_null", "string", true),
      field("bytes", "binary", false),
      field("one_value", "string", true),
      field("empty", "string", false),
      field("long", "string", true),
    ),
    rowGroups: [
      [...texts, nulls],
      [...unique, nulls],
      [...texts, longs],
    ],
    limits: { pageRows: 500 },
  };
}

/** A row group for each bit width of indices, with runs and without. */
function bitWidthCase(): ReaderCase {
  const widths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17];
  return {
    name: "bit widths",
    schema: schemaOf(field("text", "string", true)),
    rowGroups: widths.map((width) => {
      const distinct = width === 0 ? 1 : 2 ** (width - 1) + 1;
      const rowCount = 5 * distinct + 100;
      const texts = Array.from({ length: rowCount }, (_, row) =>
        row % 5 === 1 && row < 5 * (distinct - 1) ? `${row}` : "often",
      );
      return [texts];
    }),
  };
}

/** Columns that are written as deltas: in order, with jitter, with steps of many widths, beyond 2^53, and with nulls. */
function deltaCase(): ReaderCase {
  const rowCount = 5001;
  const group = (valueOf: (row: number) => Value): Value[] =>
    Array.from({ length: rowCount }, (_, row) => valueOf(row));
  const jitter = (row: number): number => (Math.imul(row + 1, 0x9e37_79b1) >>> 0) % 5000;
  // A step for each width of bits up to 49, the other way each time; most neighbours differ by next to nothing.
  const steps = (row: number): bigint =>
    BigInt(row % 2) + (row % 128 < 4 ? 2n ** BigInt(Math.floor(row / 128) + 9) : 0n);
  const isNull = (row: number): boolean => (row > 900 && row < 2000) || row % 7 === 3;
  const at = (row: number): bigint => 1_700_000_000_000_000n + BigInt(row * 1000 + jitter(row));
  return {
    name: "deltas",
    schema: schemaOf(
      field("sequence", "integer", false),
      field("falling", "integer", true),
      field("constant", "long", true),
      field("at", "timestamp", true),
      field("local", "timestamp_ntz", true),
      field("day", "date", true),
      field("id", "long", false),
      field("steps", "long", false),
      field("near_max", "integer", false),
    ),
    rowGroups: [
      [
        group((row) => row - 2500),
        group((row) => (isNull(row) ? null : 2 ** 30 - row * 40)),
        group(() => -5n),
        group((row) => (isNull(row) ? null : at(row))),
        group((row) => at(rowCount - row)),
        group((row) => (row % 100 < 60 ? null : 20_000 + (row % 30))),
        group((row) => MAX_INT64 - BigInt(row) * 3n),
        group(steps),
        group((row) => (row % 1000 === 0 ? 2 ** 31 - 1 : row)),
      ],
    ],
    limits: { pageRows: 700 },
  };
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}
