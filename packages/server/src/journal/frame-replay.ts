// SPDX-License-Identifier: Apache-2.0
import { BatchReader, FrameScanner, IngestReader, MAX_MESSAGE_BYTES } from "@sluice/protocol";
import { ServerError } from "../errors.ts";
import type { RecordPath, TableWriter } from "../ingest/table-writer.ts";
import type { FramesEntry } from "./entry-codec.ts";

/** Decodes the frames of log entries again. They were validated before they were appended. */
export class FrameReplay {
  readonly #message = new IngestReader();
  readonly #batch = new BatchReader();

  /**
   * Adds the records of an entry to its table's writer.
   * @param position that of the entry.
   * @returns how many.
   * @throws ServerError `data_loss` when one no longer fits the table; none of the entry is added then.
   */
  replay(entry: FramesEntry, writer: TableWriter, path: RecordPath, position: number): number {
    const rowsBefore = writer.builder.rowCount;
    let count = 0;
    this.#forEachRecord(entry, (buffer, start, end) => {
      count++;
      if (path.decoder.decode(buffer, start, end)) return;
      writer.builder.truncate(rowsBefore);
      const reason = path.decoder.failure?.message ?? "it cannot be decoded";
      const message = `a record in the log at position ${position} does not fit table ${writer.tableName} any more: ${reason}; undo the table's change and start again`;
      throw new ServerError("data_loss", message, { table: writer.tableName });
    });
    writer.rowsLogged(position - entry.frames.length, position);
    return count;
  }

  count(entry: FramesEntry): number {
    let count = 0;
    this.#forEachRecord(entry, () => {
      count++;
    });
    return count;
  }

  #forEachRecord(
    entry: FramesEntry,
    visit: (buffer: Uint8Array, start: number, end: number) => void,
  ): void {
    const scanner = new FrameScanner(MAX_MESSAGE_BYTES);
    const message = this.#message;
    scanner.push(entry.frames);
    while (scanner.next() === "message") {
      message.read(scanner.buffer, scanner.start, scanner.end);
      if (message.kind === "record") {
        visit(message.buffer, message.start, message.end);
      } else {
        this.#batch.reset(message.buffer, message.start, message.end);
        while (this.#batch.next() === "record") {
          visit(message.buffer, this.#batch.start, this.#batch.end);
        }
      }
    }
  }
}
