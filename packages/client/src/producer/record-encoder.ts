// SPDX-License-Identifier: Apache-2.0
import type { RecordPayload } from "../core/record-payload.ts";

/** Turns the application's records into what goes on the wire. */
export interface RecordEncoder<T> {
  readonly format: "proto" | "json";
  /** The serialized `DescriptorProto` of the records; needed for `proto`. */
  readonly descriptor?: Uint8Array;
  /**
   * A JSON encoder may return text, which is cheaper than bytes because it is written where it is sent from. Bytes may
   * be reused by the encoder for the next record: they are copied at once.
   * @throws ZerobusError `invalid_argument`, naming the field and what is wrong with it
   */
  encode(record: T): RecordPayload;
}
