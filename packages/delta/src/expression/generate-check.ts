// SPDX-License-Identifier: Apache-2.0
import type { FlatKind } from "../columns/flat-kinds.ts";
import type { StructType } from "../schema/types.ts";
import { placeOf } from "./block-readers.ts";
import type { BoundColumn, BoundNode } from "./bound-expression.ts";
import { BytesSet, Int64Set } from "./check-runtime.ts";
import type { LikePattern } from "./like-pattern.ts";
import { equalRangesTest, rangeTest } from "./range-tests.ts";
import type { Scalar } from "./scalar-types.ts";
import type { ComparisonOperator } from "./syntax.ts";
import { columnOperand, type IntegerRange, integersThat, storedRange } from "./value-ranges.ts";

/** A column in generated code: `x` is its value, `p` whether there is one, or for bytes `s` to `e` where it is in `d`. */
interface Slot {
  readonly slot: number;
  readonly index: number;
  readonly kind: FlatKind;
}

/** Lists of at most so many items are compared one by one. */
const MAX_INLINE_ITEMS = 8;

/**
 * Writes conditions as JavaScript. For each part there are two: whether it is true, and whether it is false; NULL is
 * neither. With that, AND, OR and NOT need no third value.
 *
 * The source consists of fixed text and of integers. Texts, bytes and floating-point numbers are constants beside it;
 * what there is no code for is evaluated by `leaves`.
 */
export class CheckGenerator {
  readonly constants: unknown[] = [];
  /** Called as `leaves[i](rows, row)`; gives `true`, `false` or `null`. */
  readonly leaves: BoundNode[] = [];
  readonly #schema: StructType;
  readonly #slots = new Map<number, Slot>();

  constructor(schema: StructType) {
    this.#schema = schema;
  }

  /** Columns that the conditions read. */
  get slots(): readonly Slot[] {
    return [...this.#slots.values()];
  }

  /** A condition that holds where `node` is `wanted`. */
  condition(node: BoundNode, wanted: boolean): string {
    switch (node.kind) {
      case "literal":
        return String(node.value === wanted);
      case "and":
      case "or": {
        const parts = node.operands.map((operand) => this.condition(operand, wanted));
        return `(${parts.join((node.kind === "and") === wanted ? " && " : " || ")})`;
      }
      case "not":
        return this.condition(node.operand, !wanted);
      case "isTruth": {
        const is = this.condition(node.operand, node.truth);
        return wanted ? is : `!${is}`;
      }
      case "isColumnNull":
        return `${wanted ? "!" : ""}p${this.#slotOf(node.column).slot}`;
      case "column":
        return this.#where(this.#slotOf(node.column), "x === 1", wanted);
      case "comparison":
        return this.#comparison(node, wanted) ?? this.leaf(node, wanted);
      case "in":
        return this.#in(node, wanted) ?? this.leaf(node, wanted);
      case "like":
        return this.#like(node, wanted) ?? this.leaf(node, wanted);
      default:
        return this.leaf(node, wanted);
    }
  }

  /** As {@link CheckGenerator.condition}, by evaluation of the whole part. */
  leaf(node: BoundNode, wanted: boolean): string {
    this.leaves.push(node);
    return `(leaves[${this.leaves.length - 1}](rows, row) === ${wanted})`;
  }

  #comparison(
    { operator, left, right }: BoundNode & { readonly kind: "comparison" },
    wanted: boolean,
  ): string | undefined {
    if (left.kind === "literal" && right.kind !== "literal") {
      return this.#withLiteral(MIRRORED[operator], right, left.value, wanted);
    }
    if (right.kind === "literal") return this.#withLiteral(operator, left, right.value, wanted);
    if (left.kind === "column" && right.kind === "column") {
      return this.#ofColumns(operator, left, right, wanted);
    }
    return undefined;
  }

  #withLiteral(
    operator: ComparisonOperator,
    node: BoundNode,
    literal: Scalar | null,
    wanted: boolean,
  ): string | undefined {
    const test = literal === null ? "true" : this.#valueTest(operator, node, literal);
    const column = columnOperand(node)?.column ?? lengthColumn(node);
    if (test === undefined || column === undefined) return undefined;
    const slot = this.#slotOf(column);
    if (operator !== "<=>") return literal === null ? "false" : this.#where(slot, test, wanted);
    if (literal === null) return `${wanted ? "!" : ""}p${slot.slot}`;
    const same = this.#where(slot, test, true);
    return wanted ? same : `!${same}`;
  }

  /** A test of the value `x` (or the bytes) of the column in `node`, which is there. */
  #valueTest(operator: ComparisonOperator, node: BoundNode, literal: Scalar): string | undefined {
    const operand = columnOperand(node);
    if (operand === undefined) return this.#lengthTest(operator, node, literal);
    const range = integersThat(operand, operator, node.type, literal);
    const { kind } = this.#slotOf(operand.column);
    if (range !== undefined)
      return rangeTest(kind, range, storedRange(operand.type) as IntegerRange);
    if (kind === "bytes") return this.#bytesTest(operator, bytesOf(literal));
    if (kind === "float" || kind === "double") return this.#doubleTest(operator, literal as number);
    return undefined;
  }

  #lengthTest(operator: ComparisonOperator, node: BoundNode, literal: Scalar): string | undefined {
    const length = node.kind === "promote" ? node.operand : node;
    const column = lengthColumn(node);
    if (length.kind !== "length" || column === undefined) return undefined;
    // The range of INT stands in for a column that holds the length.
    const stand: BoundNode = { kind: "column", type: "integer", column };
    const operand = columnOperand(
      node === length ? stand : ({ ...node, operand: stand } as BoundNode),
    );
    const range = operand && integersThat(operand, operator, node.type, literal);
    if (range === undefined) return undefined;
    if (length.operand.type === "binary") {
      return rangeTest("int32", range, storedRange("integer") as IntegerRange, "(e - s)");
    }
    return `isCharacterCountIn(d, s, e, ${range.min}, ${range.max})`;
  }

  #bytesTest(operator: ComparisonOperator, literal: Uint8Array): string {
    const constant = this.#constant(literal);
    if (operator === "=" || operator === "<=>") {
      return `(e - s === ${literal.length} && startsWithAt(d, s, ${constant}))`;
    }
    return `compareBytesAt(d, s, e, ${constant}) ${operator} 0`;
  }

  /** NaN equals itself and is above all. */
  #doubleTest(operator: ComparisonOperator, literal: number): string {
    if (Number.isNaN(literal)) return NAN_TESTS[operator];
    const constant = this.#constant(literal);
    switch (operator) {
      case ">":
        return `!(x <= ${constant})`;
      case ">=":
        return `!(x < ${constant})`;
      case "=":
      case "<=>":
        return `x === ${constant}`;
      default:
        return `x ${operator} ${constant}`;
    }
  }

  #ofColumns(
    operator: ComparisonOperator,
    left: BoundNode & { readonly kind: "column" },
    right: BoundNode & { readonly kind: "column" },
    wanted: boolean,
  ): string | undefined {
    const a = this.#slotOf(left.column);
    const b = this.#slotOf(right.column);
    if (a.kind !== b.kind) return undefined;
    const test = columnsTest(operator === "<=>" ? "=" : operator, a, b);
    if (test === undefined) return undefined;
    const bothPresent = `p${a.slot} && p${b.slot}`;
    if (operator === "<=>") {
      const same = `(${bothPresent} ? ${test} : p${a.slot} === p${b.slot})`;
      return wanted ? same : `!${same}`;
    }
    return `(${bothPresent} && ${wanted ? "" : "!"}(${test}))`;
  }

  #in(
    { operand, values, hasNull }: BoundNode & { readonly kind: "in" },
    wanted: boolean,
  ): string | undefined {
    const column = columnOperand(operand)?.column;
    if (column === undefined) return undefined;
    const slot = this.#slotOf(column);
    const test = this.#inTest(operand, values, slot);
    if (test === undefined) return undefined;
    if (!wanted && hasNull) return "false";
    return this.#where(slot, test, wanted);
  }

  #inTest(operand: BoundNode, values: readonly Scalar[], { kind }: Slot): string | undefined {
    if (values.length <= MAX_INLINE_ITEMS) {
      const tests = values.map((value) => this.#valueTest("=", operand, value));
      return tests.includes(undefined) ? undefined : `(${tests.join(" || ") || "false"})`;
    }
    if (kind === "bytes") {
      return `${this.#constant(new BytesSet(values.map(bytesOf)))}.has(d, s, e)`;
    }
    const column = columnOperand(operand);
    const ranges = values.flatMap((value) => {
      const range = column && integersThat(column, "=", operand.type, value);
      return range === undefined ? [undefined] : range.min > range.max ? [] : [range];
    });
    const integers = ranges.flatMap((range) =>
      range?.min === range?.max && range ? [range.min] : [],
    );
    // A promotion to DOUBLE may make many integers equal to one value.
    if (integers.length < ranges.length) return undefined;
    if (kind === "int32") return `${this.#constant(new Set(integers.map(Number)))}.has(x)`;
    if (kind === "int64") return `${this.#constant(new Int64Set(integers))}.has(x, y)`;
    return undefined;
  }

  #like(
    { operand, pattern }: BoundNode & { readonly kind: "like" },
    wanted: boolean,
  ): string | undefined {
    if (operand.kind !== "column") return undefined;
    const test = this.#likeTest(pattern);
    return test && this.#where(this.#slotOf(operand.column), test, wanted);
  }

  #likeTest(pattern: LikePattern): string | undefined {
    if (pattern.kind === "general") return undefined;
    const bytes = bytesOf(pattern.text);
    const constant = this.#constant(bytes);
    switch (pattern.kind) {
      case "exact":
        return `(e - s === ${bytes.length} && startsWithAt(d, s, ${constant}))`;
      case "prefix":
        return `(e - s >= ${bytes.length} && startsWithAt(d, s, ${constant}))`;
      case "suffix":
        return `(e - s >= ${bytes.length} && startsWithAt(d, e - ${bytes.length}, ${constant}))`;
      case "contains":
        return `containsAt(d, s, e, ${constant})`;
    }
  }

  /** The value is there, and the test of it comes out as wanted. */
  #where({ slot }: Slot, test: string, wanted: boolean): string {
    const ofSlot = test.replace(/\b([dsexyzw])\b/g, `$1${slot}`);
    return `(p${slot} && ${wanted ? "" : "!"}(${ofSlot}))`;
  }

  #slotOf(column: BoundColumn): Slot {
    const { index, kind } = placeOf(column, this.#schema);
    const known = this.#slots.get(index);
    if (known !== undefined) return known;
    const slot = { slot: this.#slots.size, index, kind };
    this.#slots.set(index, slot);
    return slot;
  }

  #constant(value: unknown): string {
    this.constants.push(value);
    return `k${this.constants.length - 1}`;
  }
}

/** What a comparison is with its sides exchanged. */
const MIRRORED: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  "=": "=",
  "<=>": "<=>",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

const NAN_TESTS: Readonly<Record<ComparisonOperator, string>> = {
  "=": "x !== x",
  "<=>": "x !== x",
  "<": "x === x",
  "<=": "true",
  ">": "false",
  ">=": "x !== x",
};

function columnsTest(
  operator: Exclude<ComparisonOperator, "<=>">,
  a: Slot,
  b: Slot,
): string | undefined {
  const relation = operator === "=" ? "===" : operator;
  switch (a.kind) {
    case "boolean":
    case "int32":
      return `x${a.slot} ${relation} x${b.slot}`;
    case "float":
    case "double":
      return `compareDoubles(x${a.slot}, x${b.slot}) ${relation} 0`;
    case "bytes":
      return `compareBytesBetween(d${a.slot}, s${a.slot}, e${a.slot}, d${b.slot}, s${b.slot}, e${b.slot}) ${relation} 0`;
    case "int64":
      return equalRangesTest(relation, a.slot, b.slot);
    case "int128":
      return undefined;
  }
}

function lengthColumn(node: BoundNode): BoundColumn | undefined {
  const length = node.kind === "promote" ? node.operand : node;
  if (length.kind !== "length" || length.operand.kind !== "column") return undefined;
  return length.operand.column;
}

const utf8 = new TextEncoder();

function bytesOf(value: Scalar): Uint8Array {
  return typeof value === "string" ? utf8.encode(value) : (value as Uint8Array);
}
