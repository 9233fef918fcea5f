// SPDX-License-Identifier: Apache-2.0
import type { BlockBuilder, Column, StructType } from "@sluice/delta";
import { MAX_COLUMNS } from "@sluice/protocol";
import { viewOf } from "../buffer-view.ts";
import { BytesSink, writeNull } from "../bytes-sink.ts";
import {
  type DecoderPlan,
  type RecordDecoder,
  type RecordFailure,
  requireMatchingBuilder,
  type SetupFailure,
} from "../decoder.ts";
import type { DescriptorModel } from "../descriptor/descriptor-model.ts";
import { type DecodingUnit, generateDecoderSource } from "./generate-decoder.ts";
import { GeneratedRuntime } from "./generated-runtime.ts";
import { InterpretedProtoDecoder } from "./interpreted-decoder.ts";
import { NestedProtoReader } from "./nested-reader.ts";
import { matchFields } from "./match-fields.ts";
import type { ProtoFieldPlan } from "./proto-field.ts";
import { TextRunSink } from "../text-run-sink.ts";

/** Wider tables are interpreted; those that streams write to are not. */
const MAX_GENERATED_COLUMNS = MAX_COLUMNS;
/** Generated decoders kept for streams to come; the one used longest ago goes first. */
const MAX_CACHED_DECODERS = 512;
/** Bound on the fields of these together, whose source takes a few KiB for each. */
const MAX_CACHED_FIELDS = 16_384;

export interface ProtoDecoderOptions {
  /**
   * `auto` generates code where the runtime allows it (`node --disallow-code-generation-from-strings` does not);
   * `interpreted` never does.
   * @default "auto"
   */
  readonly mode?: "auto" | "interpreted";
}

/**
 * Makes the decoder for records of a descriptor that go into a table: see `matchFields` for which pairs are refused,
 * and `InterpretedProtoDecoder` for the rules of decoding. Generated code is cached by the shape of the plan, so
 * streams of the same table and descriptor share it.
 */
export function compileProtoDecoder(
  schema: StructType,
  descriptor: DescriptorModel,
  options: ProtoDecoderOptions = {},
): DecoderPlan | SetupFailure {
  const plan = matchFields(schema, descriptor);
  if ("kind" in plan) return plan;
  const runFactory = options.mode === "interpreted" ? undefined : factoryOf(plan, "run");
  return {
    kind: "plan",
    mode: runFactory === undefined ? "interpreted" : "generated",
    bind(builder: BlockBuilder): RecordDecoder {
      requireMatchingBuilder(schema, builder);
      return runFactory === undefined
        ? new InterpretedProtoDecoder(plan, builder)
        : bindGenerated(runFactory, plan, builder);
    },
  };
}

type Decode = RecordDecoder["decode"];
type DecoderFactory = (
  columns: readonly Column[],
  sinks: readonly (BytesSink | TextRunSink | undefined)[],
  builder: BlockBuilder,
  runtime: GeneratedRuntime,
  viewOfBuffer: typeof viewOf,
  writeNullRow: typeof writeNull,
  nested: NestedProtoReader,
) => Decode;

interface CachedFactory {
  readonly factory: DecoderFactory;
  readonly fieldCount: number;
}

/** By shape, the one used last at the end. */
const factories = new Map<string, CachedFactory>();
let cachedFieldCount = 0;

function factoryOf(plan: ProtoFieldPlan, unit: DecodingUnit): DecoderFactory | undefined {
  if (plan.columns.length > MAX_GENERATED_COLUMNS) return undefined;
  const key = `${unit} ${shapeOf(plan)}`;
  const known = factories.get(key);
  const factory = known?.factory ?? generate(plan, unit);
  if (factory === undefined) return undefined;
  const cached = known ?? { factory, fieldCount: plan.fields.length };
  if (known === undefined) cachedFieldCount += cached.fieldCount;
  else factories.delete(key);
  factories.set(key, cached);
  forgetOldest();
  return factory;
}

function allowedFactoryOf(plan: ProtoFieldPlan, unit: DecodingUnit): DecoderFactory {
  const factory = factoryOf(plan, unit);
  if (factory === undefined) throw new TypeError("code could be generated before, and cannot now");
  return factory;
}

function forgetOldest(): void {
  for (const [key, { fieldCount }] of factories) {
    if (factories.size <= MAX_CACHED_DECODERS && cachedFieldCount <= MAX_CACHED_FIELDS) return;
    factories.delete(key);
    cachedFieldCount -= fieldCount;
  }
}

function generate(plan: ProtoFieldPlan, unit: DecodingUnit): DecoderFactory | undefined {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- the source holds fixed text and integers only
    return new Function(
      "columns",
      "sinks",
      "builder",
      "runtime",
      "viewOf",
      "writeNull",
      "nested",
      generateDecoderSource(plan, unit),
    ) as DecoderFactory;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

/** Everything that the generated source depends on. Names are not part of it. */
function shapeOf(plan: ProtoFieldPlan): string {
  const fields = plan.fields.map(
    ({ tag, otherTag, nestedIndex, operation, columnIndex, columnKind, limits, oneof }) =>
      `${tag}:${otherTag}:${nestedIndex}:${operation}:${columnIndex}:${columnKind}:${limits.integerBits}:${limits.maxCharacters}:${limits.calendar}:${oneof}`,
  );
  const columns = plan.columns
    .map((column) => `${column.nullable ? "1" : "0"}${column.isNested ? "n" : ""}`)
    .join("");
  return `${columns} ${fields.join(",")}`;
}

/** The decoder by the record is generated when it is needed: to most streams it never is, and wide tables take long. */
function bindGenerated(
  runFactory: DecoderFactory,
  plan: ProtoFieldPlan,
  builder: BlockBuilder,
): RecordDecoder {
  const runtime = new GeneratedRuntime(plan);
  const nested = new NestedProtoReader(plan, builder);
  const { columns } = builder;
  const sinks = columns.map((column) =>
    column.kind === "bytes" ? new BytesSink(column) : undefined,
  );
  const texts = textRunSinks(plan, columns);
  const runSinks = sinks.map((sink, index) => texts.get(index) ?? sink);
  const runSinkList = [...texts.values()];
  const bindTo = (factory: DecoderFactory, sinksOfUnit: typeof runSinks): Decode =>
    factory(columns, sinksOfUnit, builder, runtime, viewOf, writeNull, nested);
  let decodeRecord: Decode | undefined;
  return {
    decode(buffer: Uint8Array, start: number, end: number): boolean {
      decodeRecord ??= bindTo(allowedFactoryOf(plan, "record"), sinks);
      return decodeRecord(buffer, start, end);
    },
    get failure(): RecordFailure | undefined {
      return runtime.failure;
    },
    run: {
      decode: bindTo(runFactory, runSinks),
      finish(firstRow: number): boolean {
        const { rowCount } = builder;
        return runSinkList.every((sink) => sink.finish(firstRow, rowCount));
      },
    },
  };
}

/** By column, for the columns that fields of text fill. */
function textRunSinks(
  plan: ProtoFieldPlan,
  columns: readonly Column[],
): ReadonlyMap<number, TextRunSink> {
  const sinks = new Map<number, TextRunSink>();
  for (const { operation, columnIndex } of plan.fields) {
    const column = columns[columnIndex];
    if (operation !== "string" || column?.kind !== "bytes") continue;
    sinks.set(columnIndex, new TextRunSink(column));
  }
  return sinks;
}
