// SPDX-License-Identifier: Apache-2.0

const VERSION = 1;

/**
 * The names of a variant's object fields:
 *
 *     metadata := header:u8 count offsets bytes        offsets and count have (header >> 6) + 1 bytes each, little-endian
 *     header   := version | (offset bytes - 1) << 6    names are in the order of their first use
 */
export class VariantMetadata {
  readonly #ids = new Map<string, number>();
  readonly #names: Uint8Array[] = [];

  reset(): void {
    this.#ids.clear();
    this.#names.length = 0;
  }

  idOf(name: Uint8Array): number {
    const key = Buffer.from(name.buffer, name.byteOffset, name.length).toString("latin1");
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#names.length;
    this.#ids.set(key, id);
    this.#names.push(name);
    return id;
  }

  /** The order of two names by their bytes. */
  compare(left: number, right: number): number {
    return Buffer.compare(this.#names[left] as Uint8Array, this.#names[right] as Uint8Array);
  }

  encode(): Uint8Array {
    const names = this.#names;
    const byteCount = names.reduce((total, name) => total + name.length, 0);
    const most = Math.max(byteCount, names.length);
    const width = most <= 0xff ? 1 : most <= 0xffff ? 2 : most <= 0xff_ffff ? 3 : 4;
    const output = Buffer.alloc(1 + (names.length + 2) * width + byteCount);
    output[0] = VERSION | ((width - 1) << 6);
    let at = output.writeUIntLE(names.length, 1, width);
    let offset = 0;
    for (const name of names) {
      at = output.writeUIntLE(offset, at, width);
      offset += name.length;
    }
    at = output.writeUIntLE(offset, at, width);
    for (const name of names) {
      output.set(name, at);
      at += name.length;
    }
    return output;
  }
}
