// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../core/zerobus-error.ts";
import { type DescriptorSource, loadDescriptorProto } from "../load-descriptor-proto.ts";
import type { MessageModel } from "./descriptor/message-model.ts";
import { encodeDescriptor } from "./descriptor/encode-descriptor.ts";
import { messageOfSchema } from "./descriptor/message-of-schema.ts";
import { messageOfProtobufEs, type ProtobufEsMessage } from "./descriptor/protobuf-es.ts";
import { messageOfProtobufJs, type ProtobufJsType } from "./descriptor/protobufjs.ts";
import { messageOfDescriptor, messageOfDescriptorSet } from "./descriptor/read-descriptor.ts";
import { jsonEncoderOf } from "./encode/json-encoder.ts";
import { protoEncoderOf } from "./encode/proto-encoder.ts";
import type { EncoderOptions, SchemaEncoder } from "./encode/record-encoder.ts";
import type { TableSchema } from "./table-schema.ts";

/** A message of a serialized `FileDescriptorSet`. */
export interface DescriptorSetSource {
  readonly fileDescriptorSet: Uint8Array;
  /** With its package, or without where it is the only one of that name. */
  readonly messageName: string;
}

/** A serialized `google.protobuf.DescriptorProto`, or base64 of it, as `TableProperties.descriptorProto` is. */
export interface DescriptorProtoSource {
  readonly descriptorProto: Uint8Array | string;
}

/**
 * Where the shape of protobuf records comes from: the table's schema, a compiled `.proto` file in memory or on disk, or
 * the message type of a library (`@bufbuild/protobuf` or `protobufjs`; neither is needed otherwise).
 */
export type RecordSource =
  | TableSchema
  | DescriptorSetSource
  | DescriptorProtoSource
  | DescriptorSource
  | ProtobufEsMessage
  | ProtobufJsType;

/**
 * The descriptor of a table's records, to open protobuf streams with; see docs/types.md for the mapping.
 * @returns a serialized `google.protobuf.DescriptorProto`
 * @throws ZerobusError `unimplemented` naming a column that protobuf has no form for
 */
export function descriptorOfSchema(schema: TableSchema): Uint8Array {
  return encodeDescriptor(messageOfSchema(schema));
}

/**
 * Compiles an encoder of plain objects to protobuf records. Its code is made for the schema, or interpreted where the
 * process may not generate code. docs/types.md says which values each type takes.
 * @throws ZerobusError `unimplemented` or `invalid_argument` for a source that is none
 */
export function compileProtoEncoder<Item = Readonly<Record<string, unknown>>>(
  source: RecordSource,
  options: EncoderOptions = {},
): SchemaEncoder<Item> {
  return protoEncoderOf<Item>(messageOfSource(source), options);
}

/**
 * Compiles an encoder of plain objects to JSON records. With a schema it checks and converts as the protobuf encoder
 * does; without, it refuses what JSON would lose: NaN, infinities, bigints, Dates, Maps, Sets, bytes.
 */
export function compileJsonEncoder<Item = Readonly<Record<string, unknown>>>(
  schema?: TableSchema,
  options: EncoderOptions = {},
): SchemaEncoder<Item> {
  return jsonEncoderOf<Item>(schema, options);
}

/** @throws ZerobusError `invalid_argument` */
export function messageOfSource(source: RecordSource): MessageModel {
  if ("columns" in source) return messageOfSchema(source);
  if ("fileDescriptorSet" in source) {
    return messageOfDescriptorSet(source.fileDescriptorSet, source.messageName);
  }
  if ("descriptorProto" in source) return messageOfDescriptor(bytesOf(source.descriptorProto));
  if ("descriptorPath" in source) return messageOfDescriptor(bytesOf(loadDescriptorProto(source)));
  if ("kind" in source && source.kind === "message") return messageOfProtobufEs(source);
  if ("fieldsArray" in source) return messageOfProtobufJs(source);
  throw new ZerobusError(
    "invalid_argument",
    "The shape of records must be a table's schema, a FileDescriptorSet with a messageName, a DescriptorProto, or a message type of @bufbuild/protobuf or protobufjs",
  );
}

function bytesOf(descriptor: Uint8Array | string): Uint8Array {
  return typeof descriptor === "string" ? Buffer.from(descriptor, "base64") : descriptor;
}
