// SPDX-License-Identifier: Apache-2.0
import protobuf from "protobufjs";
import descriptorExtension from "protobufjs/ext/descriptor.js";

/** A message type with its serialized `DescriptorProto`, as protobufjs describes it. */
export interface ProtoType {
  readonly descriptor: Buffer;
  encode(record: Readonly<Record<string, unknown>>): Buffer;
}

interface DescribedType {
  toDescriptor(edition: string): protobuf.Message;
}

/** Parses one message of proto2 source, such as `message R { optional int64 id = 1; }`. */
export function protoType(source: string, name = "R"): ProtoType {
  const type = protobuf.parse(`syntax = "proto2"; ${source}`).root.lookupType(name);
  const message = (type as unknown as DescribedType).toDescriptor("proto2");
  const described = descriptorExtension.DescriptorProto.encode(message).finish();
  return {
    descriptor: Buffer.from(described),
    encode: (record) => Buffer.from(type.encode(record).finish()),
  };
}
