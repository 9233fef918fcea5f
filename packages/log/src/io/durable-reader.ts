// SPDX-License-Identifier: Apache-2.0
import { fileNameOf } from "../core/file-names.ts";
import { entryBytesAt } from "../core/frame-codec.ts";
import { ENTRY_PREFIX_BYTES, frameBytesOf, SEGMENT_HEADER_AREA_BYTES } from "../core/layout.ts";
import { decodeSegmentHeader } from "../core/segment-codec.ts";
import type { LogError } from "../errors.ts";
import { FrameReader } from "./frame-reader.ts";
import { dataLossError, withFile } from "./recovery.ts";
import type { DurableExtent, SegmentStore } from "./segment-store.ts";
import type { LogFile, LogStorage } from "./storage.ts";

/** One entry read back. */
export interface LogEntry {
  /** A copy. */
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** Reads durable entries in order, from the files, beside appends and trims. */
export interface LogReader {
  /**
   * The next durable entries, whole frames of them: about `maxBytes`, at least one entry; none when everything durable
   * was read. Entries trimmed meanwhile are passed over. One call at a time.
   *
   * @throws LogError `data_loss` where a file is damaged; `closed`, or the failure of the log.
   */
  next(maxBytes: number): Promise<readonly LogEntry[]>;
}

export interface DurableReaderOptions {
  readonly storage: LogStorage;
  readonly store: SegmentStore;
  /** Why the log cannot be read now. */
  readonly stopReason: () => LogError | undefined;
}

/** Remembers the frame it stopped at, so that going on costs no more than what is read. */
export class DurableReader implements LogReader {
  readonly #options: DurableReaderOptions;
  #position: number;
  #segmentIndex = -1;
  #frameOffset = SEGMENT_HEADER_AREA_BYTES;

  /** @param fromPosition - Entries up to here are passed over. */
  constructor(options: DurableReaderOptions, fromPosition: number) {
    this.#options = options;
    this.#position = fromPosition;
  }

  async next(maxBytes: number): Promise<readonly LogEntry[]> {
    const { store, storage, stopReason } = this.#options;
    const refusal = stopReason();
    if (refusal !== undefined) throw refusal;
    return store.whileReading(async () => {
      const entries: LogEntry[] = [];
      while (entries.length === 0) {
        const reason = stopReason();
        if (reason !== undefined) throw reason;
        const extent = store.extentBehind(this.#position);
        if (extent === undefined) break;
        const name = fileNameOf("segment", extent.segmentIndex);
        await withFile(storage, name, (file) =>
          this.#readSegment(file, name, extent, maxBytes, entries),
        );
      }
      return entries;
    });
  }

  async #readSegment(
    file: LogFile,
    name: string,
    extent: DurableExtent,
    maxBytes: number,
    entries: LogEntry[],
  ): Promise<void> {
    if (extent.segmentIndex !== this.#segmentIndex) {
      this.#segmentIndex = extent.segmentIndex;
      this.#frameOffset = SEGMENT_HEADER_AREA_BYTES;
    }
    const reader = new FrameReader();
    reader.use(file, await readSalt(file, name), extent.segmentBytes);
    let byteCount = 0;
    while (byteCount < maxBytes && this.#position < extent.endPosition) {
      const read = await reader.frameAt(this.#frameOffset);
      if (read.kind !== "frame") {
        throw dataLossError(
          { file: name, byteOffset: this.#frameOffset },
          "the frame was durable and is no longer intact",
        );
      }
      const { startPosition, payloadBytes } = read.header;
      if (startPosition + payloadBytes > this.#position) {
        collectEntries(read.payload.slice(), startPosition, this.#position, entries);
        byteCount += payloadBytes;
        this.#position = startPosition + payloadBytes;
      }
      this.#frameOffset += frameBytesOf(payloadBytes);
    }
  }
}

async function readSalt(file: LogFile, name: string): Promise<Uint8Array> {
  const area = new Uint8Array(SEGMENT_HEADER_AREA_BYTES);
  await file.read(area, 0);
  const decoded = decodeSegmentHeader(area);
  if (decoded.kind === "valid") return decoded.header.salt;
  throw dataLossError({ file: name, byteOffset: 0 }, "the segment's header is not intact");
}

function collectEntries(
  payload: Uint8Array,
  startPosition: number,
  fromPosition: number,
  entries: LogEntry[],
): void {
  let offset = 0;
  while (offset < payload.byteLength) {
    const entryBytes = entryBytesAt(payload, offset);
    if (entryBytes === undefined) break;
    const start = offset + ENTRY_PREFIX_BYTES;
    offset = start + entryBytes;
    const position = startPosition + offset;
    if (position > fromPosition) entries.push({ bytes: payload.subarray(start, offset), position });
  }
}
