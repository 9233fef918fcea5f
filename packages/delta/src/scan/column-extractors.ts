// SPDX-License-Identifier: Apache-2.0
import type { ColumnVector } from "../columns/column-block.ts";
import { type FlatKind, flatKindOf } from "../columns/flat-kinds.ts";
import { type LayoutNode, type NestedLayout, nestedLayoutOf } from "../columns/nested-layout.ts";
import { sharedBytes } from "../columns/shared-memory.ts";
import { DeltaError } from "../delta-error.ts";
import { sqlTypeOf } from "../schema/sql-type.ts";
import type { StructField } from "../schema/types.ts";
import type { LeafValues } from "./conversions.ts";
import { gather, NO_VALUE } from "./gather.ts";
import { absentLeaf, LeafExtractor, type LeafSource } from "./leaf-extractor.ts";
import { levelMapOf, type LevelStep } from "./level-map.ts";
import type { DecodedLeaf, DecodedLeaves } from "./nested-reader.ts";
import type { FileNode } from "./parquet/file-tree.ts";
import { leavesOf, type ReadNode } from "./read-plan.ts";
import type { RowGroupReader } from "./row-group-reader.ts";

/** Gives rows of a column of a row group as a column of a block. */
export interface ColumnExtractor {
  /**
   * @param rows ascending, behind those of the call before.
   * @throws RangeError for a null that the table does not allow.
   */
  take(rows: Uint32Array): ColumnVector;
}

/**
 * @throws DeltaError `data_loss` for a damaged column, `unsupported` for a type that blocks do not hold.
 */
export function columnExtractorOf(
  field: StructField,
  node: ReadNode,
  reader: RowGroupReader,
): ColumnExtractor {
  const kind = flatKindOf(field.type);
  if (kind !== undefined) return flatExtractorOf(field, node, kind, reader);
  const layout = nestedLayoutOf(field);
  if (layout === undefined) {
    throw new DeltaError(
      "unsupported",
      `the column ${JSON.stringify(field.name)} of type ${sqlTypeOf(field.type)} cannot be held in columns`,
      { details: { column: field.name } },
    );
  }
  return nestedExtractorOf(node, layout, reader.leaves(node));
}

function flatExtractorOf(
  { nullable }: StructField,
  node: ReadNode,
  kind: FlatKind,
  reader: RowGroupReader,
): ColumnExtractor {
  if (node.kind !== "leaf") {
    return {
      take: (rows) => {
        if (!nullable) throw new RangeError("a null that the table does not allow");
        const indices = new Int32Array(rows.length).fill(NO_VALUE);
        return gather(emptyValuesOf(kind), indices, sharedBytes(rows.length));
      },
    };
  }
  const { data, values } = reader.leaves(node).get(node.file.firstLeaf) as DecodedLeaf;
  const { definitions } = data;
  const maxLevel = node.file.definitionLevel;
  let row = 0;
  let value = 0;
  return {
    take: (rows) => {
      const validity = nullable ? sharedBytes(rows.length) : null;
      const indices = new Int32Array(rows.length);
      for (let slot = 0; slot < rows.length; slot += 1) {
        const wanted = rows[slot] as number;
        if (definitions === null) {
          indices[slot] = wanted;
          if (validity !== null) validity[slot] = 1;
          continue;
        }
        for (; row < wanted; row += 1) if (definitions[row] === maxLevel) value += 1;
        const isPresent = definitions[row] === maxLevel;
        if (!isPresent && validity === null) {
          throw new RangeError("a null that the table does not allow");
        }
        indices[slot] = isPresent ? value : NO_VALUE;
        if (validity !== null && isPresent) validity[slot] = 1;
      }
      return gather(values, indices, validity);
    },
  };
}

function nestedExtractorOf(
  node: ReadNode,
  layout: NestedLayout,
  leaves: DecodedLeaves,
): ColumnExtractor {
  const kinds = layout.leaves.map(({ kind }) => kind);
  if (node.kind === "missing") {
    return {
      take: (rows) => {
        if (!layout.root.nullable) throw new RangeError("a null that the table does not allow");
        const vectors = kinds.map((kind) => absentLeaf(rows.length, emptyValuesOf(kind)));
        return { kind: "nested", validity: null, leaves: vectors };
      },
    };
  }
  const extractors = new SourceFinder(leaves, kinds)
    .find(node, layout.root)
    .map((source) => new LeafExtractor(source));
  return {
    take: (rows) => ({
      kind: "nested",
      validity: null,
      leaves: extractors.map((extractor) => extractor.take(rows)),
    }),
  };
}

/** Finds the source of each leaf of a layout, in its order. */
class SourceFinder {
  readonly #leaves: DecodedLeaves;
  readonly #kinds: readonly FlatKind[];
  readonly #sources: LeafSource[] = [];

  constructor(leaves: DecodedLeaves, kinds: readonly FlatKind[]) {
    this.#leaves = leaves;
    this.#kinds = kinds;
  }

  find(node: ReadNode, layout: LayoutNode): readonly LeafSource[] {
    this.#visit(node, layout, [], undefined);
    return this.#sources;
  }

  /** @param around the part that a missing one belongs to. */
  #visit(
    node: ReadNode,
    layout: LayoutNode,
    above: readonly LevelStep[],
    around: ReadNode | undefined,
  ): void {
    if (node.kind === "missing") {
      this.#addMissing(layout, above, around as ReadNode);
      return;
    }
    const steps = [...above, stepOf(node.file, layout)];
    if (node.kind === "leaf" && layout.kind === "leaf") {
      this.#add(node.file, steps);
    } else if (node.kind === "variant" && layout.kind === "variant") {
      for (const part of [node.metadata, node.value]) {
        this.#add(part, [...steps, stepOf(part, { ...layout, nullable: false })]);
      }
    } else if (node.kind === "struct" && layout.kind === "struct") {
      for (const [index, field] of node.fields.entries()) {
        const child = layout.fields[index] as (typeof layout.fields)[number];
        this.#visit(field.node, child.node, steps, node);
      }
    } else if (node.kind === "list" && layout.kind === "list") {
      this.#visit(node.element, layout.element, elementSteps(node, layout, above), node);
    } else if (node.kind === "map" && layout.kind === "map") {
      const below = elementSteps(node, layout, above);
      this.#visit(node.key, layout.key, below, node);
      this.#visit(node.value, layout.value, below, node);
    } else {
      throw new TypeError(`a ${node.kind} in the place of a ${layout.kind}`);
    }
  }

  #add(file: FileNode, steps: readonly LevelStep[]): void {
    const { data, values } = this.#leaves.get(file.firstLeaf) as DecodedLeaf;
    this.#sources.push({
      data,
      values,
      maxDefinitionLevel: file.definitionLevel,
      levels: levelMapOf(steps, file.definitionLevel),
      maxRepetitionLevel: file.repetitionLevel,
      emptyValues: values,
    });
  }

  /** The entries are those of another leaf, as deep as the part around the missing one. */
  #addMissing(layout: LayoutNode, above: readonly LevelStep[], around: ReadNode): void {
    const [witness] = leavesOf(around);
    const { file, data } = this.#leaves.get(witness as number) as DecodedLeaf;
    const absent = { fileLevel: Infinity, tableLevel: 0, isOptional: layout.nullable };
    for (let leaf = layout.firstLeaf; leaf < layout.leafEnd; leaf += 1) {
      this.#sources.push({
        data,
        values: undefined,
        maxDefinitionLevel: file.definitionLevel,
        levels: levelMapOf([...above, absent], file.definitionLevel),
        maxRepetitionLevel: around.kind === "struct" ? around.file.repetitionLevel : 0,
        emptyValues: emptyValuesOf(this.#kinds[leaf] as FlatKind),
      });
    }
  }
}

function stepOf(
  file: FileNode,
  layout: Pick<LayoutNode, "definitionLevel" | "nullable">,
): LevelStep {
  return {
    fileLevel: file.definitionLevel,
    tableLevel: layout.definitionLevel,
    isOptional: layout.nullable,
  };
}

/** The list or map itself, then its elements. */
function elementSteps(
  { file, repeated }: ReadNode & { readonly kind: "list" | "map" },
  layout: LayoutNode,
  above: readonly LevelStep[],
): LevelStep[] {
  // A field that repeats without a group around it is never null.
  const own =
    file === repeated
      ? { ...stepOf(file, layout), fileLevel: above.at(-1)?.fileLevel ?? 0 }
      : stepOf(file, layout);
  const elements = {
    fileLevel: repeated.definitionLevel,
    tableLevel: layout.definitionLevel + 1,
    isOptional: true,
  };
  return [...above, own, elements];
}

function emptyValuesOf(kind: FlatKind): LeafValues {
  switch (kind) {
    case "bytes":
      return { kind, data: new Uint8Array(0), ends: new Uint32Array(0), indices: null };
    case "int64":
      return { kind, values: new BigInt64Array(0) };
    case "boolean":
      return { kind, values: new Uint8Array(0) };
    case "int32":
    case "int128":
      return { kind, values: new Int32Array(0) };
    case "float":
      return { kind, values: new Float32Array(0) };
    case "double":
      return { kind, values: new Float64Array(0) };
  }
}
