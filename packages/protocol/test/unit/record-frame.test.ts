// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FrameScanner } from "../../src/codec/frame-scanner.ts";
import { IngestReader } from "../../src/codec/ingest-reader.ts";
import { MAX_INGEST_HEADER_BYTES, writeRecordHeader } from "../../src/codec/ingest-writer.ts";
import { RecordFrameReader } from "../../src/codec/record-frame.ts";
import { below, fuzzSettings, randomOf } from "./support.ts";

const LIMIT = 100_000;

function frameOf(offset: number, recordBytes: number): Buffer {
  const bytes = Buffer.alloc(MAX_INGEST_HEADER_BYTES + recordBytes, 0x07);
  return bytes.subarray(0, writeRecordHeader(bytes, 0, offset, "proto", recordBytes) + recordBytes);
}

describe("record frame reader", () => {
  test("finds the record in each frame of the layout", () => {
    const reader = new RecordFrameReader("proto", LIMIT);
    for (const offset of [0, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 5, 2 ** 40]) {
      for (const recordBytes of [0, 1, 100, 127, 128, 20_000]) {
        const frame = frameOf(offset, recordBytes);
        const chunk = Buffer.concat([Buffer.alloc(3), frame, Buffer.alloc(2)]);
        assert.ok(reader.read(chunk, 3, offset), `${offset} ${recordBytes}`);
        assert.equal(reader.end, 3 + frame.length);
        assert.equal(reader.end - reader.start, recordBytes);
        assert.equal(reader.read(chunk, 3, offset + 1), false);
        assert.equal(reader.read(chunk.subarray(0, -3), 3, offset), false);
      }
    }
    assert.equal(reader.read(frameOf(0, LIMIT), 0, 0), false);
    assert.equal(new RecordFrameReader("json", LIMIT).read(frameOf(0, 5), 0, 0), false);
  });

  test("finds nothing but what the general readers find, in mutated frames", (context) => {
    const { seed, rounds } = fuzzSettings(50_000);
    context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
    const random = randomOf(seed);
    const reader = new RecordFrameReader("proto", LIMIT);
    const message = new IngestReader();
    let found = 0;
    for (let round = 0; round < rounds; round++) {
      const offset = below(random, random() < 0.5 ? 300 : 2 ** 31);
      const frame = frameOf(offset, below(random, random() < 0.5 ? 20 : 300));
      const at = below(random, Math.min(frame.length, 24));
      if (random() < 0.9) frame[at] = random() < 0.5 ? below(random, 256) : (frame[at] ?? 0) + 1;
      if (!reader.read(frame, 0, offset)) continue;
      found++;
      const scanner = new FrameScanner(LIMIT);
      scanner.push(frame);
      const label = `round ${round}: ${frame.toString("hex")}`;
      assert.equal(scanner.next(), "message", label);
      assert.ok(message.read(scanner.buffer, scanner.start, scanner.end), label);
      assert.deepEqual(
        [message.kind, message.format, message.offsetId, message.start, message.end, scanner.end],
        ["record", "proto", offset, reader.start, reader.end, reader.end],
        label,
      );
    }
    assert.ok(found > rounds / 20, `only ${found} of ${rounds} frames were read`);
  });
});
