// SPDX-License-Identifier: Apache-2.0
import { quoted } from "../column-labels.ts";
import type { FailureReason, RecordFailure } from "../decoder.ts";
import { MAX_VARIANT_DEPTH } from "../variant/variant-encoder.ts";
import { MAX_ENTRIES_PER_RECORD, type ShredFault } from "./row-shredder.ts";

const REASONS: Readonly<Record<ShredFault["kind"], FailureReason>> = {
  missing: "missing_required",
  tooManyEntries: "out_of_range",
  notVariant: "wrong_type",
};

const CLAUSES: Readonly<Record<ShredFault["kind"], string>> = {
  missing: "is missing or null, and it is NOT NULL",
  tooManyEntries: `makes more than ${MAX_ENTRIES_PER_RECORD} values of one record; split the record`,
  notVariant: `is not a string with JSON text that a variant can hold: numbers in the range of a double, no key twice in an object, at most ${MAX_VARIANT_DEPTH} levels`,
};

/** Describes a record whose values were read but cannot be written. */
export function shredFailure(fault: ShredFault, byteOffset: number): RecordFailure {
  const { path, sqlName } = fault.label;
  return {
    field: path,
    reason: REASONS[fault.kind],
    message: `field ${quoted(path)} (${sqlName}) ${CLAUSES[fault.kind]}`,
    byteOffset,
  };
}
