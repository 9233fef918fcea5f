// SPDX-License-Identifier: Apache-2.0
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { RecordFormat } from "@sluice/protocol";

/**
 * What the server puts into the log. Numbers are little-endian.
 *
 *     entry      := schema | definition | frames
 *     schema     := 3:u8 schemaId:u32 deflated:byte*
 *     definition := 1:u8 definitionId:u32 schemaId:u32 format:u8 nameLength:u16 tableName:byte{nameLength}
 *                   idLength:u16 tableId:byte{idLength} descriptor:byte*
 *     frames     := 2:u8 definitionId:u32 grpcFrame+
 *
 * A definition says how the frames that name it are to be read: which table, which encoding, which descriptor, and the
 * schema that the table had. It holds within its segment and comes before its first use there, so that each segment can
 * be read without those before it; so does a schema, which is the table's `schemaString`, deflated. `frames` are gRPC
 * messages exactly as they came from the client, each of them validated, none cut.
 */
const KIND_DEFINITION = 1;
const KIND_FRAMES = 2;
const KIND_SCHEMA = 3;
const SCHEMA_HEADER_BYTES = 5;
const DEFINITION_HEADER_BYTES = 12;
/** Text that a schema entry may hold once inflated. */
const MAX_SCHEMA_TEXT_BYTES = 64 * 1024 * 1024;
const FORMAT_CODES: Readonly<Record<RecordFormat, number>> = { proto: 1, json: 2, avro: 4 };
const FORMATS: Readonly<Record<number, RecordFormat>> = { 1: "proto", 2: "json", 4: "avro" };

/** Bytes in front of the frames in a `frames` entry. */
export const FRAMES_HEADER_BYTES = 5;

export interface SchemaEntry {
  readonly kind: "schema";
  readonly schemaId: number;
  readonly schemaString: string;
}

export interface DefinitionEntry {
  readonly kind: "definition";
  readonly definitionId: number;
  /** The schema that the records were validated against. */
  readonly schemaId: number;
  readonly format: RecordFormat;
  readonly tableName: string;
  /** `metaData.id` of the Delta table: a table created anew under the same name is another table. */
  readonly tableId: string;
  /** Serialized `DescriptorProto`; empty for JSON. */
  readonly descriptor: Uint8Array;
}

export interface FramesEntry {
  readonly kind: "frames";
  readonly definitionId: number;
  /** Views into the entry. */
  readonly frames: Uint8Array;
}

export function encodeSchema({ schemaId, schemaString }: Omit<SchemaEntry, "kind">): Uint8Array {
  const header = Buffer.alloc(SCHEMA_HEADER_BYTES);
  header.writeUInt8(KIND_SCHEMA, 0);
  header.writeUInt32LE(schemaId, 1);
  return Buffer.concat([header, deflateRawSync(schemaString)]);
}

export function encodeDefinition(definition: Omit<DefinitionEntry, "kind">): Uint8Array {
  const name = Buffer.from(definition.tableName);
  const id = Buffer.from(definition.tableId);
  const header = Buffer.alloc(DEFINITION_HEADER_BYTES);
  header.writeUInt8(KIND_DEFINITION, 0);
  header.writeUInt32LE(definition.definitionId, 1);
  header.writeUInt32LE(definition.schemaId, 5);
  header.writeUInt8(FORMAT_CODES[definition.format], 9);
  header.writeUInt16LE(name.length, 10);
  const idLength = Buffer.alloc(2);
  idLength.writeUInt16LE(id.length, 0);
  return Buffer.concat([header, name, idLength, id, definition.descriptor]);
}

/** The header of a `frames` entry. */
export function encodeFramesHeader(definitionId: number): Uint8Array {
  const header = Buffer.alloc(FRAMES_HEADER_BYTES);
  header.writeUInt8(KIND_FRAMES, 0);
  header.writeUInt32LE(definitionId, 1);
  return header;
}

/** Reads an entry; `undefined` when it is none of ours, which a checksummed log never holds. */
export function decodeEntry(
  bytes: Uint8Array,
): SchemaEntry | DefinitionEntry | FramesEntry | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < FRAMES_HEADER_BYTES) return undefined;
  const id = view.readUInt32LE(1);
  switch (view[0]) {
    case KIND_FRAMES:
      return { kind: "frames", definitionId: id, frames: view.subarray(FRAMES_HEADER_BYTES) };
    case KIND_DEFINITION:
      return decodeDefinition(view, id);
    case KIND_SCHEMA:
      return decodeSchema(view, id);
    default:
      return undefined;
  }
}

function decodeSchema(view: Buffer, schemaId: number): SchemaEntry | undefined {
  try {
    const text = inflateRawSync(view.subarray(SCHEMA_HEADER_BYTES), {
      maxOutputLength: MAX_SCHEMA_TEXT_BYTES,
    });
    return { kind: "schema", schemaId, schemaString: text.toString("utf8") };
  } catch {
    return undefined;
  }
}

function decodeDefinition(view: Buffer, definitionId: number): DefinitionEntry | undefined {
  if (view.length < DEFINITION_HEADER_BYTES + 2) return undefined;
  const format = FORMATS[view.readUInt8(9)];
  const nameEnd = DEFINITION_HEADER_BYTES + view.readUInt16LE(10);
  if (format === undefined || nameEnd + 2 > view.length) return undefined;
  const idEnd = nameEnd + 2 + view.readUInt16LE(nameEnd);
  if (idEnd > view.length) return undefined;
  return {
    kind: "definition",
    definitionId,
    schemaId: view.readUInt32LE(5),
    format,
    tableName: view.toString("utf8", DEFINITION_HEADER_BYTES, nameEnd),
    tableId: view.toString("utf8", nameEnd + 2, idEnd),
    descriptor: view.subarray(idEnd),
  };
}
