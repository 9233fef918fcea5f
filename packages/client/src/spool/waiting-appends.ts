// SPDX-License-Identifier: Apache-2.0
import { Fifo } from "../core/fifo.ts";
import { ZerobusError } from "../core/zerobus-error.ts";

/** Bytes of records that may wait, whatever their number. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export interface WaitingAppend {
  /** A copy: the caller's bytes may be used again. */
  readonly record: Uint8Array;
  readonly slot: number;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: ZerobusError) => void;
}

/** Appends that wait for room, first come, first served, bounded in number and bytes. */
export class WaitingAppends {
  readonly #maxCount: number;
  readonly #appends = new Fifo<WaitingAppend>();
  #bytes = 0;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  get count(): number {
    return this.#appends.length;
  }

  get next(): WaitingAppend | undefined {
    return this.#appends.peek();
  }

  /** @throws ZerobusError `resource_exhausted` when too many wait */
  wait(record: Uint8Array, slot: number): Promise<number> {
    const { count } = this;
    const bytes = this.#bytes + record.byteLength;
    if (count >= this.#maxCount || (count > 0 && bytes > MAX_WAITING_BYTES)) {
      return Promise.reject(
        new ZerobusError(
          "resource_exhausted",
          `${count} appends of ${this.#bytes} bytes wait for room in the spool already; await some before making more`,
        ),
      );
    }
    this.#bytes = bytes;
    return new Promise<number>((resolve, reject) => {
      this.#appends.push({ record: Buffer.from(record), slot, resolve, reject });
    });
  }

  shift(): WaitingAppend | undefined {
    const append = this.#appends.shift();
    this.#bytes -= append?.record.byteLength ?? 0;
    return append;
  }

  rejectAll(error: ZerobusError): void {
    for (let append = this.shift(); append !== undefined; append = this.shift()) {
      append.reject(error);
    }
  }
}
