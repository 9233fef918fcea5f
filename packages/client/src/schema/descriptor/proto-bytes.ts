// SPDX-License-Identifier: Apache-2.0

/** The bytes of a small protobuf message in the making. Not for records: every field makes arrays. */
export class ProtoBytes {
  readonly #bytes: number[] = [];

  text(field: number, value: string): this {
    return this.#delimited(field, Buffer.from(value, "utf8"));
  }

  message(field: number, message: ProtoBytes): this {
    return this.#delimited(field, message.#bytes);
  }

  /** An integer of 32 bits, as `int32`, `bool` and enums have it. */
  integer(field: number, value: number): this {
    this.#varint(field * 8);
    if (value >= 0) this.#varint(value);
    else {
      // A negative int32 is sign-extended to 64 bits.
      for (let index = 0; index < 5; index++) {
        const bits = index === 4 ? (value >> 28) & 0x7f : (value >> (7 * index)) & 0x7f;
        this.#bytes.push(bits | 0x80);
      }
      this.#bytes.push(0xff, 0xff, 0xff, 0xff, 0x01);
    }
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #delimited(field: number, value: ArrayLike<number>): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    for (let index = 0; index < value.length; index++) this.#bytes.push(value[index] as number);
    return this;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes.push((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.#bytes.push(rest);
  }
}
