// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchReader, FrameScanner, IngestReader, MAX_MESSAGE_BYTES } from "@sluice/protocol";
import fc from "fast-check";
import { ChunkPool } from "../../src/core/chunk-pool.ts";
import { RecordWindow } from "../../src/core/record-window.ts";

/** What a server reads of a call. */
class Wire {
  readonly records: string[][] = [];
  readonly #scanner = new FrameScanner(MAX_MESSAGE_BYTES);
  readonly #reader = new IngestReader();

  /** Writes what the window has framed, up to `writeCount` chunks. */
  drain(window: RecordWindow, writeCount = Number.POSITIVE_INFINITY): void {
    for (let count = 0; count < writeCount; count++) {
      window.frame();
      const chunk = window.nextToWrite();
      if (chunk === undefined) return;
      const bytes = Buffer.from(chunk.bytes.subarray(chunk.writtenBytes, chunk.usedBytes));
      window.writing(chunk, chunk.endOffset);
      window.written(chunk, true);
      this.#read(bytes);
    }
  }

  #read(bytes: Buffer): void {
    this.#scanner.push(bytes);
    while (this.#scanner.next() === "message") {
      const { buffer, start, end } = this.#scanner;
      assert.ok(this.#reader.read(buffer, start, end));
      assert.equal(this.#reader.offsetId, this.records.length);
      const payload = {
        buffer: this.#reader.buffer,
        start: this.#reader.start,
        end: this.#reader.end,
      };
      if (this.#reader.kind === "record") {
        this.records.push([
          Buffer.from(payload.buffer.subarray(payload.start, payload.end)).toString(),
        ]);
        continue;
      }
      const batch = new BatchReader();
      batch.reset(payload.buffer, payload.start, payload.end);
      const records: string[] = [];
      while (batch.next() === "record") {
        records.push(Buffer.from(payload.buffer.subarray(batch.start, batch.end)).toString());
      }
      this.records.push(records);
    }
  }
}

test("sends every entry of a call once, in order, through losses and acknowledgements", () => {
  const entry = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => [text]),
    fc.nat(70_000).map((length) => ["x".repeat(length)]),
    fc.array(fc.string({ maxLength: 20 }), { minLength: 2, maxLength: 5 }),
  );
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ take: entry }) },
    { weight: 4, arbitrary: fc.record({ write: fc.integer({ min: 1, max: 3 }) }) },
    {
      weight: 3,
      arbitrary: fc.record({ acknowledge: fc.double({ min: 0, max: 1, noNaN: true }) }),
    },
    { weight: 1, arbitrary: fc.constant({ lose: true }) },
    { weight: 1, arbitrary: fc.constant({ open: true }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const window = new RecordWindow("json", new ChunkPool());
      const model: string[][] = [];
      let wire: Wire | undefined;
      for (const action of steps) {
        if ("take" in action) {
          const [first = ""] = action.take;
          const offset =
            action.take.length === 1 ? window.appendText(first) : window.appendBatch(action.take);
          assert.equal(offset, model.length);
          model.push(action.take.map((text) => Buffer.from(text).toString()));
        } else if ("write" in action) {
          wire?.drain(window, action.write);
        } else if ("acknowledge" in action) {
          const { headOffset, sentOffset } = window;
          if (wire === undefined) continue;
          window.acknowledge(
            headOffset + Math.floor((sentOffset - headOffset) * action.acknowledge),
          );
        } else if ("lose" in action) {
          window.detach();
          wire = undefined;
        } else {
          window.rewind();
          wire = new Wire();
        }
        const unacked = window.unackedBatches().map((batch) => batch.map(String));
        assert.deepEqual(unacked, model.slice(window.headOffset));
      }
      window.rewind();
      const last = new Wire();
      last.drain(window);
      assert.deepEqual(last.records, model.slice(window.headOffset));
      window.acknowledge(window.nextOffset);
      assert.equal(window.unackedBytes, 0);
      assert.equal(window.unackedCount, 0);
    }),
    { numRuns: 200 },
  );
});

test("counts as resent only what was sent before", () => {
  const window = new RecordWindow("json", new ChunkPool());
  window.rewind();
  window.appendText("a");
  new Wire().drain(window);
  window.appendText("b");
  window.rewind();
  assert.equal(window.resentRecords, 1);
  assert.equal(window.headOffset, 0);
});

test("uses the memory of acknowledged chunks again", () => {
  const window = new RecordWindow("proto", new ChunkPool());
  window.rewind();
  const buffers = new Set<unknown>();
  const wire = new Wire();
  const record = Buffer.alloc(50_000);
  for (let index = 0; index < 100; index++) {
    window.appendBytes(record);
    buffers.add(window.nextToWrite()?.bytes);
    wire.drain(window);
    window.acknowledge(window.nextOffset);
  }
  assert.ok(buffers.size <= 2, `${buffers.size} chunks for 100 records`);
});
