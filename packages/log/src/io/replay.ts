// SPDX-License-Identifier: Apache-2.0
import { fileNameOf } from "../core/file-names.ts";
import { entryBytesAt } from "../core/frame-codec.ts";
import {
  ENTRY_PREFIX_BYTES,
  FRAME_HEADER_BYTES,
  frameBytesOf,
  SEGMENT_HEADER_AREA_BYTES,
} from "../core/layout.ts";
import type { LogError } from "../errors.ts";
import { FrameReader } from "./frame-reader.ts";
import type { FrameRead } from "./frame-reader.ts";
import { dataLossError, withFile } from "./recovery.ts";
import type { UsedSegment } from "./recovery.ts";
import type { LogStorage } from "./storage.ts";

/**
 * Receives one entry.
 *
 * @param entry - A view of the entry's bytes, valid until the visit returns or, where it returns a
 * promise, until that settles. The replay waits for the promise.
 */
export type EntryVisitor = (
  entry: Uint8Array,
  position: number,
  segmentIndex: number,
) => void | Promise<void>;

/**
 * Visits all entries of `segments` behind `fromPosition`, in order.
 *
 * @param stopReason - Asked before each frame; an error it returns ends the replay.
 */
export async function replaySegments(
  storage: LogStorage,
  segments: readonly UsedSegment[],
  fromPosition: number,
  visit: EntryVisitor,
  stopReason: () => LogError | undefined,
): Promise<void> {
  const reader = new FrameReader();
  for (const segment of segments) {
    if (segment.frameCount === 0 || segment.endPosition <= fromPosition) continue;
    const name = fileNameOf("segment", segment.header.segmentIndex);
    await withFile(storage, name, async (file) => {
      reader.use(file, segment.header.salt, segment.header.segmentBytes);
      await replaySegment(reader, name, segment, fromPosition, visit, stopReason);
    });
  }
}

async function replaySegment(
  reader: FrameReader,
  name: string,
  segment: UsedSegment,
  fromPosition: number,
  visit: EntryVisitor,
  stopReason: () => LogError | undefined,
): Promise<void> {
  let frameOffset = SEGMENT_HEADER_AREA_BYTES;
  for (let frameIndex = 0; frameIndex < segment.frameCount; frameIndex += 1) {
    const reason = stopReason();
    if (reason !== undefined) throw reason;
    const read = await reader.frameAt(frameOffset);
    if (read.kind !== "frame") {
      throw dataLossError(
        { file: name, byteOffset: frameOffset },
        "the frame was intact when the log was opened and no longer is",
      );
    }
    const { startPosition, payloadBytes } = read.header;
    if (startPosition + payloadBytes > fromPosition) {
      await replayFrame(read, name, segment.header.segmentIndex, fromPosition, visit);
    }
    frameOffset += frameBytesOf(payloadBytes);
  }
}

async function replayFrame(
  read: Extract<FrameRead, { kind: "frame" }>,
  name: string,
  segmentIndex: number,
  fromPosition: number,
  visit: EntryVisitor,
): Promise<void> {
  const { payload, header } = read;
  let offset = 0;
  let entryCount = 0;
  while (offset < payload.byteLength) {
    const entryBytes = entryBytesAt(payload, offset);
    if (entryBytes === undefined) break;
    const start = offset + ENTRY_PREFIX_BYTES;
    offset = start + entryBytes;
    entryCount += 1;
    const position = header.startPosition + offset;
    if (position <= fromPosition) continue;
    const pending = visit(payload.subarray(start, offset), position, segmentIndex);
    if (pending !== undefined) await pending;
  }
  if (offset !== payload.byteLength || entryCount !== header.entryCount) {
    throw dataLossError(
      { file: name, byteOffset: header.frameOffset + FRAME_HEADER_BYTES + offset },
      `the frame's entries do not fill it: ${entryCount} of ${header.entryCount} were found`,
    );
  }
}
