// SPDX-License-Identifier: Apache-2.0
import type { BlockBuilder, Column, StructType } from "@sluice/delta";
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

/**
 * More fields than this are interpreted: the engine does not optimise a function of the size that would be generated.
 */
const MAX_GENERATED_FIELDS = 256;
/** Generated decoders kept for streams to come; the one used longest ago goes first. */
const MAX_CACHED_DECODERS = 512;

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
  const isGenerated = options.mode !== "interpreted";
  const factory = isGenerated ? factoryOf(plan, "record") : undefined;
  const runFactory = isGenerated ? factoryOf(plan, "run") : undefined;
  return {
    kind: "plan",
    mode: factory === undefined ? "interpreted" : "generated",
    bind(builder: BlockBuilder): RecordDecoder {
      requireMatchingBuilder(schema, builder);
      return factory === undefined || runFactory === undefined
        ? new InterpretedProtoDecoder(plan, builder)
        : bindGenerated(factory, runFactory, plan, builder);
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

const factories = new Map<string, DecoderFactory>();

function factoryOf(plan: ProtoFieldPlan, unit: DecodingUnit): DecoderFactory | undefined {
  if (plan.fields.length > MAX_GENERATED_FIELDS) return undefined;
  const key = `${unit} ${shapeOf(plan)}`;
  const factory = factories.get(key) ?? generate(plan, unit);
  if (factory === undefined) return undefined;
  factories.delete(key);
  factories.set(key, factory);
  if (factories.size > MAX_CACHED_DECODERS) {
    for (const oldest of factories.keys()) {
      factories.delete(oldest);
      break;
    }
  }
  return factory;
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

function bindGenerated(
  factory: DecoderFactory,
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
  return {
    decode: factory(columns, sinks, builder, runtime, viewOf, writeNull, nested),
    get failure(): RecordFailure | undefined {
      return runtime.failure;
    },
    run: {
      decode: runFactory(columns, runSinks, builder, runtime, viewOf, writeNull, nested),
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
