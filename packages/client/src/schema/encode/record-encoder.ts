// SPDX-License-Identifier: Apache-2.0
import type { RecordEncoder } from "../../producer/record-encoder.ts";

/** An encoder of plain objects that always makes bytes. */
export interface SchemaEncoder<Item = Readonly<Record<string, unknown>>>
  extends RecordEncoder<Item> {
  /**
   * The bytes of a record. They are good until the next call, which overwrites them: copy what is to be kept.
   * @throws ZerobusError `invalid_argument` naming the column, the value and what was expected
   */
  encode(record: Item): Uint8Array;
}

export interface EncoderOptions {
  /**
   * What becomes of a record's property that is no column, or of a struct's that is no field. One whose value is
   * undefined counts as absent.
   * @default "refuse", since the service refuses such records as well, and the whole stream with them
   */
  readonly unknownKeys?: "refuse" | "ignore";
}
