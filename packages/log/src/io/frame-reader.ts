// SPDX-License-Identifier: Apache-2.0
import { decodeFrameHeader, isPayloadIntact } from "../core/frame-codec.ts";
import type { DecodedFrameHeader } from "../core/frame-codec.ts";
import { ALIGNMENT_BYTES, FRAME_HEADER_BYTES, frameBytesOf } from "../core/layout.ts";
import type { LogFile } from "./storage.ts";

const WINDOW_BYTES = 4 * 1024 * 1024;

/** What is found at a place where a frame may begin. */
export type FrameRead =
  | {
      readonly kind: "frame";
      readonly header: DecodedFrameHeader;
      /** Header, payload and padding; valid until the next read. */
      readonly bytes: Uint8Array;
      /** Valid until the next read. */
      readonly payload: Uint8Array;
    }
  | { readonly kind: "torn"; readonly header: DecodedFrameHeader }
  | { readonly kind: "none" };

/** Reads the frames of one segment after another through one window of memory. */
export class FrameReader {
  #window: Uint8Array = new Uint8Array(0);
  #windowOffset = 0;
  #windowBytes = 0;
  #file: LogFile | undefined;
  #salt: Uint8Array = new Uint8Array(0);
  #segmentBytes = 0;

  /** Turns to a segment. */
  use(file: LogFile, salt: Uint8Array, segmentBytes: number): void {
    this.#file = file;
    this.#salt = salt;
    this.#segmentBytes = segmentBytes;
    this.#windowOffset = 0;
    this.#windowBytes = 0;
  }

  /** Reads the frame at `frameOffset`, a multiple of the alignment. */
  async frameAt(frameOffset: number): Promise<FrameRead> {
    if (frameOffset + FRAME_HEADER_BYTES > this.#segmentBytes) return { kind: "none" };
    if (!this.#holds(frameOffset, ALIGNMENT_BYTES)) await this.#load(frameOffset, ALIGNMENT_BYTES);
    const header = this.#headerAt(frameOffset);
    if (header === undefined) return { kind: "none" };
    const frameBytes = frameBytesOf(header.payloadBytes);
    if (!this.#holds(frameOffset, frameBytes)) await this.#load(frameOffset, frameBytes);
    const start = frameOffset - this.#windowOffset;
    if (!isPayloadIntact(this.#window, start, header)) return { kind: "torn", header };
    const payloadStart = start + FRAME_HEADER_BYTES;
    return {
      kind: "frame",
      header,
      bytes: this.#window.subarray(start, start + frameBytes),
      payload: this.#window.subarray(payloadStart, payloadStart + header.payloadBytes),
    };
  }

  /** The first place from `frameOffset` on where a frame of this segment was begun. */
  async findHeader(frameOffset: number): Promise<number | undefined> {
    for (let offset = frameOffset; offset < this.#segmentBytes; offset += ALIGNMENT_BYTES) {
      if (!this.#holds(offset, ALIGNMENT_BYTES)) await this.#load(offset, ALIGNMENT_BYTES);
      if (this.#headerAt(offset) !== undefined) return offset;
    }
    return undefined;
  }

  #headerAt(frameOffset: number): DecodedFrameHeader | undefined {
    return decodeFrameHeader(
      this.#window.subarray(0, this.#windowBytes),
      frameOffset - this.#windowOffset,
      frameOffset,
      this.#salt,
      this.#segmentBytes,
    );
  }

  #holds(fileOffset: number, byteLength: number): boolean {
    return (
      fileOffset >= this.#windowOffset &&
      fileOffset + byteLength <= this.#windowOffset + this.#windowBytes
    );
  }

  async #load(fileOffset: number, byteLength: number): Promise<void> {
    if (this.#file === undefined) throw new RangeError("no segment to read");
    const wanted = Math.min(Math.max(byteLength, WINDOW_BYTES), this.#segmentBytes - fileOffset);
    if (this.#window.byteLength < wanted) this.#window = new Uint8Array(wanted);
    this.#windowBytes = 0;
    this.#windowOffset = fileOffset;
    this.#windowBytes = await this.#file.read(this.#window.subarray(0, wanted), fileOffset);
  }
}
