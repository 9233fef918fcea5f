// SPDX-License-Identifier: Apache-2.0
import { type BlockBuilder, columnSpecsOf, type StructType } from "@sluice/delta";

/**
 * Why a record was refused:
 * - `malformed`: not a protobuf message, or not the text of a JSON object.
 * - `truncated`: the bytes end inside of a value.
 * - `unknown_field`: a JSON key that no column has.
 * - `missing_required`: a NOT NULL column without a value.
 * - `wrong_type`: a value that the column's type does not take.
 * - `out_of_range`: a number that the column's type cannot hold.
 * - `invalid_utf8`: text that is not UTF-8.
 * - `duplicate_field`: a JSON key that occurs twice.
 */
export type FailureReason =
  | "malformed"
  | "truncated"
  | "unknown_field"
  | "missing_required"
  | "wrong_type"
  | "out_of_range"
  | "invalid_utf8"
  | "duplicate_field";

/** What is wrong with one record. */
export interface RecordFailure {
  /** The column or JSON key concerned; `undefined` where the fault belongs to none. */
  readonly field: string | undefined;
  readonly reason: FailureReason;
  /** One sentence that names the field, the value (shortened) and what was expected. */
  readonly message: string;
  /** Where in the record the fault was noticed, in bytes from its start. */
  readonly byteOffset: number;
}

/** Decodes records into the rows of one builder. Not reentrant; the record's bytes are not kept. */
export interface RecordDecoder {
  /**
   * Decodes the record in `buffer[start, end)`.
   * @returns true when it has become row `rowCount` of the builder and `rowCount` has gone up by one; false when it
   * was refused, which leaves the builder's rows as they were: see {@link RecordDecoder.failure}.
   */
  decode(buffer: Uint8Array, start: number, end: number): boolean;
  /** Why the record decoded last was refused; meaningful only after `decode` returned false. */
  readonly failure: RecordFailure | undefined;
  /** A cheaper way for many records that are accepted or taken back together; not every decoder has one. */
  readonly run?: RunDecoder;
}

/**
 * Decodes runs of records. A run is over before any other decoder writes to the builder, and before its rows are used:
 * either all of its rows are finished, or they are taken back.
 */
export interface RunDecoder {
  /**
   * As {@link RecordDecoder.decode}, but text is not checked before {@link RunDecoder.finish}, and there is no word on why a
   * record was refused: `RecordDecoder.decode` refuses it as well, and says why.
   */
  decode(buffer: Uint8Array, start: number, end: number): boolean;
  /**
   * Completes the rows of the run, which began with row `firstRow`.
   * @returns false when one of them holds text that is not UTF-8: the rows must be taken back, and
   * `RecordDecoder.decode` then tells which record it is.
   */
  finish(firstRow: number): boolean;
}

/** A decoder for one table schema and one record format, to be bound to any number of builders of that schema. */
export interface DecoderPlan {
  readonly kind: "plan";
  /** `generated`: code compiled for the schema; `interpreted`: one decoder for all schemas, steered by a table. */
  readonly mode: "generated" | "interpreted";
  /** @throws TypeError when the builder's columns are not those of the schema. */
  bind(builder: BlockBuilder): RecordDecoder;
}

export interface SetupProblem {
  /** The column or descriptor field concerned; `undefined` where the problem belongs to none. */
  readonly field: string | undefined;
  readonly reason:
    | "malformed_descriptor"
    | "field_not_in_table"
    | "missing_required_column"
    | "type_incompatible"
    | "unsupported_type";
  readonly message: string;
}

/** Why a stream cannot be created for this table and descriptor. */
export interface SetupFailure {
  readonly kind: "setupFailure";
  /** At least one; those beyond {@link MAX_PROBLEMS} may be missing. */
  readonly problems: readonly SetupProblem[];
  /** All the problems in one line; long lists are cut. */
  readonly message: string;
}

const MAX_PROBLEMS_IN_MESSAGE = 8;
/** Problems after which a check ends: a wide table and a descriptor that is not for it have millions. */
export const MAX_PROBLEMS = 100;

export function setupFailure(problems: readonly SetupProblem[]): SetupFailure {
  const shown = problems.slice(0, MAX_PROBLEMS_IN_MESSAGE).map((problem) => problem.message);
  const hiddenCount = problems.length - shown.length;
  if (hiddenCount > 0) shown.push(`and ${hiddenCount} more`);
  return { kind: "setupFailure", problems, message: shown.join("; ") };
}

/** @throws TypeError when the builder was not made for this schema. */
export function requireMatchingBuilder(schema: StructType, builder: BlockBuilder): void {
  const specs = columnSpecsOf(schema);
  const matches =
    specs.length === builder.columns.length &&
    specs.every((spec, index) => {
      const column = builder.columns[index];
      return column?.kind === spec.kind && column.nullable === spec.nullable;
    });
  if (!matches) throw new TypeError("the builder's columns are not the columns of the schema");
}
