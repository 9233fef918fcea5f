// SPDX-License-Identifier: Apache-2.0
import type { SchemaElement } from "hyparquet";
import type { ParsedStatistics } from "../expression/parse-statistics.ts";
import { isoDateOf, isoDateTimeOf } from "./calendar.ts";
import type { FileChunk, FileRowGroup } from "./parquet/parquet-file.ts";
import type { LeafReadNode, ReadNode } from "./read-plan.ts";

type Tree = Record<string, unknown>;

/**
 * What the footer says of a row group, in the form of Delta's statistics: by the names of the table's columns, values as
 * JSON has them. Bounds of DECIMAL are left out, for the footer's reader makes inexact numbers of them, and so are the
 * deprecated bounds, whose order writers did not agree on.
 * @param columns of the table, as they are in the file.
 */
export function rowGroupStatistics(
  columns: Iterable<{ readonly name: string; readonly node: ReadNode }>,
  group: FileRowGroup,
): ParsedStatistics {
  const statistics = {
    numRecords: group.rowCount,
    minValues: emptyTree(),
    maxValues: emptyTree(),
    nullCount: emptyTree(),
    tightBounds: false,
  };
  const { minValues, maxValues, nullCount } = statistics;
  for (const { name, node } of columns) {
    collect(name, node, group, [minValues, maxValues, nullCount]);
  }
  return statistics;
}

function collect(
  name: string,
  node: ReadNode,
  group: FileRowGroup,
  [minValues, maxValues, nullCount]: readonly [Tree, Tree, Tree],
): void {
  if (node.kind === "struct") {
    const below = [emptyTree(), emptyTree(), emptyTree()] as const;
    for (const field of node.fields) collect(field.name, field.node, group, below);
    [minValues[name], maxValues[name], nullCount[name]] = below;
  } else if (node.kind === "missing") {
    nullCount[name] = group.rowCount;
  } else if (node.kind === "leaf") {
    const { statistics } = group.chunks[node.file.firstLeaf] as FileChunk;
    if (statistics === undefined) return;
    const { null_count: count, min_value: min, max_value: max } = statistics;
    if (count !== undefined) nullCount[name] = Number(count);
    const { element } = node.file;
    minValues[name] = boundText(min, element, node);
    maxValues[name] = boundText(max, element, node);
  }
}

/** A name such as `__proto__` is a member like any other. */
function emptyTree(): Tree {
  return Object.create(null) as Tree;
}

const TEXT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param bound as `openParquetFile` has the footer read: numbers as they are stored, texts as bytes. */
function boundText(bound: unknown, element: SchemaElement, { type }: LeafReadNode): unknown {
  switch (type) {
    case "string":
      return bound instanceof Uint8Array ? textOf(bound) : undefined;
    case "date":
      return typeof bound === "number" ? isoDateOf(bound) : undefined;
    case "timestamp":
      return typeof bound === "bigint" ? timestampText(bound, element, "Z") : undefined;
    case "timestamp_ntz":
      if (typeof bound === "number") return isoDateOf(bound);
      return typeof bound === "bigint" ? timestampText(bound, element, "") : undefined;
    case "byte":
    case "short":
    case "integer":
    case "long":
    case "float":
    case "double":
      if (typeof bound === "bigint") return String(bound);
      return typeof bound === "number" && !Number.isNaN(bound) ? bound : undefined;
    default:
      return undefined;
  }
}

/** Bounds may be cut inside of a character; such a one is left out. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return TEXT.decode(bytes);
  } catch {
    return undefined;
  }
}

function timestampText(
  value: bigint,
  { logical_type: logical, converted_type: converted }: SchemaElement,
  zone: string,
): string | undefined {
  if (
    converted === "TIMESTAMP_MICROS" ||
    (logical?.type === "TIMESTAMP" && logical.unit === "MICROS")
  ) {
    return `${isoDateTimeOf(value)}${zone}`;
  }
  return undefined;
}
