// SPDX-License-Identifier: Apache-2.0
import type { LeafValues } from "./conversions.ts";
import { bytesGetterOf, leafGetterOf } from "./leaf-getters.ts";
import { objectMakerOf } from "./object-maker.ts";
import type { FileNode } from "./parquet/file-tree.ts";
import type { LeafData, StoredBytes } from "./parquet/leaf-data.ts";
import {
  type LeafReadNode,
  leavesOf,
  type ListReadNode,
  type MapReadNode,
  type ReadNode,
  type StructReadNode,
  type VariantReadNode,
} from "./read-plan.ts";
import { variantToJson } from "./variant-text.ts";

/** A leaf's data, and its values as those of the column's type. */
export interface DecodedLeaf {
  readonly file: FileNode;
  readonly data: LeafData;
  readonly values: LeafValues;
}

export type DecodedLeaves = ReadonlyMap<number, DecodedLeaf>;

/** Puts the values of a column together, one row after the other ("Record assembly" of Dremel). */
export interface ValueReader {
  /** The next value. */
  read(): unknown;
  /** Steps over the next value. */
  skip(): void;
}

/** @param leaves those that `leavesOf` names. */
export function valueReaderOf(node: ReadNode, leaves: DecodedLeaves): ValueReader {
  switch (node.kind) {
    case "missing":
      return NULLS;
    case "leaf":
      return leafReaderOf(node, leaves);
    case "variant":
      return variantReaderOf(node, leaves);
    case "struct":
      return structReaderOf(node, leaves);
    case "list":
      return listReaderOf(node, leaves);
    case "map":
      return mapReaderOf(node, leaves);
  }
}

const NULLS: ValueReader = { read: () => null, skip: () => undefined };

/** Where reading is in the levels of a leaf. */
class LevelCursor {
  readonly #definitions: Uint8Array | null;
  readonly #repetitions: Uint8Array | null;
  readonly #maxDefinitionLevel: number;
  #entry = 0;

  constructor(data: LeafData, maxDefinitionLevel: number) {
    this.#definitions = data.definitions;
    this.#repetitions = data.repetitions;
    this.#maxDefinitionLevel = maxDefinitionLevel;
  }

  /** The definition level of the next entry. */
  get definition(): number {
    if (this.#definitions === null) return this.#maxDefinitionLevel;
    return this.#definitions[this.#entry] as number;
  }

  /** The repetition level of the next entry; 0 behind the last. */
  get repetition(): number {
    return this.#repetitions?.[this.#entry] ?? 0;
  }

  /** Steps over an entry and those that go on with what it starts, at deeper repetition levels. */
  skip(repetitionLevel: number): void {
    do this.#entry += 1;
    while (this.repetition > repetitionLevel);
  }
}

/** Where reading is in a leaf, one of whose entries is an instance of it. */
class LeafCursor {
  readonly values: LeafValues;
  readonly #definitions: Uint8Array | null;
  readonly #maxDefinitionLevel: number;
  #entry = 0;
  #value = 0;

  constructor(file: FileNode, leaves: DecodedLeaves) {
    const { data, values } = leaves.get(file.firstLeaf) as DecodedLeaf;
    this.values = values;
    this.#definitions = data.definitions;
    this.#maxDefinitionLevel = file.definitionLevel;
  }

  /** Steps over an entry; returns the index of its value, -1 if it has none. */
  next(): number {
    const definitions = this.#definitions;
    const entry = this.#entry++;
    if (definitions !== null && definitions[entry] !== this.#maxDefinitionLevel) return -1;
    return this.#value++;
  }
}

function leafReaderOf(node: LeafReadNode, leaves: DecodedLeaves): ValueReader {
  const cursor = new LeafCursor(node.file, leaves);
  const get = leafGetterOf(cursor.values, node.type);
  return {
    read: () => {
      const index = cursor.next();
      return index === -1 ? null : get(index);
    },
    skip: () => void cursor.next(),
  };
}

function variantReaderOf(node: VariantReadNode, leaves: DecodedLeaves): ValueReader {
  const metadata = new LeafCursor(node.metadata, leaves);
  const value = new LeafCursor(node.value, leaves);
  const metadataOf = bytesGetterOf(metadata.values as StoredBytes);
  const valueOf = bytesGetterOf(value.values as StoredBytes);
  return {
    read: () => {
      const metadataIndex = metadata.next();
      const valueIndex = value.next();
      if (metadataIndex === -1 || valueIndex === -1) return null;
      return variantToJson(metadataOf(metadataIndex), valueOf(valueIndex));
    },
    skip: () => {
      metadata.next();
      value.next();
    },
  };
}

/** Whether a part is there, and how often, is in the levels of every leaf below it. */
function levelsOf(node: ReadNode, leaves: DecodedLeaves): LevelCursor {
  const [leaf] = leavesOf(node);
  const { data, file } = leaves.get(leaf as number) as DecodedLeaf;
  return new LevelCursor(data, file.definitionLevel);
}

function structReaderOf(node: StructReadNode, leaves: DecodedLeaves): ValueReader {
  const { definitionLevel, repetitionLevel } = node.file;
  const levels = levelsOf(node, leaves);
  const readers = node.fields.map((field) => valueReaderOf(field.node, leaves));
  const makeObject = objectMakerOf(node.fields.map(({ name }) => name));
  const values: unknown[] = readers.map(() => null);
  const skip = (): void => {
    for (const reader of readers) reader.skip();
    levels.skip(repetitionLevel);
  };
  return {
    read: () => {
      if (levels.definition < definitionLevel) {
        skip();
        return null;
      }
      for (let field = 0; field < readers.length; field += 1) {
        values[field] = (readers[field] as ValueReader).read();
      }
      levels.skip(repetitionLevel);
      return makeObject(values);
    },
    skip,
  };
}

function listReaderOf(node: ListReadNode, leaves: DecodedLeaves): ValueReader {
  const element = valueReaderOf(node.element, leaves);
  return repeatedReaderOf(node, levelsOf(node.element, leaves), {
    skip: () => element.skip(),
    start: () => {
      const list: unknown[] = [];
      return { value: list, add: () => list.push(element.read()) };
    },
  });
}

function mapReaderOf(node: MapReadNode, leaves: DecodedLeaves): ValueReader {
  const key = valueReaderOf(node.key, leaves);
  const value = valueReaderOf(node.value, leaves);
  return repeatedReaderOf(node, levelsOf(node.key, leaves), {
    skip: () => {
      key.skip();
      value.skip();
    },
    start: () => {
      const map = new Map<unknown, unknown>();
      return { value: map, add: () => map.set(key.read(), value.read()) };
    },
  });
}

/** What repeats in a list or a map. */
interface Repeated {
  /** Steps over one of it. */
  skip(): void;
  start(): { readonly value: unknown; readonly add: () => void };
}

function repeatedReaderOf(
  { file, repeated }: ListReadNode | MapReadNode,
  levels: LevelCursor,
  repetition: Repeated,
): ValueReader {
  const { definitionLevel, repetitionLevel } = repeated;
  // A field that repeats without a group around it is never null.
  const nullBelow = file === repeated ? 0 : file.definitionLevel;
  const skip = (): void => {
    do {
      repetition.skip();
      levels.skip(repetitionLevel);
    } while (levels.repetition === repetitionLevel);
  };
  return {
    read: () => {
      const { definition } = levels;
      if (definition < nullBelow) {
        skip();
        return null;
      }
      const { value, add } = repetition.start();
      if (definition < definitionLevel) {
        skip();
        return value;
      }
      do {
        add();
        levels.skip(repetitionLevel);
      } while (levels.repetition === repetitionLevel);
      return value;
    },
    skip,
  };
}
