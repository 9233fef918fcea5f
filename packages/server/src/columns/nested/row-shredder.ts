// SPDX-License-Identifier: Apache-2.0
import {
  type FlatKind,
  type LayoutNode,
  type LeafColumn,
  type LeafNode,
  type NestedColumn,
  type NestedLayout,
  type StructField,
} from "@sluice/delta";
import { viewOf } from "../buffer-view.ts";
import { BytesSink } from "../bytes-sink.ts";
import { VariantEncoder } from "../variant/variant-encoder.ts";
import { labelsOf, type NodeLabel } from "./node-labels.ts";
import { ABSENT, IN_RECORD, NULL_ITEM, type ValueTree } from "./value-tree.ts";

/**
 * Entries that one record may add to the leaves of a column: a struct of a thousand fields in a list has a thousand for
 * each element, even an empty one.
 */
export const MAX_ENTRIES_PER_RECORD: number = 16 * 1024 * 1024;

/** Why a value cannot be written. */
export interface ShredFault {
  readonly kind: "missing" | "tooManyEntries" | "notVariant";
  readonly label: NodeLabel;
}

const scratchWords = new Int32Array(2);
const scratchFloat = new Float32Array(scratchWords.buffer);
const scratchDouble = new Float64Array(scratchWords.buffer);

/** Writes values of one nested column from a tree into its leaves, with the levels of Parquet. */
export class RowShredder {
  readonly #root: LayoutNode;
  readonly #leaves: readonly LeafColumn[];
  readonly #kinds: readonly FlatKind[];
  readonly #sinks: readonly (BytesSink | undefined)[];
  readonly #labels: ReadonlyMap<LayoutNode, NodeLabel>;
  readonly #variants: VariantEncoder = new VariantEncoder();
  #tree: ValueTree | undefined = undefined;
  #record: Uint8Array = new Uint8Array(0);
  #entryCount = 0;
  #fault: ShredFault | undefined = undefined;

  readonly #isAbsentEmpty: boolean;

  /** @param isAbsentEmpty whether an absent list or map that is NOT NULL is an empty one rather than missing */
  constructor(
    field: StructField,
    layout: NestedLayout,
    column: NestedColumn,
    isAbsentEmpty: boolean,
  ) {
    this.#isAbsentEmpty = isAbsentEmpty;
    this.#root = layout.root;
    this.#leaves = column.leaves;
    this.#kinds = layout.leaves.map(({ kind }) => kind);
    this.#sinks = column.leaves.map(({ values }) =>
      values.kind === "bytes" ? new BytesSink(values) : undefined,
    );
    this.#labels = labelsOf(field, layout);
  }

  /**
   * Writes `item` as row `row`. After a fault the row has no defined value and must not be counted.
   * @param record the bytes that items of the tree point into
   */
  write(row: number, item: number, tree: ValueTree, record: Uint8Array): ShredFault | undefined {
    this.#tree = tree;
    this.#record = record;
    this.#entryCount = 0;
    this.#fault = undefined;
    for (const leaf of this.#leaves) leaf.beginRow(row);
    this.#node(this.#root, item, 0);
    for (const leaf of this.#leaves) leaf.endRow(row);
    return this.#fault;
  }

  #node(node: LayoutNode, item: number, repetition: number): void {
    if (this.#fault !== undefined) return;
    if (item === ABSENT || item === NULL_ITEM) {
      const isCollection = node.kind === "list" || node.kind === "map";
      if (node.nullable) this.#empty(node, node.definitionLevel - 1, repetition);
      else if (isCollection && item === ABSENT && this.#isAbsentEmpty) {
        this.#empty(node, node.definitionLevel, repetition);
      } else this.#fail("missing", node);
      return;
    }
    const { cells } = this.#tree as ValueTree;
    switch (node.kind) {
      case "leaf":
        this.#leaf(node, item, repetition);
        return;
      case "variant":
        this.#variant(node, item, repetition);
        return;
      case "struct":
        for (let index = 0; index < node.fields.length; index++) {
          const child = node.fields[index]?.node as LayoutNode;
          this.#node(child, cells[item + index] as number, repetition);
        }
        return;
      case "list": {
        let link = cells[item + 1] as number;
        if (link === 0) this.#empty(node, node.definitionLevel, repetition);
        for (let level = repetition; link !== 0; level = node.repetitionLevel + 1) {
          this.#node(node.element, cells[link] as number, level);
          link = cells[link + 1] as number;
          if (this.#fault !== undefined) return;
        }
        return;
      }
      case "map": {
        let link = cells[item + 1] as number;
        if (link === 0) this.#empty(node, node.definitionLevel, repetition);
        for (let level = repetition; link !== 0; level = node.repetitionLevel + 1) {
          this.#node(node.key, cells[link] as number, level);
          this.#node(node.value, cells[link + 1] as number, level);
          link = cells[link + 2] as number;
          if (this.#fault !== undefined) return;
        }
        return;
      }
    }
  }

  /** An entry without a value in every leaf below a node. */
  #empty(node: LayoutNode, definition: number, repetition: number): void {
    if (!this.#count(node, node.leafEnd - node.firstLeaf)) return;
    for (let index = node.firstLeaf; index < node.leafEnd; index++) {
      this.#leaves[index]?.addEmpty(definition, repetition);
    }
  }

  #leaf(node: LeafNode, item: number, repetition: number): void {
    if (!this.#count(node, 1)) return;
    const leaf = this.#leaves[node.firstLeaf] as LeafColumn;
    const index = leaf.addValue(repetition);
    const { cells, bytes } = this.#tree as ValueTree;
    const kind = this.#kinds[node.firstLeaf] as FlatKind;
    if (kind === "bytes") {
      const from = cells[item] as number;
      const source = cells[item + 2] === IN_RECORD ? this.#record : bytes;
      const sink = this.#sinks[node.firstLeaf] as BytesSink;
      sink.writeBytes(index, source, viewOf(source), from, (cells[item + 1] as number) - from);
      return;
    }
    if (leaf.values.kind === "bytes") return;
    const { values } = leaf.values;
    scratchWords[0] = cells[item] as number;
    scratchWords[1] = cells[item + 1] as number;
    switch (kind) {
      case "boolean":
      case "int32":
        values[index] = scratchWords[0];
        return;
      case "float":
        values[index] = scratchFloat[0] as number;
        return;
      case "double":
        values[index] = scratchDouble[0] as number;
        return;
      case "int64":
        values[index * 2] = scratchWords[0];
        values[index * 2 + 1] = scratchWords[1];
        return;
      case "int128":
        for (let word = 0; word < 4; word++)
          values[index * 4 + word] = cells[item + word] as number;
        return;
    }
  }

  #variant(node: LayoutNode, item: number, repetition: number): void {
    if (!this.#count(node, 2)) return;
    const { cells, bytes } = this.#tree as ValueTree;
    const source = cells[item + 2] === IN_RECORD ? this.#record : bytes;
    if (!this.#variants.encode(source, cells[item] as number, cells[item + 1] as number)) {
      this.#fail("notVariant", node);
      return;
    }
    this.#bytes(node.firstLeaf, this.#variants.metadata, repetition);
    this.#bytes(node.firstLeaf + 1, this.#variants.value, repetition);
  }

  #bytes(leafIndex: number, bytes: Uint8Array, repetition: number): void {
    const index = (this.#leaves[leafIndex] as LeafColumn).addValue(repetition);
    const sink = this.#sinks[leafIndex] as BytesSink;
    sink.writeBytes(index, bytes, viewOf(bytes), 0, bytes.length);
  }

  #count(node: LayoutNode, entries: number): boolean {
    this.#entryCount += entries;
    if (this.#entryCount <= MAX_ENTRIES_PER_RECORD) return true;
    this.#fail("tooManyEntries", node);
    return false;
  }

  #fail(kind: ShredFault["kind"], node: LayoutNode): void {
    this.#fault = { kind, label: this.#labels.get(node) as NodeLabel };
  }
}
