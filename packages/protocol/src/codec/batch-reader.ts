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
    const { buffer, position } = wire;
    // Nearly every record: its length takes one or two bytes.
    if (position + 2 < wire.end && buffer[position] === TAG_RECORDS) {
      let length = buffer[position + 1] as number;
      let start = position + 2;
      if (length >= 0x80) {
        length = (length & 0x7f) | ((buffer[start] as number) << 7);
        start++;
      }
      if (length < 0x4000 && length <= wire.end - start) {
        this.start = start;
        this.end = start + length;
        wire.position = this.end;
        return "record";
      }
    }
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
