// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { test } from "node:test";
import * as fc from "fast-check";
import { decodeSegmentHeader, encodeSegmentHeader } from "../../src/core/segment-codec.ts";

const anyHeader = fc.record({
  logId: fc.uuid(),
  segmentIndex: fc.maxSafeNat(),
  salt: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  segmentBytes: fc.maxSafeNat(),
});

test("decodes every header it encodes", () => {
  fc.assert(
    fc.property(anyHeader, (header) => {
      const decoded = decodeSegmentHeader(encodeSegmentHeader(header));
      assert.deepEqual(decoded, { kind: "valid", header: { ...header } });
    }),
  );
});

test("refuses a header with any byte changed", () => {
  fc.assert(
    fc.property(anyHeader, fc.nat(63), fc.integer({ min: 1, max: 255 }), (header, at, change) => {
      const bytes = encodeSegmentHeader(header);
      bytes[at] = (bytes[at] ?? 0) ^ change;
      assert.equal(decodeSegmentHeader(bytes).kind, "invalid");
    }),
  );
});

test("names the version of a format it does not know", () => {
  const salt = new Uint8Array(8);
  const logId = "00000000-0000-4000-8000-000000000000";
  const bytes = encodeSegmentHeader({ logId, segmentIndex: 1, salt, segmentBytes: 4096 });
  const view = new DataView(bytes.buffer);
  view.setUint32(8, 2, true);
  view.setUint32(60, crc32(bytes.subarray(0, 60)), true);
  assert.deepEqual(decodeSegmentHeader(bytes), { kind: "unsupported", formatVersion: 2 });
});

test("refuses a file that is too short for a header", () => {
  assert.deepEqual(decodeSegmentHeader(new Uint8Array(100)), { kind: "invalid" });
});
