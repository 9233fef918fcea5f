// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { childMessages, textField } from "./core/protobuf-fields.ts";
import { ZerobusError } from "./core/zerobus-error.ts";

export interface DescriptorSource {
  /** A serialized `FileDescriptorSet`, as `protoc --descriptor_set_out` writes it. */
  readonly descriptorPath: string;
  /** The `.proto` file as the set names it; its last path component is enough. */
  readonly protoFileName: string;
  /** The message, perhaps with its package; `Outer.Inner` for a nested one. */
  readonly messageName: string;
}

// Field numbers of google/protobuf/descriptor.proto.
const SET_FILE = 1;
const FILE_NAME = 1;
const FILE_PACKAGE = 2;
const FILE_MESSAGE = 4;
const MESSAGE_NAME = 1;
const MESSAGE_NESTED = 3;

/**
 * Finds the descriptor of a message in a compiled file, for `TableProperties.descriptorProto`.
 * @returns base64 of the serialized `DescriptorProto`
 * @throws ZerobusError `invalid_argument` when there is no such file or message
 */
export function loadDescriptorProto(source: DescriptorSource): string {
  const { descriptorPath, protoFileName, messageName } = source;
  const files = childMessages(readDescriptorSet(descriptorPath), SET_FILE);
  const names = files.map((file) => textField(file, FILE_NAME));
  let index = names.indexOf(protoFileName);
  if (index < 0) index = names.findIndex((name) => name.endsWith(`/${protoFileName}`));
  const file = files[index];
  if (file === undefined) {
    throw notFound("Proto file", protoFileName, descriptorPath, names);
  }
  const packagePrefix = `${textField(file, FILE_PACKAGE)}.`;
  const relativeName = messageName.startsWith(packagePrefix)
    ? messageName.slice(packagePrefix.length)
    : messageName;
  let scope = childMessages(file, FILE_MESSAGE);
  let found: Uint8Array | undefined;
  for (const part of relativeName.split(".")) {
    found = scope.find((message) => textField(message, MESSAGE_NAME) === part);
    if (found === undefined) {
      const known = scope.map((message) => textField(message, MESSAGE_NAME));
      throw notFound("Message", messageName, protoFileName, known);
    }
    scope = childMessages(found, MESSAGE_NESTED);
  }
  return Buffer.from(found as Uint8Array).toString("base64");
}

function readDescriptorSet(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ZerobusError("invalid_argument", `Cannot read the descriptor file ${path}`, {
      cause,
    });
  }
}

function notFound(
  kind: string,
  name: string,
  place: string,
  known: readonly string[],
): ZerobusError {
  return new ZerobusError(
    "invalid_argument",
    `${kind} '${name}' not found in ${place}. Available: ${known.join(", ") || "none"}`,
  );
}
