// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  decodeFrameHeader,
  entryBytesAt,
  isPayloadIntact,
  sealFrame,
} from "../../src/core/frame-codec.ts";
import type { FrameHeader } from "../../src/core/frame-codec.ts";
import { ALIGNMENT_BYTES, FRAME_HEADER_BYTES, frameBytesOf } from "../../src/core/layout.ts";

const SEGMENT_BYTES = 1024 * 1024;
const anySalt = fc.uint8Array({ minLength: 8, maxLength: 8 });
const anyPayload = fc.uint8Array({ minLength: 1, maxLength: 9000 });
const anyPosition = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 20_000 });
const anySlot = fc.integer({ min: 1, max: 200 });

function frameOf(payload: Uint8Array, salt: Uint8Array, fields: Partial<FrameHeader> = {}) {
  const header = {
    frameOffset: ALIGNMENT_BYTES,
    previousEnd: 5,
    startPosition: 5,
    payloadBytes: payload.byteLength,
    entryCount: 1,
    ...fields,
  };
  const bytes = new Uint8Array(frameBytesOf(payload.byteLength));
  bytes.set(payload, FRAME_HEADER_BYTES);
  sealFrame([bytes], header, salt);
  return { header, bytes };
}

test("decodes every header it encodes", () => {
  fc.assert(
    fc.property(anyPayload, anySalt, anyPosition, anySlot, (payload, salt, position, slot) => {
      const { header, bytes } = frameOf(payload, salt, {
        frameOffset: slot * ALIGNMENT_BYTES,
        previousEnd: Math.floor(position / 2),
        startPosition: position,
        entryCount: payload.byteLength,
      });
      const decoded = decodeFrameHeader(bytes, 0, header.frameOffset, salt, SEGMENT_BYTES);
      assert.ok(decoded !== undefined);
      const { payloadCrc, ...fields } = decoded;
      assert.deepEqual(fields, header);
      assert.ok(payloadCrc >= 0);
      assert.ok(isPayloadIntact(bytes, 0, decoded));
    }),
  );
});

test("gives the same frame however its bytes are divided into parts", () => {
  fc.assert(
    fc.property(anyPayload, anySalt, fc.nat(9000), (payload, salt, cut) => {
      const { header, bytes } = frameOf(payload, salt);
      const copy = bytes.slice();
      copy.fill(0xee, 0, FRAME_HEADER_BYTES);
      const at = Math.min(FRAME_HEADER_BYTES + cut, copy.byteLength);
      sealFrame([copy.subarray(0, at), copy.subarray(at)], header, salt);
      assert.deepEqual(copy, bytes);
    }),
  );
});

test("refuses a frame with any byte of its header or payload changed", () => {
  fc.assert(
    fc.property(anyPayload, anySalt, fc.nat(), fc.integer({ min: 1, max: 255 }), (...values) => {
      const [payload, salt, place, change] = values;
      const { bytes } = frameOf(payload, salt);
      const at = place % (FRAME_HEADER_BYTES + payload.byteLength);
      bytes[at] = (bytes[at] ?? 0) ^ change;
      const decoded = decodeFrameHeader(bytes, 0, ALIGNMENT_BYTES, salt, SEGMENT_BYTES);
      assert.equal(decoded === undefined, at < FRAME_HEADER_BYTES);
      assert.ok(decoded === undefined || !isPayloadIntact(bytes, 0, decoded));
    }),
  );
});

test("refuses a frame of another segment or another place", () => {
  const salt = new Uint8Array(8).fill(7);
  const { bytes } = frameOf(new Uint8Array([1]), salt);
  const otherSalt = new Uint8Array(8).fill(8);
  assert.equal(decodeFrameHeader(bytes, 0, ALIGNMENT_BYTES, otherSalt, SEGMENT_BYTES), undefined);
  assert.equal(decodeFrameHeader(bytes, 0, ALIGNMENT_BYTES * 2, salt, SEGMENT_BYTES), undefined);
});

test("refuses a frame that passes the end of its segment or of positions", () => {
  const salt = new Uint8Array(8).fill(7);
  const atEnd = frameOf(new Uint8Array(9000), salt, { frameOffset: ALIGNMENT_BYTES });
  const segmentBytes = ALIGNMENT_BYTES * 3;
  assert.equal(decodeFrameHeader(atEnd.bytes, 0, ALIGNMENT_BYTES, salt, segmentBytes), undefined);
  const far = frameOf(new Uint8Array(10), salt, { startPosition: Number.MAX_SAFE_INTEGER - 9 });
  assert.equal(decodeFrameHeader(far.bytes, 0, ALIGNMENT_BYTES, salt, SEGMENT_BYTES), undefined);
  const back = frameOf(new Uint8Array(10), salt, { previousEnd: 6, startPosition: 5 });
  assert.equal(decodeFrameHeader(back.bytes, 0, ALIGNMENT_BYTES, salt, SEGMENT_BYTES), undefined);
});

test("decodes no frame from arbitrary bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), anySalt, (bytes, salt) => {
      assert.equal(decodeFrameHeader(bytes, 0, 0, salt, SEGMENT_BYTES), undefined);
    }),
  );
});

test("finds an entry only where all of it is inside the payload", () => {
  const payload = new Uint8Array([3, 0, 0, 0, 9, 9, 9, 0, 0, 0, 0, 5, 0, 0, 0, 1]);
  assert.equal(entryBytesAt(payload, 0), 3);
  assert.equal(entryBytesAt(payload, 7), 0);
  assert.equal(entryBytesAt(payload, 11), undefined);
  assert.equal(entryBytesAt(payload, 14), undefined);
  assert.equal(entryBytesAt(new Uint8Array([255, 255, 255, 255]), 0), undefined);
});
