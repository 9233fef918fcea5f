// SPDX-License-Identifier: Apache-2.0
import type {
  BytesVector,
  ColumnBlock,
  ColumnVector,
  FixedVector,
  FlatVector,
  LeafVector,
} from "./column-block.ts";
import { allocateFixed, ELEMENTS_PER_ROW } from "./fixed-column.ts";
import { sharedBytes, sharedUint32s } from "./shared-memory.ts";

/** `Uint32Array` ends are what bounds a block. */
const MAX_DATA_BYTES = 2 ** 31;

/**
 * The rows of blocks of the same columns, in order, as one block of its own memory.
 * @param blocks one or more.
 * @throws TypeError for blocks whose columns are not alike, RangeError for more than 2 GiB of texts in a column.
 */
export function concatBlocks(blocks: readonly ColumnBlock[]): ColumnBlock {
  const [first] = blocks;
  if (first === undefined) throw new TypeError("there are no blocks to join");
  if (blocks.length === 1) return first;
  const rowCounts = blocks.map(({ rowCount }) => rowCount);
  const columns = first.columns.map((column, index) => {
    const vectors = blocks.map((block) => vectorLike(column, block.columns[index]));
    return concatColumns(vectors, rowCounts);
  });
  return { rowCount: sumOf(rowCounts), columns };
}

function vectorLike(pattern: ColumnVector, vector: ColumnVector | undefined): ColumnVector {
  const isLike =
    vector?.kind === pattern.kind && (vector.validity === null) === (pattern.validity === null);
  if (!isLike) throw new TypeError("blocks of other columns cannot be joined");
  return vector;
}

function concatColumns(
  vectors: readonly ColumnVector[],
  rowCounts: readonly number[],
): ColumnVector {
  const [first] = vectors;
  if (first?.kind !== "nested") return concatFlat(vectors as readonly FlatVector[], rowCounts);
  const leaves = first.leaves.map((_, index) =>
    concatLeaves(
      vectors.map((vector) => leafAt(vector, index)),
      rowCounts,
    ),
  );
  return { kind: "nested", validity: null, leaves };
}

function leafAt(vector: ColumnVector, index: number): LeafVector {
  const leaf = vector.kind === "nested" ? vector.leaves[index] : undefined;
  if (leaf === undefined) throw new TypeError("blocks of other columns cannot be joined");
  return leaf;
}

function concatLeaves(leaves: readonly LeafVector[], rowCounts: readonly number[]): LeafVector {
  const entryCounts = leaves.map(({ entryEnds }, index) => lastOf(entryEnds, rowCounts[index]));
  const valueCounts = leaves.map(({ valueEnds }, index) => lastOf(valueEnds, rowCounts[index]));
  return {
    values: concatFlat(
      leaves.map(({ values }) => values),
      valueCounts,
    ),
    definitions: concatBytes(
      leaves.map(({ definitions }) => definitions),
      entryCounts,
    ),
    repetitions: concatBytes(
      leaves.map(({ repetitions }) => repetitions),
      entryCounts,
    ),
    entryEnds: concatEnds(
      leaves.map(({ entryEnds }) => entryEnds),
      rowCounts,
      entryCounts,
    ),
    valueEnds: concatEnds(
      leaves.map(({ valueEnds }) => valueEnds),
      rowCounts,
      valueCounts,
    ),
  };
}

function concatFlat(vectors: readonly FlatVector[], counts: readonly number[]): FlatVector {
  const validities = vectors.map(({ validity }) => validity);
  const validity = validities.every((bytes) => bytes !== null)
    ? concatBytes(validities, counts)
    : null;
  const [first] = vectors;
  if (first?.kind === "bytes") {
    return concatByteVectors(vectors as readonly BytesVector[], counts, validity);
  }
  return concatFixed(vectors as readonly FixedVector[], counts, validity);
}

function concatFixed(
  vectors: readonly FixedVector[],
  counts: readonly number[],
  validity: Uint8Array | null,
): FixedVector {
  const { kind } = vectors[0] as FixedVector;
  const elements = ELEMENTS_PER_ROW[kind];
  const values = allocateFixed(kind, sumOf(counts));
  let offset = 0;
  for (const [index, vector] of vectors.entries()) {
    if (vector.kind !== kind) throw new TypeError("blocks of other columns cannot be joined");
    const length = (counts[index] as number) * elements;
    values.set(vector.values.subarray(0, length), offset);
    offset += length;
  }
  return { kind, values, validity };
}

function concatByteVectors(
  vectors: readonly BytesVector[],
  counts: readonly number[],
  validity: Uint8Array | null,
): BytesVector {
  const lengths = vectors.map(({ ends }, index) => lastOf(ends, counts[index]));
  if (sumOf(lengths) > MAX_DATA_BYTES) {
    throw new RangeError(`${sumOf(lengths)} bytes of texts do not fit in a block`);
  }
  return {
    kind: "bytes",
    data: concatBytes(
      vectors.map(({ data }) => data),
      lengths,
    ),
    ends: concatEnds(
      vectors.map(({ ends }) => ends),
      counts,
      lengths,
    ),
    validity,
  };
}

function concatBytes(parts: readonly Uint8Array[], lengths: readonly number[]): Uint8Array {
  const joined = sharedBytes(sumOf(lengths));
  let offset = 0;
  for (const [index, part] of parts.entries()) {
    const length = lengths[index] as number;
    joined.set(part.subarray(0, length), offset);
    offset += length;
  }
  return joined;
}

/** Ends count from the start of their own part; each part is moved behind those before it. */
function concatEnds(
  parts: readonly Uint32Array[],
  counts: readonly number[],
  lengths: readonly number[],
): Uint32Array {
  const joined = sharedUint32s(sumOf(counts));
  let position = 0;
  let base = 0;
  for (const [index, part] of parts.entries()) {
    const count = counts[index] as number;
    for (let row = 0; row < count; row += 1) {
      joined[position] = base + (part[row] as number);
      position += 1;
    }
    base += lengths[index] as number;
  }
  return joined;
}

function lastOf(ends: Uint32Array, count = 0): number {
  return count === 0 ? 0 : (ends[count - 1] as number);
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
