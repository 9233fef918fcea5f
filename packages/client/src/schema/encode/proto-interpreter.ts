// SPDX-License-Identifier: Apache-2.0
import type { MessageModel } from "../descriptor/message-model.ts";
import { within } from "./field-error.ts";
import { fieldWriterOf, type MessageWriter, type MessageWriters } from "./proto-fields.ts";
import { isInheritedName, missing, ownProperty, unknownKey } from "./record-parts.ts";

/** Writes a message field by field from a list: for where code may not be generated. */
export function interpretedMessageWriter(
  message: MessageModel,
  writers: MessageWriters,
  refusesUnknownKeys: boolean,
): MessageWriter {
  const fields = message.fields.map((field) => ({
    key: field.key,
    isInherited: message.ownKeysOnly === true || isInheritedName(field.key),
    isRequired: field.label === "required",
    write: fieldWriterOf(field, writers),
  }));
  const known = knownKeysOf(message);
  return (sink, record) => {
    let key = "";
    try {
      for (const field of fields) {
        key = field.key;
        const value = field.isInherited ? ownProperty(record, key) : record[key];
        if (value !== undefined && value !== null) field.write(sink, value);
        else if (field.isRequired) missing(value);
      }
      if (!refusesUnknownKeys) return;
      for (key in record) {
        if (!known.has(key)) unknownKey(record, key);
      }
    } catch (error) {
      throw within(error, key);
    }
  };
}

/** The properties that a record of this message may have. */
export function knownKeysOf(message: MessageModel): ReadonlySet<string> {
  return new Set([...message.fields.map(({ key }) => key), ...(message.ignoredKeys ?? [])]);
}
