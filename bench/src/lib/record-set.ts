// SPDX-License-Identifier: Apache-2.0
import { createRandom } from "@sluice/testkit";

/**
 * What the records look like:
 * - `readings`: telemetry, 8 columns, about 200 bytes in protobuf;
 * - `wide`: `sequence` and so many DOUBLE columns that there are `columnCount` in all;
 * - `sized`: `sequence` and a text that makes the protobuf record about `recordBytes` long.
 */
export type RecordShape =
  | { readonly kind: "readings" }
  | { readonly kind: "wide"; readonly columnCount: number }
  | { readonly kind: "sized"; readonly recordBytes: number };

export type CellType = "STRING" | "TIMESTAMP" | "DOUBLE" | "INT" | "BOOLEAN";

export interface RecordColumn {
  readonly name: string;
  readonly type: CellType;
}

/** A value of a column; a TIMESTAMP in microseconds since the epoch. */
export type Cell = string | number | boolean;

/** Distinct records that a load generator repeats. The cell of the column `sequence` is the row's index. */
export interface RecordSet {
  readonly columns: readonly RecordColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

export const READINGS: RecordShape = { kind: "readings" };

const READING_COLUMNS: readonly RecordColumn[] = [
  { name: "device", type: "STRING" },
  { name: "message", type: "STRING" },
  { name: "at", type: "TIMESTAMP" },
  { name: "temperature", type: "DOUBLE" },
  { name: "humidity", type: "DOUBLE" },
  { name: "pressure", type: "DOUBLE" },
  { name: "sequence", type: "INT" },
  { name: "active", type: "BOOLEAN" },
];

const WORDS =
  "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa".split(
    " ",
  );
const MAX_ROWS = 20_000;
const MIN_ROWS = 8;
/** Keeps a set of large records as small as one of many. */
const TARGET_SET_BYTES = 8_000_000;
/** Tag, length and `sequence` beside the text of a `sized` record. */
const SIZED_OVERHEAD_BYTES = 8;

/** The columns of a shape. */
export function columnsOf(shape: RecordShape): readonly RecordColumn[] {
  switch (shape.kind) {
    case "readings":
      return READING_COLUMNS;
    case "wide":
      return [
        { name: "sequence", type: "INT" },
        ...Array.from({ length: shape.columnCount - 1 }, (_, index) => ({
          name: `value_${index + 1}`,
          type: "DOUBLE" as const,
        })),
      ];
    case "sized":
      return [
        { name: "sequence", type: "INT" },
        { name: "body", type: "STRING" },
      ];
  }
}

/** The columns as a SQL column list. */
export function columnListOf(shape: RecordShape): string {
  return columnsOf(shape)
    .map(({ name, type }) => `${name} ${type}`)
    .join(", ");
}

/** The records of a shape; equal arguments give equal records. */
export function makeRecordSet(shape: RecordShape, seed = 1): RecordSet {
  const random = createRandom(seed);
  const columns = columnsOf(shape);
  const make = rowMakerOf(shape, columns.length, random);
  return { columns, rows: Array.from({ length: rowCountOf(shape) }, (_, index) => make(index)) };
}

function rowMakerOf(
  shape: RecordShape,
  columnCount: number,
  random: () => number,
): (index: number) => Cell[] {
  switch (shape.kind) {
    case "readings":
      return (index) => makeReading(index, random);
    case "wide":
      return (index) => [index, ...Array.from({ length: columnCount - 1 }, random)];
    case "sized":
      return (index) => [index, makeText("", shape.recordBytes - SIZED_OVERHEAD_BYTES, random)];
  }
}

/** 100 devices, texts that compress as logs do, doubles that hardly do. */
function makeReading(index: number, random: () => number): Cell[] {
  const message = makeText(`reading ${index}`, 132, random);
  return [
    `device-${String(Math.floor(random() * 100)).padStart(8, "0")}`,
    message,
    1_700_000_000_000_000 + index * 1000,
    20 + random() * 10,
    random(),
    1013 + random(),
    index,
    random() < 0.5,
  ];
}

function makeText(start: string, length: number, random: () => number): string {
  const words = [start];
  for (let total = start.length; total < length; ) {
    const word = ` ${WORDS[Math.floor(random() * WORDS.length)]}`;
    words.push(word);
    total += word.length;
  }
  return words.join("").slice(0, length);
}

function rowCountOf(shape: RecordShape): number {
  if (shape.kind === "readings") return MAX_ROWS;
  const recordBytes = shape.kind === "wide" ? shape.columnCount * 10 : shape.recordBytes;
  return Math.min(MAX_ROWS, Math.max(MIN_ROWS, Math.floor(TARGET_SET_BYTES / recordBytes)));
}
