// SPDX-License-Identifier: Apache-2.0
import { fileNameOf, fileNumbersOf } from "../core/file-names.ts";
import type { DecodedFrameHeader } from "../core/frame-codec.ts";
import { ALIGNMENT_BYTES, frameBytesOf, SEGMENT_HEADER_AREA_BYTES } from "../core/layout.ts";
import { decodeSegmentHeader } from "../core/segment-codec.ts";
import type { SegmentHeader } from "../core/segment-codec.ts";
import { LogError } from "../errors.ts";
import { FrameReader } from "./frame-reader.ts";
import type { LogFile, LogStorage } from "./storage.ts";

/** A segment in which at least one frame was begun. */
export interface UsedSegment {
  readonly header: SegmentHeader;
  /** End of the frame before this segment's first one. */
  readonly previousEnd: number;
  /** End of this segment's last intact frame, or `previousEnd` where it has none. */
  readonly endPosition: number;
  /** Number of intact frames. */
  readonly frameCount: number;
}

/** What the directory of a log holds. */
export interface Recovery {
  /** Undefined when the directory holds no segment. */
  readonly logId: string | undefined;
  /** In order, contiguous in index and in position. */
  readonly used: readonly UsedSegment[];
  /** Segments behind the used ones in which no frame was ever begun. */
  readonly prepared: readonly SegmentHeader[];
  /** End of the last intact frame; 0 when there is none. */
  readonly endPosition: number;
}

interface Place {
  readonly file: string;
  readonly byteOffset: number;
}

interface Scan {
  readonly header: SegmentHeader;
  readonly firstPreviousEnd: number | undefined;
  readonly endPosition: number | undefined;
  readonly frameCount: number;
  readonly lastFrameOffset: number;
  /** Where the intact frames stop. */
  readonly stop: Place;
}

/**
 * Finds the intact frames of a log and makes them durable.
 *
 * With one commit in flight a frame is begun only after its predecessor was synced. A crash alone
 * can therefore damage only the last frame that was begun, and a frame begun behind a damaged one,
 * or one that does not continue where the frames before it end, proves that data was lost.
 *
 * @throws LogError `data_loss` naming file and byte offset.
 */
export async function recoverLog(storage: LogStorage): Promise<Recovery> {
  // What is found may exist only in memory after the end of an earlier process.
  await storage.syncDirectory();
  const names = await storage.list();
  const indexes = fileNumbersOf("segment", names);
  checkContiguous(indexes);
  const reader = new FrameReader();
  const scans: Scan[] = [];
  for (const index of indexes) {
    scans.push(
      await withFile(storage, fileNameOf("segment", index), (file) =>
        scanSegment(file, index, scans.at(-1), reader),
      ),
    );
  }
  const usedCount = scans.findLastIndex((scan) => scan.firstPreviousEnd !== undefined) + 1;
  checkNoneUnused(scans.slice(0, usedCount));
  for (const scan of scans.slice(Math.max(0, usedCount - 1))) {
    await checkNothingBehind(storage, scan, reader);
  }
  await makeLastFrameDurable(storage, scans, reader);
  return {
    logId: scans[0]?.header.logId,
    used: scans.slice(0, usedCount).map((scan) => ({
      header: scan.header,
      previousEnd: scan.firstPreviousEnd ?? 0,
      endPosition: scan.endPosition ?? 0,
      frameCount: scan.frameCount,
    })),
    prepared: scans.slice(usedCount).map((scan) => scan.header),
    endPosition: scans[usedCount - 1]?.endPosition ?? 0,
  };
}

/** Opens a file for the time of `body`. */
export async function withFile<Result>(
  storage: LogStorage,
  name: string,
  body: (file: LogFile) => Promise<Result>,
): Promise<Result> {
  const file = await storage.open(name);
  try {
    return await body(file);
  } finally {
    await file.close();
  }
}

/** The error for damage that a crash cannot have caused. */
export function dataLossError(place: Place, finding: string): LogError {
  return new LogError(
    "data_loss",
    `log: ${place.file} at byte ${place.byteOffset}: ${finding}; a crash alone does not cause this. ` +
      "Restore the directory from a copy, or move it away and start an empty log whose " +
      "minPosition is the highest position already committed, accepting the loss of what follows it",
    { details: place },
  );
}

function checkContiguous(indexes: readonly number[]): void {
  for (const [place, index] of indexes.entries()) {
    const expected = (indexes[0] ?? 0) + place;
    if (index === expected) continue;
    throw dataLossError(
      { file: fileNameOf("segment", expected), byteOffset: 0 },
      `this segment is missing, although ${fileNameOf("segment", index)} exists`,
    );
  }
}

async function scanSegment(
  file: LogFile,
  index: number,
  previous: Scan | undefined,
  reader: FrameReader,
): Promise<Scan> {
  const name = fileNameOf("segment", index);
  const header = await readSegmentHeader(file, name, index, previous?.header.logId);
  reader.use(file, header.salt, header.segmentBytes);
  let endPosition = previous?.endPosition;
  let stop = previous?.stop ?? { file: name, byteOffset: SEGMENT_HEADER_AREA_BYTES };
  let firstPreviousEnd: number | undefined;
  let frameCount = 0;
  let lastFrameOffset = 0;
  let frameOffset = SEGMENT_HEADER_AREA_BYTES;
  for (;;) {
    const read = await reader.frameAt(frameOffset);
    if (read.kind === "none") break;
    checkContinues(read.header, endPosition, stop, name);
    firstPreviousEnd ??= read.header.previousEnd;
    endPosition ??= read.header.previousEnd;
    if (read.kind === "torn") break;
    endPosition = read.header.startPosition + read.header.payloadBytes;
    frameCount += 1;
    lastFrameOffset = frameOffset;
    frameOffset += frameBytesOf(read.header.payloadBytes);
    stop = { file: name, byteOffset: frameOffset };
  }
  stop = { file: name, byteOffset: frameOffset };
  return { header, firstPreviousEnd, endPosition, frameCount, lastFrameOffset, stop };
}

async function readSegmentHeader(
  file: LogFile,
  name: string,
  index: number,
  logId: string | undefined,
): Promise<SegmentHeader> {
  const bytes = new Uint8Array(SEGMENT_HEADER_AREA_BYTES);
  const count = await file.read(bytes, 0);
  const decoded = decodeSegmentHeader(bytes.subarray(0, count));
  const start = { file: name, byteOffset: 0 };
  if (decoded.kind === "unsupported") {
    throw new LogError(
      "invalid_argument",
      `log: ${name} has format version ${decoded.formatVersion}; ` +
        "open this log with the version of the software that wrote it",
      { details: start },
    );
  }
  if (decoded.kind === "invalid") throw dataLossError(start, "the segment header is damaged");
  const { header } = decoded;
  if (header.segmentIndex !== index) {
    throw dataLossError(start, `the header is that of segment ${header.segmentIndex}`);
  }
  if (logId !== undefined && header.logId !== logId) {
    throw dataLossError(start, `the segment belongs to log ${header.logId}, not to ${logId}`);
  }
  const byteLength = await file.byteLength();
  if (byteLength !== header.segmentBytes) {
    throw dataLossError(
      { file: name, byteOffset: byteLength },
      `the file has ${byteLength} bytes and must have ${header.segmentBytes}`,
    );
  }
  return header;
}

function checkContinues(
  header: DecodedFrameHeader,
  endPosition: number | undefined,
  stop: Place,
  name: string,
): void {
  if (endPosition === undefined || header.previousEnd === endPosition) return;
  throw dataLossError(
    stop,
    `intact data ends at position ${endPosition}, but the frame in ${name} ` +
      `at byte ${header.frameOffset} continues from position ${header.previousEnd}`,
  );
}

function checkNoneUnused(scans: readonly Scan[]): void {
  for (const scan of scans) {
    if (scan.firstPreviousEnd === undefined) {
      throw dataLossError(scan.stop, "no frame is here, although later segments have frames");
    }
  }
}

async function checkNothingBehind(
  storage: LogStorage,
  scan: Scan,
  reader: FrameReader,
): Promise<void> {
  await withFile(storage, scan.stop.file, async (file) => {
    reader.use(file, scan.header.salt, scan.header.segmentBytes);
    const found = await reader.findHeader(scan.stop.byteOffset + ALIGNMENT_BYTES);
    if (found === undefined) return;
    throw dataLossError(
      scan.stop,
      `the frame is damaged, and another one follows at byte ${found}`,
    );
  });
}

/**
 * Writes the last intact frame again and syncs it. Only this frame may have been written without a
 * successful sync; after a failed sync the kernel may hold it in memory as clean, so that syncing
 * alone would not write it.
 */
async function makeLastFrameDurable(
  storage: LogStorage,
  scans: readonly Scan[],
  reader: FrameReader,
): Promise<void> {
  const scan = scans.findLast((candidate) => candidate.frameCount > 0);
  if (scan === undefined) return;
  const name = fileNameOf("segment", scan.header.segmentIndex);
  await withFile(storage, name, async (file) => {
    reader.use(file, scan.header.salt, scan.header.segmentBytes);
    const read = await reader.frameAt(scan.lastFrameOffset);
    if (read.kind !== "frame") {
      throw dataLossError(
        { file: name, byteOffset: scan.lastFrameOffset },
        "the frame was intact when first read and no longer is",
      );
    }
    await file.write([read.bytes], scan.lastFrameOffset);
    await file.sync();
  });
}
