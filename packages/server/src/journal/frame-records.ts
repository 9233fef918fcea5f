// SPDX-License-Identifier: Apache-2.0
import { BatchReader, FrameScanner, IngestReader, MAX_MESSAGE_BYTES } from "@sluice/protocol";
import type { FramesEntry } from "./entry-codec.ts";

/** Calls `visit` for each record of an entry, in order. They were validated before they were appended. */
export function forEachRecord(
  entry: FramesEntry,
  visit: (buffer: Uint8Array, start: number, end: number) => void,
): void {
  const scanner = new FrameScanner(MAX_MESSAGE_BYTES);
  const message = new IngestReader();
  const batch = new BatchReader();
  scanner.push(entry.frames);
  while (scanner.next() === "message") {
    message.read(scanner.buffer, scanner.start, scanner.end);
    if (message.kind === "record") {
      visit(message.buffer, message.start, message.end);
    } else {
      batch.reset(message.buffer, message.start, message.end);
      while (batch.next() === "record") visit(message.buffer, batch.start, batch.end);
    }
  }
}

export function countRecords(entry: FramesEntry): number {
  let count = 0;
  forEachRecord(entry, () => {
    count++;
  });
  return count;
}
