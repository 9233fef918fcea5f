// SPDX-License-Identifier: Apache-2.0
import type { FieldModel } from "../descriptor/descriptor-model.ts";

/** Numbers the oneofs of a message from 0, in the order in which their first members come. */
export class OneofNumbers {
  readonly #numbers = new Map<number, number>();

  get count(): number {
    return this.#numbers.size;
  }

  /** The number of the oneof that a field is a member of, -1 for none. */
  of({ oneofIndex }: FieldModel): number {
    if (oneofIndex === undefined) return -1;
    const known = this.#numbers.get(oneofIndex);
    if (known !== undefined) return known;
    this.#numbers.set(oneofIndex, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}
