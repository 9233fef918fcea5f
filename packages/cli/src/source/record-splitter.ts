// SPDX-License-Identifier: Apache-2.0

/** Finds the records in the bytes of an input and hands them to its collector. Stops at the collector's fault. */
export interface RecordSplitter {
  push(chunk: Buffer): void;
  /** The input has ended. */
  end(): void;
}
