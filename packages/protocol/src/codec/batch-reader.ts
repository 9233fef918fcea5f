// SPDX-License-Identifier: Apache-2.0
import { WireReader } from "./wire.ts";

const TAG_RECORDS = 0x0a;

/** What {@link BatchReader.next} found. */
export type BatchEvent = "record" | "end" | "malformed";

/**
 * Walks the records of a serialized `ProtoRecordBatch`, `JsonRecordBatch` or `AvroRecordBatch` in place (the three
 * agree on the wire: repeated length-delimited field 1).
 */
export class BatchReader {
  /** The current record lies in `[start, end)` of the buffer given to {@link BatchReader.reset}. */
  start = 0;
  end = 0;

  readonly #wire: WireReader = new WireReader();

  reset(buffer: Uint8Array, start: number, end: number): void {
    this.#wire.reset(buffer, start, end);
  }

  next(): BatchEvent {
    const wire = this.#wire;
    while (wire.position < wire.end) {
      const tag = wire.readTag();
      if (tag === TAG_RECORDS) {
        const length = wire.readLength();
        if (wire.failed) return "malformed";
        this.start = wire.position;
        this.end = wire.position + length;
        wire.position = this.end;
        return "record";
      }
      wire.skip(tag & 7);
      if (wire.failed) return "malformed";
    }
    return wire.failed ? "malformed" : "end";
  }
}
