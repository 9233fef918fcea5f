// SPDX-License-Identifier: Apache-2.0
import { crc32 } from "node:zlib";
import type { Compressor } from "./compressor.ts";
import type { EncoderScratch } from "./encoder-scratch.ts";
import type { Leaf } from "./file-schema.ts";
import { CODEC, type Codec, type Encoding, MAX_PAGE_BYTES } from "./format.ts";
import { dataPageHeader, dictionaryPageHeader } from "./metadata.ts";

export interface CompressionSettings {
  /** `null` leaves pages as they are. */
  readonly compressor: Compressor | null;
  /** The least part of its bytes that a column chunk must save, 0 to 1; below it is stored as it is. */
  readonly minSaving: number;
}

/** A page before compression. */
interface OpenPage {
  readonly valueCount: number;
  /** Of the values of a data page; `null` for a dictionary page. */
  readonly encoding: Encoding | null;
}

/** A page in both forms, while it is not decided which of them the column chunk has. */
interface HeldPage extends OpenPage {
  readonly plain: readonly Uint8Array[];
  readonly compressed: Uint8Array;
}

/**
 * Collects the pages of a column chunk. The codec is one for the whole chunk: the first data page decides, together with
 * the dictionary page before it, unless the caller has decided.
 */
export class PageWriter {
  /** What to append to the file, in order. */
  readonly parts: Uint8Array[] = [];
  /** Bytes of headers and bodies as they are in the file. */
  compressedBytes = 0;
  /** The same with bodies as they were before compression. */
  uncompressedBytes = 0;
  /** Of the dictionary page as it is in the file, 0 without one. */
  dictionaryPageBytes = 0;
  readonly #leaf: Leaf;
  readonly #scratch: EncoderScratch;
  readonly #minSaving: number;
  readonly #held: HeldPage[] = [];
  #compressor: Compressor | null;
  #isDecided: boolean;

  /** @param isDecided whether `compression` holds for the chunk, without a look at its pages. */
  constructor(
    leaf: Leaf,
    scratch: EncoderScratch,
    compression: CompressionSettings,
    isDecided: boolean,
  ) {
    this.#leaf = leaf;
    this.#scratch = scratch;
    this.#compressor = compression.compressor;
    this.#minSaving = compression.minSaving;
    this.#isDecided = isDecided || compression.compressor === null;
  }

  /** Of all pages, once there is a data page. */
  get codec(): Codec {
    return this.#compressor?.codec ?? CODEC.uncompressed;
  }

  /** Adds a page whose body is what the page buffer holds and then `values`, a view that stays as it is. */
  add(page: OpenPage, values: Uint8Array | null): void {
    const buffer = this.#scratch.page;
    const bodyBytes = buffer.length + (values?.length ?? 0);
    if (bodyBytes > MAX_PAGE_BYTES) {
      throw new RangeError(
        `column ${JSON.stringify(this.#leaf.path.join("."))} has a page of ${bodyBytes} bytes, the format allows ${MAX_PAGE_BYTES}`,
      );
    }
    if (this.#compressor === null) {
      this.#store(page, bodyBytes, plainParts(buffer.view(), values));
      return;
    }
    const plain = this.#isDecided ? null : plainParts(buffer.view(), values);
    if (buffer.length > 0 && values !== null) buffer.append(values);
    const input = buffer.length > 0 || values === null ? buffer.view() : values;
    const compressed = this.#compressor.compress(input);
    if (plain === null) {
      this.#store(page, bodyBytes, [compressed]);
      return;
    }
    this.#held.push({ ...page, plain, compressed });
    if (page.encoding !== null) this.#decide(this.#compressor);
  }

  #decide(compressor: Compressor): void {
    const plainBytes = this.#held.reduce((total, { plain }) => total + totalBytes(plain), 0);
    const storedBytes = this.#held.reduce((total, { compressed }) => total + compressed.length, 0);
    const isWorthIt = storedBytes <= plainBytes * (1 - this.#minSaving);
    this.#compressor = isWorthIt ? compressor : null;
    this.#isDecided = true;
    for (const page of this.#held.splice(0)) {
      this.#store(page, totalBytes(page.plain), isWorthIt ? [page.compressed] : page.plain);
    }
  }

  #store(page: OpenPage, bodyBytes: number, stored: readonly Uint8Array[]): void {
    const storedBytes = totalBytes(stored);
    const fields = {
      valueCount: page.valueCount,
      uncompressedBytes: bodyBytes,
      compressedBytes: storedBytes,
      checksum: checksumOf(stored),
    };
    const header =
      page.encoding === null
        ? dictionaryPageHeader(this.#scratch.header, fields)
        : dataPageHeader(this.#scratch.header, fields, page.encoding);
    this.parts.push(header, ...stored);
    this.compressedBytes += header.length + storedBytes;
    this.uncompressedBytes += header.length + bodyBytes;
    if (page.encoding === null) this.dictionaryPageBytes = header.length + storedBytes;
  }
}

/** @param buffered is copied, since the next page overwrites it. */
function plainParts(buffered: Uint8Array, values: Uint8Array | null): Uint8Array[] {
  const parts: Uint8Array[] = buffered.length > 0 ? [buffered.slice()] : [];
  if (values !== null && values.length > 0) parts.push(values);
  return parts;
}

function totalBytes(parts: readonly Uint8Array[]): number {
  let total = 0;
  for (const part of parts) total += part.length;
  return total;
}

/** The format keeps the unsigned CRC-32 of the body, as stored, in a signed field. */
function checksumOf(parts: readonly Uint8Array[]): number {
  let checksum = 0;
  for (const part of parts) checksum = crc32(part, checksum);
  return checksum | 0;
}
