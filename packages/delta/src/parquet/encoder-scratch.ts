// SPDX-License-Identifier: Apache-2.0
import { ThriftWriter } from "./thrift-compact.ts";

const INITIAL_PAGE_BYTES = 1024;

/**
 * Where the body of a page is put together. Its memory is used again for the next page, so what a file keeps of it is
 * copied or compressed first.
 *
 * Writers of this package put bytes at `bytes[length]` after a {@link PageBuffer.reserve} and move `length` on.
 */
export class PageBuffer {
  bytes: Uint8Array = new Uint8Array(INITIAL_PAGE_BYTES);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `byteCount` bytes more. Their content is unspecified. */
  reserve(byteCount: number): void {
    const needed = this.length + byteCount;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  append(part: Uint8Array): void {
    this.reserve(part.length);
    this.bytes.set(part, this.length);
    this.length += part.length;
  }

  /** What was written, as a view that the next page overwrites. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/** Memory that one encoder uses again for all pages of its file: a new megabyte for each would have to be cleared. */
export class EncoderScratch {
  readonly page: PageBuffer = new PageBuffer();
  readonly header: ThriftWriter = new ThriftWriter();
  #words = new Int32Array(0);
  #indices = new Int32Array(0);

  /** `count` words of unspecified content, until the next call. */
  words(count: number): Int32Array {
    if (this.#words.length < count) this.#words = new Int32Array(count);
    return this.#words;
  }

  /** The same for the indices of a column, which outlive the words of its pages. */
  indices(count: number): Int32Array {
    if (this.#indices.length < count) this.#indices = new Int32Array(count);
    return this.#indices;
  }
}
