// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compressors } from "hyparquet-compressors";
import {
  builtInZstdCompressor,
  createZstdCompressor,
  nativeZstdCompressor,
  wasmZstdCompressor,
} from "../../../src/parquet/compressor.ts";
import { CODEC } from "../../../src/parquet/format.ts";

const decompress = compressors.ZSTD as (input: Uint8Array, outputBytes: number) => Uint8Array;

describe("zstd compressors", () => {
  it("write frames that another implementation reads, of any size", async () => {
    const found = [
      await wasmZstdCompressor(1),
      await nativeZstdCompressor(1),
      builtInZstdCompressor(1),
    ];
    for (const compressor of found.filter((each) => each !== null)) {
      assert.equal(compressor.codec, CODEC.zstd);
      for (const byteLength of [0, 1, 1000, 1 << 20, 12 << 20]) {
        const input = new Uint8Array(byteLength).map((_, index) => (index * index) >>> 9);
        const output = compressor.compress(input);
        const frame = new Uint8Array(output);
        assert.equal(Buffer.compare(decompress(frame, byteLength), input), 0);
      }
    }
  });

  it("give each output a buffer of its own", async () => {
    const compressor = await wasmZstdCompressor(1);
    const first = compressor.compress(Uint8Array.of(1, 2, 3));
    const copy = first.slice();
    compressor.compress(new Uint8Array(1 << 16).fill(9));
    assert.deepEqual(first, copy);
  });

  it("do not take more memory the more they are called", async () => {
    const compressor = await wasmZstdCompressor(1);
    const input = new Uint8Array(1 << 20).map((_, index) => index * 7);
    for (let call = 0; call < 8; call++) compressor.compress(input);
    const before = process.memoryUsage().rss;
    for (let call = 0; call < 200; call++) compressor.compress(input);
    const grownBytes = process.memoryUsage().rss - before;
    // A leak of the input alone would be 200 MiB.
    assert.ok(grownBytes < 100 << 20, `grew by ${grownBytes} bytes`);
  });

  it("refuse a level outside their range", async () => {
    await assert.rejects(createZstdCompressor(20), /level 20/);
    await assert.rejects(createZstdCompressor(1.5), RangeError);
    const smallest = await createZstdCompressor(-7);
    assert.equal(smallest.codec, CODEC.zstd);
  });
});
