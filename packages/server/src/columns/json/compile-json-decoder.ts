// SPDX-License-Identifier: Apache-2.0
import type { BlockBuilder, StructType } from "@sluice/delta";
import {
  type DecoderPlan,
  type RecordDecoder,
  requireMatchingBuilder,
  type SetupFailure,
  type SetupProblem,
  setupFailure,
} from "../decoder.ts";
import type { DefaultFills } from "../default-values.ts";
import { unsupportedColumn } from "../setup-problems.ts";
import { ColumnKeys } from "./column-keys.ts";
import { type JsonColumn, jsonColumnOf, type JsonOptions } from "./json-column.ts";
import { type NestedJsonColumn, nestedJsonColumnOf } from "./json-node.ts";
import { JsonDecoder } from "./json-decoder.ts";

/** Plans kept by schema object: streams of one table share its key table. */
const plans = new WeakMap<StructType, DecoderPlan>();
const isoPlans = new WeakMap<StructType, DecoderPlan>();

const NO_DEFAULTS: DefaultFills = new Map();

/**
 * Makes the decoder for JSON records that go into a table: see `JsonDecoder` for the rules. Refused only for a table
 * that has a column of a type that cannot be written yet. No code is generated: scanning text, not choosing what to
 * do with it, is what takes the time.
 * @param defaults the same for each call with one schema object.
 */
export function compileJsonDecoder(
  schema: StructType,
  options: JsonOptions = { acceptIsoTexts: false },
  defaults: DefaultFills = NO_DEFAULTS,
): DecoderPlan | SetupFailure {
  const cache = options.acceptIsoTexts ? isoPlans : plans;
  const known = cache.get(schema);
  if (known !== undefined) return known;
  const columns: JsonColumn[] = [];
  const problems: SetupProblem[] = [];
  const nested: NestedJsonColumn[] = [];
  for (const [columnIndex, field] of schema.fields.entries()) {
    const column = jsonColumnOf(field, options);
    if (column !== undefined) {
      columns.push(column);
      continue;
    }
    const plan = nestedJsonColumnOf(field, columnIndex, options);
    if (plan === undefined) problems.push(unsupportedColumn(field));
    else columns.push({ ...plan.root.label, nestedIndex: nested.push(plan) - 1 });
  }
  if (problems.length > 0) return setupFailure(problems);
  const keys = new ColumnKeys(columns.map((column) => column.name));
  const plan: DecoderPlan = {
    kind: "plan",
    mode: "interpreted",
    bind(builder: BlockBuilder): RecordDecoder {
      requireMatchingBuilder(schema, builder);
      return new JsonDecoder(columns, nested, keys, builder, defaults);
    },
  };
  cache.set(schema, plan);
  return plan;
}
