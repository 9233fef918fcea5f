// SPDX-License-Identifier: Apache-2.0
import { crc32 } from "node:zlib";
import { DeltaError } from "../../delta-error.ts";
import type { DeletionVectorDescriptor } from "../../log/actions.ts";
import { decodeDataPath } from "../../log/data-path.ts";
import { DecodeProblem } from "../parquet/decode-problem.ts";
import type { DataFileLocator } from "../data-file-locator.ts";
import { decodeDeletionVector } from "./roaring.ts";
import type { RowSet } from "./row-set.ts";
import { decodeZ85 } from "./z85.ts";

/**
 * A file of vectors ("Deletion Vector File Storage Format" of the protocol), numbers big-endian:
 *
 *     file   := version:u8 entry*          entry := dataSize:u32 vector:byte{dataSize} crc32(vector):u32
 */
const FILE_VERSION = 1;
const SIZE_BYTES = 4;
const CHECKSUM_BYTES = 4;
/** Digits that a UUID takes; what is before them is the directory. */
const UUID_DIGITS = 20;

/**
 * The rows that a deletion vector deletes.
 * @param dataPath of the data file that it is for, for messages.
 * @param rowCount of that file.
 * @throws DeltaError `data_loss` naming the file if the vector is missing or damaged, or does not delete as many rows as
 *   the log says; `unsupported` where it lies outside of the table.
 */
export async function readDeletionVector(
  descriptor: DeletionVectorDescriptor,
  dataPath: string,
  rowCount: number,
  locator: DataFileLocator,
): Promise<RowSet> {
  const place = vectorFileOf(descriptor);
  try {
    const bytes =
      place === undefined ? inlineBytes(descriptor) : await storedBytes(descriptor, place, locator);
    const rows = decodeDeletionVector(bytes, rowCount);
    if (rows.size !== descriptor.cardinality) {
      throw new DecodeProblem(`${rows.size} rows, where the log says ${descriptor.cardinality}`);
    }
    return rows;
  } catch (error) {
    if (!(error instanceof DecodeProblem)) throw error;
    const where = place === undefined ? "in the log" : `in ${JSON.stringify(place)}`;
    throw new DeltaError(
      "data_loss",
      `the deletion vector of the file ${JSON.stringify(dataPath)}, ${where}, cannot be used: ${error.message}`,
      { cause: error, details: { path: dataPath, deletionVector: place } },
    );
  }
}

/**
 * The decoded path of the file that holds a vector; `undefined` for one in the log itself.
 * @throws DeltaError `data_loss` for a name that is none, `unsupported` for a storage type that is not known.
 */
export function vectorFileOf({
  storageType,
  pathOrInlineDv,
}: DeletionVectorDescriptor): string | undefined {
  switch (storageType) {
    case "i":
      return undefined;
    case "p":
      return decodeDataPath(pathOrInlineDv);
    case "u":
      return uuidPathOf(pathOrInlineDv);
    default:
      throw new DeltaError(
        "unsupported",
        `the table has a deletion vector of the storage type ${JSON.stringify(storageType)}; this library knows i, p and u`,
        { details: { storageType } },
      );
  }
}

function uuidPathOf(text: string): string {
  const prefix = text.slice(0, -UUID_DIGITS);
  let bytes: Uint8Array;
  try {
    bytes = decodeZ85(text.slice(-UUID_DIGITS));
    if (bytes.length !== 16) throw new DecodeProblem("Base85 text that is too short for a UUID");
  } catch (cause) {
    throw new DeltaError(
      "data_loss",
      `the log names a deletion vector ${JSON.stringify(text)}, which holds no UUID`,
      { cause, details: { deletionVector: text } },
    );
  }
  const hex = Buffer.from(bytes).toString("hex");
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return `${prefix === "" ? "" : `${prefix}/`}deletion_vector_${uuid}.bin`;
}

function inlineBytes({ pathOrInlineDv, sizeInBytes }: DeletionVectorDescriptor): Uint8Array {
  const bytes = decodeZ85(pathOrInlineDv);
  if (sizeInBytes > bytes.length) {
    throw new DecodeProblem(`${bytes.length} bytes, where the log says ${sizeInBytes}`);
  }
  // Base85 takes whole groups of four bytes.
  return bytes.subarray(0, sizeInBytes);
}

async function storedBytes(
  { offset = 0, sizeInBytes }: DeletionVectorDescriptor,
  place: string,
  locator: DataFileLocator,
): Promise<Uint8Array> {
  const { store, path } = locator(place);
  // A vector without an offset is the first one; the file's version comes before it.
  const start = offset === 0 ? 1 : offset;
  const [head, entry] = await Promise.all([
    store.getRange(path, 0, 1),
    store.getRange(path, start, start + SIZE_BYTES + sizeInBytes + CHECKSUM_BYTES),
  ]);
  if (head === undefined || entry === undefined) throw new DecodeProblem("its file is missing");
  if (head[0] !== FILE_VERSION) {
    throw new DecodeProblem(`a file of version ${head[0]}; this library reads ${FILE_VERSION}`);
  }
  if (entry.length < SIZE_BYTES + sizeInBytes + CHECKSUM_BYTES) {
    throw new DecodeProblem("its file ends early");
  }
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength);
  const dataSize = view.getUint32(0);
  if (dataSize !== sizeInBytes) {
    throw new DecodeProblem(`${dataSize} bytes, where the log says ${sizeInBytes}`);
  }
  const bytes = entry.subarray(SIZE_BYTES, SIZE_BYTES + sizeInBytes);
  if (crc32(bytes) !== view.getUint32(SIZE_BYTES + sizeInBytes)) {
    throw new DecodeProblem("its checksum is another");
  }
  return bytes;
}
