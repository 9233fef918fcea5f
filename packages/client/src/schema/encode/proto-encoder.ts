// SPDX-License-Identifier: Apache-2.0
import { encodeDescriptor } from "../descriptor/encode-descriptor.ts";
import type { MessageModel } from "../descriptor/message-model.ts";
import { ByteSink } from "./byte-sink.ts";
import { recordError } from "./field-error.ts";
import { canGenerateCode, generatedMessageWriter } from "./proto-compiler.ts";
import type { MessageWriter } from "./proto-fields.ts";
import { interpretedMessageWriter } from "./proto-interpreter.ts";
import type { EncoderOptions, SchemaEncoder } from "./record-encoder.ts";
import { objectOf } from "./record-parts.ts";

/** How the writers of messages are made. */
export type WriterKind = "generated" | "interpreted";

/** Compiles the encoder of a message. Without leave to generate code it is interpreted, with the same results. */
export function protoEncoderOf<Item>(
  root: MessageModel,
  options: EncoderOptions = {},
  kind: WriterKind = canGenerateCode() ? "generated" : "interpreted",
): SchemaEncoder<Item> {
  const refusesUnknownKeys = options.unknownKeys !== "ignore";
  const makeWriter = kind === "generated" ? generatedMessageWriter : interpretedMessageWriter;
  const known = new Map<MessageModel, { write: MessageWriter }>();
  const writerOf = (message: MessageModel): { readonly write: MessageWriter } => {
    const found = known.get(message);
    if (found !== undefined) return found;
    const writer: { write: MessageWriter } = { write: () => undefined };
    known.set(message, writer);
    writer.write = makeWriter(message, writerOf, refusesUnknownKeys);
    return writer;
  };
  const { write } = writerOf(root);
  const sink = new ByteSink();
  return {
    format: "proto",
    descriptor: encodeDescriptor(root),
    encode(record) {
      sink.reset();
      try {
        write(sink, objectOf(record));
      } catch (error) {
        throw recordError(error);
      }
      return sink.bytes.subarray(0, sink.at);
    },
  };
}
