// SPDX-License-Identifier: Apache-2.0
import { childMessages, integerField, textField } from "../../core/protobuf-fields.ts";

// Field numbers of google/protobuf/descriptor.proto.
const MESSAGE_FIELD = 2;
const FIELD = { name: 1, number: 3 } as const;

/** A record as it was encoded. */
export interface EncodedRecordBytes {
  readonly record: Uint8Array;
  readonly format: "proto" | "json";
  /** The serialized `DescriptorProto` of a protobuf record. */
  readonly descriptor?: Uint8Array;
}

/** The id that an encoded record has in a column of type STRING; `undefined` where it has none or cannot be read. */
export function recordIdOf(encoded: EncodedRecordBytes, column: string): string | undefined {
  try {
    const id = encoded.format === "json" ? idInJson(encoded, column) : idInProto(encoded, column);
    return typeof id === "string" && id !== "" ? id : undefined;
  } catch {
    return undefined;
  }
}

function idInJson({ record }: EncodedRecordBytes, column: string): unknown {
  const values: unknown = JSON.parse(Buffer.from(record).toString());
  if (typeof values !== "object" || values === null || !Object.hasOwn(values, column)) return;
  return (values as Record<string, unknown>)[column];
}

function idInProto({ record, descriptor }: EncodedRecordBytes, column: string): unknown {
  if (descriptor === undefined) return;
  const field = childMessages(descriptor, MESSAGE_FIELD).find(
    (candidate) => textField(candidate, FIELD.name) === column,
  );
  const number = field === undefined ? undefined : integerField(field, FIELD.number);
  return number === undefined ? undefined : textField(record, number);
}
