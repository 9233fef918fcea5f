// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { frameOf } from "../../src/codec/create-stream.ts";
import { type FrameEvent, FrameScanner } from "../../src/codec/frame-scanner.ts";
import { below, fuzzSettings, randomOf } from "./support.ts";

const LIMIT = 5000;

function scan(chunks: readonly Uint8Array[]): {
  messages: string[];
  last: FrameEvent;
  pendingBytes: number;
} {
  const scanner = new FrameScanner(LIMIT);
  const messages: string[] = [];
  let last: FrameEvent = "needMore";
  for (const chunk of chunks) {
    scanner.push(chunk);
    for (last = scanner.next(); last === "message"; last = scanner.next()) {
      messages.push(
        Buffer.from(scanner.buffer.subarray(scanner.start, scanner.end)).toString("hex"),
      );
    }
    if (last !== "needMore") break;
  }
  return { messages, last, pendingBytes: scanner.pendingBytes };
}

describe("frame scanner", () => {
  test("finds the same messages whatever the chunks are", (context) => {
    const { seed, rounds } = fuzzSettings(300);
    context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
    const random = randomOf(seed);
    for (let round = 0; round < rounds; round++) {
      const messages = Array.from({ length: below(random, 20) }, () =>
        Buffer.alloc(below(random, random() < 0.1 ? LIMIT + 1 : 40), below(random, 256)),
      );
      const bytes = Buffer.concat([
        ...messages.map((message) => frameOf(message)),
        random() < 0.3
          ? frameOf(Buffer.alloc(30)).subarray(0, 1 + below(random, 34))
          : Buffer.alloc(0),
      ]);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = random() < 0.5 ? below(random, 8) : below(random, 400);
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      const whole = scan([bytes]);
      assert.deepEqual(
        whole.messages,
        messages.map((message) => message.toString("hex")),
      );
      assert.deepEqual(scan(chunks), whole, `round ${round}`);
    }
  });

  test("reports a frame over the limit, without waiting for it", () => {
    const header = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);
    const scanner = new FrameScanner(LIMIT);
    for (const byte of header.subarray(0, 4)) {
      scanner.push(Buffer.from([byte]));
      assert.equal(scanner.next(), "needMore");
    }
    scanner.push(header.subarray(4));
    assert.equal(scanner.next(), "tooLarge");
    assert.equal(scanner.announcedBytes, 0xffff_ffff);
  });

  test("tells compressed frames from bad flags", () => {
    assert.equal(scan([Buffer.from([1, 0, 0, 0, 0])]).last, "compressed");
    assert.equal(scan([Buffer.from([2, 0, 0, 0, 0])]).last, "badFlag");
    assert.equal(scan([Buffer.from([0, 0]), Buffer.from([0, 0, 0])]).messages.length, 1);
  });

  test("knows that a stream ended inside of a message", () => {
    assert.equal(scan([frameOf(Buffer.alloc(3))]).pendingBytes, 0);
    assert.equal(scan([frameOf(Buffer.alloc(3)).subarray(0, 7)]).pendingBytes, 7);
  });
});
