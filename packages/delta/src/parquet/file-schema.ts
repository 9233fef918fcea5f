// SPDX-License-Identifier: Apache-2.0
import { type LayoutNode, type LeafNode, nestedLayoutOf } from "../columns/nested-layout.ts";
import type { StructField, StructType } from "../schema/types.ts";
import { CONVERTED_TYPE, type ConvertedType, REPETITION, type Repetition } from "./format.ts";
import { type LeafType, leafTypeOf, type LogicalType } from "./leaf-types.ts";

/** A node of the schema tree in depth-first order, as the footer lists it. */
export interface SchemaElement {
  readonly name: string;
  readonly repetition: Repetition;
  readonly fieldId: number | null;
  readonly convertedType: ConvertedType | null;
  readonly logicalType: LogicalType | null;
  /** `null` for a group, whose children follow. */
  readonly leafType: LeafType | null;
  readonly childCount: number;
}

/** A column of values in the file: the path to it and how deep its levels go. */
export interface Leaf extends LeafType {
  readonly path: readonly string[];
  /** Names of the columns that Delta statistics keep it under; `null` below a list or map, and for a variant's value. */
  readonly statisticsPath: readonly string[] | null;
  /** The column of a block, and the leaf of that column where it is a nested one. */
  readonly columnIndex: number;
  readonly leafIndex: number | null;
  readonly maxDefinitionLevel: number;
  readonly maxRepetitionLevel: number;
}

export interface FileSchema {
  /** The root is not listed; its children are. */
  readonly elements: readonly SchemaElement[];
  readonly rootChildCount: number;
  /** In the order of the columns of a block. */
  readonly leaves: readonly Leaf[];
}

/** Metadata key by which a field carries its Parquet field id, for tables with column mapping. */
const FIELD_ID_KEY = "parquet.field.id";

/**
 * The Parquet schema of a Delta schema. Names are written as they are: for a table with column mapping, pass the
 * physical schema, each field with its id under the metadata key `parquet.field.id`.
 * @throws TypeError for a column that cannot be written: its type, or a name that is empty, used twice or not
 * well-formed Unicode.
 */
export function fileSchemaOf(schema: StructType): FileSchema {
  const builder = new SchemaBuilder();
  const names = new Set<string>();
  for (const [columnIndex, field] of schema.fields.entries()) {
    checkName(field.name, names);
    const layout = nestedLayoutOf(field);
    if (layout === undefined) {
      throw new TypeError(
        `column ${JSON.stringify(field.name)} has type ${JSON.stringify(field.type)}, which cannot be written to Parquet`,
      );
    }
    builder.addColumn(field, layout.root, columnIndex);
  }
  return {
    elements: builder.elements,
    rootChildCount: schema.fields.length,
    leaves: builder.leaves,
  };
}

interface Place {
  readonly path: readonly string[];
  readonly statisticsPath: readonly string[] | null;
}

type Group = Pick<SchemaElement, "name" | "repetition" | "childCount"> &
  Partial<Pick<SchemaElement, "fieldId" | "convertedType" | "logicalType">>;

/** Lists the tree of each column in depth-first order; lists and maps get the three levels of Parquet's LogicalTypes. */
class SchemaBuilder {
  readonly elements: SchemaElement[] = [];
  readonly leaves: Leaf[] = [];
  #columnIndex = 0;
  #isNested = false;

  addColumn(field: StructField, root: LayoutNode, columnIndex: number): void {
    this.#columnIndex = columnIndex;
    this.#isNested = root.kind !== "leaf";
    const place: Place = { path: [field.name], statisticsPath: [field.name] };
    this.#add(root, field.name, fieldIdOf(field), place);
  }

  #add(node: LayoutNode, name: string, fieldId: number | null, place: Place): void {
    const repetition = node.nullable ? REPETITION.optional : REPETITION.required;
    switch (node.kind) {
      case "leaf":
        this.#addLeaf(node, name, fieldId, place);
        return;
      case "variant":
        this.#addVariant(node, { name, repetition, fieldId, childCount: 2 }, place);
        return;
      case "struct":
        this.#addGroup({ name, repetition, fieldId, childCount: node.fields.length });
        checkNames(node.fields.map(({ field }) => field.name));
        for (const { field, node: child } of node.fields) {
          this.#add(child, field.name, fieldIdOf(field), below(place, field.name));
        }
        return;
      case "list": {
        const logicalType = { kind: "list" } as const;
        const convertedType = CONVERTED_TYPE.list;
        this.#addGroup({ name, repetition, fieldId, childCount: 1, convertedType, logicalType });
        this.#addGroup({ name: "list", repetition: REPETITION.repeated, childCount: 1 });
        this.#add(node.element, "element", null, inside(place, "list", "element"));
        return;
      }
      case "map": {
        const logicalType = { kind: "map" } as const;
        const convertedType = CONVERTED_TYPE.map;
        this.#addGroup({ name, repetition, fieldId, childCount: 1, convertedType, logicalType });
        this.#addGroup({ name: "key_value", repetition: REPETITION.repeated, childCount: 2 });
        this.#add(node.key, "key", null, inside(place, "key_value", "key"));
        this.#add(node.value, "value", null, inside(place, "key_value", "value"));
        return;
      }
    }
  }

  /** The protocol keeps statistics of a variant column as a whole, so its first leaf stands for it. */
  #addVariant(node: LayoutNode, group: Group, place: Place): void {
    this.#addGroup(group);
    const leafType = leafTypeOf("binary") as LeafType;
    for (const [index, name] of ["metadata", "value"].entries()) {
      const { statisticsPath } = place;
      const part = { ...node, kind: "leaf", type: "binary", nullable: false } as const;
      this.#addLeaf(
        { ...part, firstLeaf: node.firstLeaf + index },
        name,
        null,
        {
          path: [...place.path, name],
          statisticsPath: index === 0 ? statisticsPath : null,
        },
        leafType,
      );
    }
  }

  #addGroup(group: Group): void {
    const plain = { fieldId: null, convertedType: null, logicalType: null, leafType: null };
    this.elements.push({ ...plain, ...group });
  }

  #addLeaf(
    node: LeafNode,
    name: string,
    fieldId: number | null,
    place: Place,
    leafType: LeafType = leafTypeOf(node.type) as LeafType,
  ): void {
    const { convertedType, logicalType } = leafType;
    const repetition = node.nullable ? REPETITION.optional : REPETITION.required;
    const element = { name, repetition, fieldId, convertedType, logicalType, leafType };
    this.elements.push({ ...element, childCount: 0 });
    this.leaves.push({
      ...leafType,
      ...place,
      columnIndex: this.#columnIndex,
      leafIndex: this.#isNested ? node.firstLeaf : null,
      maxDefinitionLevel: node.definitionLevel,
      maxRepetitionLevel: node.repetitionLevel,
    });
  }
}

function below({ path, statisticsPath }: Place, name: string): Place {
  return {
    path: [...path, name],
    statisticsPath: statisticsPath === null ? null : [...statisticsPath, name],
  };
}

function inside({ path }: Place, ...names: string[]): Place {
  return { path: [...path, ...names], statisticsPath: null };
}

function checkNames(fieldNames: readonly string[]): void {
  const names = new Set<string>();
  for (const name of fieldNames) checkName(name, names);
}

function checkName(name: string, names: Set<string>): void {
  if (name === "") throw new TypeError("a column name is empty; name every column");
  if (/\p{Surrogate}/u.test(name)) {
    throw new TypeError(`column name ${JSON.stringify(name)} has half a surrogate pair`);
  }
  if (names.has(name)) throw new TypeError(`column name ${JSON.stringify(name)} is used twice`);
  names.add(name);
}

function fieldIdOf(field: StructField): number | null {
  const fieldId = field.metadata[FIELD_ID_KEY];
  return typeof fieldId === "number" ? fieldId : null;
}
