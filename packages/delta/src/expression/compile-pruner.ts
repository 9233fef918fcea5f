// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { scalarOfPartitionText } from "../partition/partition-values.ts";
import { wasFloat as wasFloatField } from "../schema/type-widening.ts";
import type { StructField } from "../schema/types.ts";
import type { BoundColumn, BoundNode, BoundPredicate } from "./bound-expression.ts";
import { childrenOf } from "./bound-expression.ts";
import { promotion } from "./casts.ts";
import { comparatorOf } from "./compare.ts";
import { compileTruth, type ColumnReaders } from "./evaluate.ts";
import { lowerBound, upperBound, type ValueBounds } from "./file-bounds.ts";
import {
  ANY_OUTCOME,
  certainOutcomes,
  exactBounds,
  type Outcomes,
  outcomesOfAnd,
  outcomesOfComparison,
  outcomesOfIn,
  outcomesOfLike,
  outcomesOfNot,
  outcomesOfOr,
} from "./outcomes.ts";
import { type ParsedStatistics, valueAt } from "./parse-statistics.ts";
import { isFractional, type Scalar, type ScalarType } from "./scalar-types.ts";

/** What the log says of a file. */
export interface PrunableFile {
  /** `add.partitionValues`, by physical name. */
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly stats: ParsedStatistics | undefined;
}

export interface PrunerOptions {
  /** Names of the table's partition columns, as in its schema. */
  readonly partitionColumns: readonly string[];
  /**
   * The name that a column or field has in statistics and partition values, which under column mapping is its
   * physical name.
   * @default its name
   */
  readonly physicalNameOf?: (field: StructField) => string;
  /**
   * Whether an upper bound of a FLOAT or DOUBLE column says that the file has no NaN. It does in what this library and
   * Spark write; writers that take their statistics from Parquet leave NaN out of them. NaN is above every number, so
   * without this no file is left out for `x > 5`.
   * @default false
   */
  readonly boundsCoverNan?: boolean;
}

/**
 * Compiles a predicate for files: the result is `false` only where no row of the file can make it true, by its partition
 * values and statistics. What is absent or cannot be read leaves the file in.
 */
export function compilePruner(
  predicate: BoundPredicate,
  options: PrunerOptions,
): (file: PrunableFile) => boolean {
  const outcomesOf = new PrunerCompiler(options).outcomes(predicate.root);
  return (file) => file.stats?.numRecords !== 0 && outcomesOf(file).mayBeTrue;
}

type OutcomesOf = (file: PrunableFile) => Outcomes;
type BoundsOf = (file: PrunableFile) => ValueBounds;

const UNKNOWN: ValueBounds = {
  mayBeNull: true,
  mayBePresent: true,
  mayBeNan: true,
  min: undefined,
  max: undefined,
};

class PrunerCompiler {
  readonly #partitionColumns: ReadonlySet<string>;
  readonly #physicalNameOf: (field: StructField) => string;
  readonly #boundsCoverNan: boolean;

  constructor({ partitionColumns, physicalNameOf, boundsCoverNan }: PrunerOptions) {
    this.#partitionColumns = new Set(partitionColumns.map((name) => name.toLowerCase()));
    this.#physicalNameOf = physicalNameOf ?? (({ name }) => name);
    this.#boundsCoverNan = boundsCoverNan ?? false;
  }

  outcomes(node: BoundNode): OutcomesOf {
    if (this.#isOfPartitions(node)) return this.#partitionOutcomes(node);
    switch (node.kind) {
      case "and":
      case "or": {
        const parts = node.operands.map((operand) => this.outcomes(operand));
        const join = node.kind === "and" ? outcomesOfAnd : outcomesOfOr;
        return (file) => join(parts.map((part) => part(file)));
      }
      case "not": {
        const operand = this.outcomes(node.operand);
        return (file) => outcomesOfNot(operand(file));
      }
      case "isTruth": {
        const operand = this.outcomes(node.operand);
        return (file) => {
          const of = operand(file);
          return node.truth
            ? certainOutcomes(of.mayBeTrue, of.mayBeFalse || of.mayBeNull)
            : certainOutcomes(of.mayBeFalse, of.mayBeTrue || of.mayBeNull);
        };
      }
      case "isColumnNull": {
        const bounds = this.#columnBounds(node.column);
        return (file) => nullOutcomes(bounds(file));
      }
      case "isNull": {
        const bounds = this.#bounds(node.operand);
        return (file) => nullOutcomes(bounds(file));
      }
      case "comparison": {
        const [left, right] = [this.#bounds(node.left), this.#bounds(node.right)];
        const { operator } = node;
        const { type } = node.left;
        return (file) => outcomesOfComparison(operator, type, left(file), right(file));
      }
      case "in": {
        const operand = this.#bounds(node.operand);
        return (file) => outcomesOfIn(node.operand.type, operand(file), node.values, node.hasNull);
      }
      case "like": {
        const operand = this.#bounds(node.operand);
        return (file) => outcomesOfLike(node.pattern, operand(file));
      }
      case "column": {
        const bounds = this.#columnBounds(node.column);
        const isTrue = exactBounds(true);
        return (file) => outcomesOfComparison("=", "boolean", bounds(file), isTrue);
      }
      case "literal":
        return () => constantOutcomes(node.value);
      default:
        return () => ANY_OUTCOME;
    }
  }

  #bounds(node: BoundNode): BoundsOf {
    switch (node.kind) {
      case "literal": {
        const bounds = exactBounds(node.value);
        return () => bounds;
      }
      case "column":
        return this.#columnBounds(node.column);
      case "promote": {
        const operand = this.#bounds(node.operand);
        const promote = promotion(node.operand.type, node.type);
        return (file) => {
          const { min, max, ...rest } = operand(file);
          return {
            ...rest,
            min: min === undefined ? undefined : promote(min),
            max: max === undefined ? undefined : promote(max),
          };
        };
      }
      case "and":
      case "or":
      case "not":
      case "isTruth":
      case "isNull":
      case "isColumnNull":
      case "comparison":
      case "in":
      case "like": {
        const outcomes = this.outcomes(node);
        return (file) => boundsOfOutcomes(outcomes(file));
      }
      default:
        return () => UNKNOWN;
    }
  }

  #columnBounds(column: BoundColumn): BoundsOf {
    const path = column.fields.map(this.#physicalNameOf);
    const { type } = column;
    const [name] = path as [string];
    if (this.#isPartition(column)) {
      return ({ partitionValues }) => {
        const scalar = type === "nested" ? undefined : partitionScalar(partitionValues, name, type);
        return scalar === undefined ? UNKNOWN : exactBounds(scalar);
      };
    }
    const traits = {
      coversNan: this.#boundsCoverNan,
      wasFloat: wasFloatField(column.fields.at(-1) as StructField),
    };
    return ({ stats }) => (stats === undefined ? UNKNOWN : boundsIn(stats, path, type, traits));
  }

  /** Partition values are the same for all rows, so what is made of them alone has one outcome. */
  #partitionOutcomes(node: BoundNode): OutcomesOf {
    const evaluate = compileTruth(node, this.#partitionReaders());
    return (file) => {
      try {
        return constantOutcomes(evaluate(file, 0));
      } catch (error) {
        // The value is missing or cannot be read, or the predicate has no value for it: reading rows will tell.
        if (error instanceof DeltaError) return ANY_OUTCOME;
        throw error;
      }
    };
  }

  #partitionReaders(): ColumnReaders<PrunableFile> {
    const reader = ({ fields, type }: BoundColumn): ((file: PrunableFile) => Scalar | null) => {
      const name = this.#physicalNameOf(fields[0] as StructField);
      return ({ partitionValues }) => {
        const scalar = type === "nested" ? undefined : partitionScalar(partitionValues, name, type);
        if (scalar !== undefined) return scalar;
        throw new DeltaError("data_loss", `the partition value of ${name} cannot be read`);
      };
    };
    return {
      valueReader: reader,
      nullReader: (column) => {
        const read = reader(column);
        return (file) => read(file) === null;
      },
    };
  }

  #isPartition({ fields }: BoundColumn): boolean {
    const [first] = fields;
    return (
      fields.length === 1 &&
      first !== undefined &&
      this.#partitionColumns.has(first.name.toLowerCase())
    );
  }

  /** Whether a part reads partition columns and nothing else. */
  #isOfPartitions(node: BoundNode): boolean {
    if (node.kind === "column" || node.kind === "isColumnNull")
      return this.#isPartition(node.column);
    if (node.kind === "literal") return false;
    return childrenOf(node).every(
      (child) => child.kind === "literal" || this.#isOfPartitions(child),
    );
  }
}

function partitionScalar(
  values: PrunableFile["partitionValues"],
  name: string,
  type: ScalarType,
): Scalar | null | undefined {
  if (!Object.hasOwn(values, name)) return undefined;
  const text = values[name];
  if (text === null || text === undefined || text === "") return null;
  return scalarOfPartitionText(text, type);
}

function boundsIn(
  stats: ParsedStatistics,
  path: readonly string[],
  type: ScalarType | "nested",
  { coversNan, wasFloat }: { readonly coversNan: boolean; readonly wasFloat: boolean },
): ValueBounds {
  const { numRecords } = stats;
  const nullCount = valueAt(stats.nullCount, path);
  const isKnown = typeof nullCount === "number";
  const isAllNull = isKnown && numRecords !== undefined && nullCount === numRecords;
  const rest = {
    mayBeNull: !isKnown || nullCount !== 0,
    mayBePresent: !isAllNull,
  };
  if (type === "nested") return { ...UNKNOWN, ...rest };
  const maxValue = valueAt(stats.maxValues, path);
  const min = lowerBound(valueAt(stats.minValues, path), type, wasFloat);
  const max = upperBound(maxValue, type, wasFloat);
  const isFloat = isFractional(type);
  const isContrary = min !== undefined && max !== undefined && comparatorOf(type)(min, max) > 0;
  return {
    ...rest,
    mayBeNan: isFloat && !(coversNan && max !== undefined),
    min: isContrary ? undefined : min,
    max: isContrary ? undefined : max,
  };
}

function nullOutcomes({ mayBeNull, mayBePresent }: ValueBounds): Outcomes {
  return certainOutcomes(mayBeNull, mayBePresent);
}

function constantOutcomes(value: Scalar | null): Outcomes {
  return { mayBeTrue: value === true, mayBeFalse: value === false, mayBeNull: value === null };
}

function boundsOfOutcomes({ mayBeTrue, mayBeFalse, mayBeNull }: Outcomes): ValueBounds {
  return {
    mayBeNull,
    mayBePresent: mayBeTrue || mayBeFalse,
    mayBeNan: false,
    min: !mayBeFalse,
    max: mayBeTrue,
  };
}
