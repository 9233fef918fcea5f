// SPDX-License-Identifier: Apache-2.0
import type { RecordFormat } from "@sluice/protocol";

/**
 * What the server puts into the log. Numbers are little-endian.
 *
 *     entry      := definition | frames
 *     definition := 1:u8 definitionId:u32 format:u8 nameLength:u16 tableName:byte{nameLength}
 *                   idLength:u16 tableId:byte{idLength} descriptor:byte*
 *     frames     := 2:u8 definitionId:u32 grpcFrame+
 *
 * A definition says how the frames that name it are to be read: which table, which encoding, which descriptor. It holds
 * within its segment and comes before its first use there, so that each segment can be read without those before it.
 * `frames` are gRPC messages exactly as they came from the client, each of them validated, none cut.
 */
const KIND_DEFINITION = 1;
const KIND_FRAMES = 2;
const FORMAT_CODES: Readonly<Record<RecordFormat, number>> = { proto: 1, json: 2, avro: 4 };
const FORMATS: Readonly<Record<number, RecordFormat>> = { 1: "proto", 2: "json", 4: "avro" };

/** Bytes in front of the frames in a `frames` entry. */
export const FRAMES_HEADER_BYTES = 5;

export interface DefinitionEntry {
  readonly kind: "definition";
  readonly definitionId: number;
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

export function encodeDefinition(definition: Omit<DefinitionEntry, "kind">): Uint8Array {
  const name = Buffer.from(definition.tableName);
  const id = Buffer.from(definition.tableId);
  const header = Buffer.alloc(8);
  header.writeUInt8(KIND_DEFINITION, 0);
  header.writeUInt32LE(definition.definitionId, 1);
  header.writeUInt8(FORMAT_CODES[definition.format], 5);
  header.writeUInt16LE(name.length, 6);
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
export function decodeEntry(bytes: Uint8Array): DefinitionEntry | FramesEntry | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < FRAMES_HEADER_BYTES) return undefined;
  const definitionId = view.readUInt32LE(1);
  if (view[0] === KIND_FRAMES) {
    return { kind: "frames", definitionId, frames: view.subarray(FRAMES_HEADER_BYTES) };
  }
  return view[0] === KIND_DEFINITION ? decodeDefinition(view, definitionId) : undefined;
}

function decodeDefinition(view: Buffer, definitionId: number): DefinitionEntry | undefined {
  if (view.length < 10) return undefined;
  const format = FORMATS[view.readUInt8(5)];
  const nameEnd = 8 + view.readUInt16LE(6);
  if (format === undefined || nameEnd + 2 > view.length) return undefined;
  const idEnd = nameEnd + 2 + view.readUInt16LE(nameEnd);
  if (idEnd > view.length) return undefined;
  return {
    kind: "definition",
    definitionId,
    format,
    tableName: view.toString("utf8", 8, nameEnd),
    tableId: view.toString("utf8", nameEnd + 2, idEnd),
    descriptor: view.subarray(idEnd),
  };
}
