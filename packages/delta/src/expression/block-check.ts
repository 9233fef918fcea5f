// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import { LENGTH_PREFIX_BYTES } from "../columns/bytes-column.ts";
import type { StructType } from "../schema/types.ts";
import { blockReaders, type ColumnRows, placeOf } from "./block-readers.ts";
import { type BoundNode, type BoundPredicate, mayFail } from "./bound-expression.ts";
import { CHECK_RUNTIME, type CheckRuntime } from "./check-runtime.ts";
import { compileTruth, type TruthEvaluator } from "./evaluate.ts";
import { CheckGenerator } from "./generate-check.ts";

/**
 * Gives the first row from `firstRow` (0) up to `rowEnd` (all there are) for which the predicate is not true, or -1.
 * NULL is not true, nor is a row for which the predicate has no value.
 */
export type BlockCheck = (rows: ColumnRows, firstRow?: number, rowEnd?: number) => number;

export interface BlockCheckOptions {
  /**
   * The columns of the blocks.
   * @default those that the predicate was bound to
   */
  readonly schema?: StructType;
  /**
   * `auto` generates code where the runtime allows it (`node --disallow-code-generation-from-strings` does not);
   * `interpreted` never does.
   * @default "auto"
   */
  readonly mode?: "auto" | "interpreted";
}

/**
 * Compiles a predicate for rows in columns: sealed blocks, and builders whose last rows are to be checked.
 * @throws DeltaError `unsupported` where it reads a nested column, `invalid_argument` where it reads one that the
 *   blocks do not have.
 */
export function compileBlockCheck(
  predicate: BoundPredicate,
  options: BlockCheckOptions = {},
): BlockCheck {
  const schema = options.schema ?? predicate.schema;
  for (const column of predicate.columns) placeOf(column, schema);
  const generated =
    options.mode === "interpreted" ? undefined : generatedCheck(predicate.root, schema);
  return generated ?? interpretedCheck(predicate.root, schema);
}

type CheckFunction = (rows: ColumnRows, firstRow: number, rowEnd: number) => number;

function interpretedCheck(root: BoundNode, schema: StructType): BlockCheck {
  const evaluate = leafOf(root, schema);
  return (rows, firstRow = 0, rowEnd = rows.rowCount) => {
    for (let row = firstRow; row < rowEnd; row++) {
      if (evaluate(rows, row) !== true) return row;
    }
    return -1;
  };
}

/** A row that evaluation fails for is not true. */
function leafOf(node: BoundNode, schema: StructType): TruthEvaluator<ColumnRows> {
  const evaluate = compileTruth(node, blockReaders(schema));
  if (!mayFail(node)) return evaluate;
  return (rows, row) => {
    try {
      return evaluate(rows, row);
    } catch (error) {
      if (error instanceof DeltaError && error.code === "invalid_argument") return null;
      throw error;
    }
  };
}

function generatedCheck(root: BoundNode, schema: StructType): BlockCheck | undefined {
  const generator = new CheckGenerator(schema);
  // A row must pass all parts of an AND, whether one that fails comes first or last. Below that, the order counts.
  const parts = root.kind === "and" ? root.operands : [root];
  const condition = parts
    .map((part) => (mayFail(part) ? generator.leaf(part, true) : generator.condition(part, true)))
    .join(" && ");
  const source = sourceOf(condition, generator);
  let make: (
    constants: readonly unknown[],
    leaves: readonly TruthEvaluator<ColumnRows>[],
    runtime: CheckRuntime,
  ) => CheckFunction;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- the source holds fixed text and integers only
    make = new Function("constants", "leaves", "runtime", source) as typeof make;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
  const leaves = generator.leaves.map((leaf) => leafOf(leaf, schema));
  const check = make(generator.constants, leaves, CHECK_RUNTIME);
  return (rows, firstRow = 0, rowEnd = rows.rowCount) => check(rows, firstRow, rowEnd);
}

function sourceOf(condition: string, { constants, slots }: CheckGenerator): string {
  const before: string[] = [];
  const each: string[] = [];
  const after: string[] = [];
  for (const { slot, index, kind } of slots) {
    before.push(`const c${slot} = rows.columns[${index}], n${slot} = c${slot}.validity;`);
    each.push(`const p${slot} = n${slot} === null || n${slot}[row] === 1;`);
    if (kind === "bytes") {
      before.push(
        `const d${slot} = c${slot}.data, ends${slot} = c${slot}.ends;
let start${slot} = firstRow === 0 ? 0 : ends${slot}[firstRow - 1];`,
      );
      each.push(
        `const s${slot} = start${slot} + ${LENGTH_PREFIX_BYTES}, e${slot} = ends${slot}[row];`,
      );
      after.push(`start${slot} = e${slot};`);
    } else {
      before.push(`const v${slot} = c${slot}.values;`);
      each.push(valueSource(slot, kind));
    }
  }
  return `"use strict";
const { ${Object.keys(CHECK_RUNTIME).join(", ")} } = runtime;
${constants.map((_, index) => `const k${index} = constants[${index}];`).join("\n")}
return function check(rows, firstRow, rowEnd) {
${before.join("\n")}
for (let row = firstRow; row < rowEnd; row++) {
${each.join("\n")}
if (!(${condition})) return row;
${after.join("\n")}
}
return -1;
};`;
}

function valueSource(slot: number, kind: string): string {
  switch (kind) {
    case "int64":
      return `const x${slot} = v${slot}[2 * row], y${slot} = v${slot}[2 * row + 1];`;
    case "int128":
      return `const x${slot} = v${slot}[4 * row], y${slot} = v${slot}[4 * row + 1], z${slot} = v${slot}[4 * row + 2], w${slot} = v${slot}[4 * row + 3];`;
    default:
      return `const x${slot} = v${slot}[row];`;
  }
}
