// SPDX-License-Identifier: Apache-2.0
import type { ErrorCode } from "@sluice/protocol";

/** A record the server refused, and why. */
export interface DeadLetter {
  readonly table: string;
  readonly record: Uint8Array;
  readonly format: "proto" | "json";
  /** The serialized `DescriptorProto` the record was encoded with. */
  readonly descriptor?: Uint8Array;
  readonly code: ErrorCode;
  /** The server's own words where it said any. */
  readonly reason: string;
  readonly at: Date;
  readonly recordId?: string;
}

/** Where dead letters go. */
export interface DeadLetterSink {
  /** Resolves once the letter is kept safe. The record behind it is not settled before. */
  write(letter: DeadLetter): Promise<void>;
  close(): Promise<void>;
}
