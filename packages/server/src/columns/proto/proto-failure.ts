// SPDX-License-Identifier: Apache-2.0
import { quoted } from "../column-labels.ts";
import type { FailureReason, RecordFailure } from "../decoder.ts";
import type { ProtoColumn } from "./proto-field.ts";

/** The ways in which a protobuf record can be refused: the descriptor rules out the rest. */
export type ProtoFault =
  | "malformed"
  | "truncated"
  | "invalid_utf8"
  | "missing_required"
  | "wrong_type"
  | "wrong_wire_type"
  | "out_of_range"
  | "too_large";

/**
 * Describes a refused protobuf record.
 * @param byteOffset where the tag of the faulty field stands; the record's length for a missing field
 */
export function protoFailure(
  fault: ProtoFault,
  column: ProtoColumn | undefined,
  byteOffset: number,
): RecordFailure {
  return {
    field: column?.name,
    reason: reasonOf(fault),
    message: messageOf(fault, column, byteOffset),
    byteOffset,
  };
}

function reasonOf(fault: ProtoFault): FailureReason {
  if (fault === "too_large") return "out_of_range";
  return fault === "wrong_wire_type" ? "wrong_type" : fault;
}

function messageOf(fault: ProtoFault, column: ProtoColumn | undefined, byteOffset: number): string {
  const subject =
    column === undefined
      ? `the record at byte ${byteOffset}`
      : `field ${quoted(column.name)} (${column.sqlName}) at byte ${byteOffset}`;
  switch (fault) {
    case "malformed":
      return column === undefined
        ? `${subject} is not a protobuf field of a supported wire type`
        : `${subject} is not a valid protobuf value: a varint has more than ten bytes`;
    case "truncated":
      return `${subject} ends inside of a value`;
    case "invalid_utf8":
      return `${subject} is not valid UTF-8`;
    case "wrong_type":
      return `${subject} is not ${column?.expectation ?? "a value"}`;
    case "wrong_wire_type":
      return `${subject} has another wire type than its type in the descriptor; encode records with the descriptor that the stream was created with`;
    case "out_of_range":
      return `${subject} is out of range for ${column?.expectation ?? "its type"}`;
    case "too_large":
      return `${subject} has more elements than one record can hold; split the record`;
    case "missing_required":
      return `${column === undefined ? "a field" : `field ${quoted(column.name)} (${column.sqlName})`} is missing, and its column is NOT NULL; protobuf omits a proto3 field that has its default value unless it is declared optional`;
  }
}
