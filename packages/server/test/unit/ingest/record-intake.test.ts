// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockBuilder, columnSpecsOf } from "@sluice/delta";
import { FrameScanner, IngestReader, MAX_MESSAGE_BYTES } from "@sluice/protocol";
import type { ServerError } from "../../../src/errors.ts";
import { compileProtoDecoder } from "../../../src/columns/proto/compile-proto-decoder.ts";
import { RecordIntake } from "../../../src/ingest/record-intake.ts";
import type { TableWriter } from "../../../src/ingest/table-writer.ts";
import type { Journal } from "../../../src/journal/journal.ts";
import { AckQueue } from "../../../src/session/ack-queue.ts";
import { batchFrame, recordFrame } from "../../support/raw-stream.ts";
import { column, descriptorOf, planOf, rowOf, struct } from "../columns/support.ts";

const SCHEMA = struct(column("name", "string"), column("note", "string"));
const DESCRIPTOR = descriptorOf([
  { name: "name", number: 1, type: "string" },
  { name: "note", number: 2, type: "string" },
]);

function text(field: number, bytes: Buffer | string): Buffer {
  const value = Buffer.from(bytes);
  const length =
    value.length < 128 ? [value.length] : [(value.length & 127) | 128, value.length >> 7];
  return Buffer.concat([Buffer.from([field * 8 + 2, ...length]), value]);
}

const INVALID = Buffer.from([0x61, 0xc3]);
/** A float64 NaN in its eight bytes. */
const NAN_BYTES = Buffer.from([0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0xf0, 0x7f]);
const LONG = "水🚰 text of many bytes ".repeat(20);

interface Outcome {
  readonly fault: ServerError | undefined;
  readonly names: readonly unknown[];
  readonly appended: Buffer;
  readonly nextOffset: number;
}

/** What becomes of chunks; ends at the first fault, as a session does. */
function take(chunks: readonly Buffer[], mode: "auto" | "interpreted"): Outcome {
  const builder = new BlockBuilder(columnSpecsOf(SCHEMA), 4);
  const appended: Buffer[] = [];
  const journal = {
    nextPosition: 0,
    append(_definition: unknown, buffer: Uint8Array, start: number, end: number): number {
      appended.push(Buffer.from(buffer.subarray(start, end)));
      return 1;
    },
  };
  const plan = planOf(compileProtoDecoder(SCHEMA, DESCRIPTOR, { mode }));
  const writer = {
    builder,
    tableName: "t",
    maxBatchRecords: 10,
    rowsLogged: () => undefined,
  } as unknown as TableWriter;
  const path = {
    decoder: plan.bind(builder),
    bind: (own: BlockBuilder) => plan.bind(own),
    definition: {
      schema: { schemaId: 1, entry: Buffer.alloc(0), writtenInSegment: -1 },
      entry: Buffer.alloc(0),
      framesHeader: Buffer.alloc(0),
      writtenInSegment: -1,
    },
  };
  const intake = new RecordIntake(
    { target: { writer, path }, format: "proto" },
    journal as unknown as Journal,
    new AckQueue(),
  );
  const scanner = new FrameScanner(MAX_MESSAGE_BYTES);
  const message = new IngestReader();
  let fault: ServerError | undefined;
  for (const chunk of chunks) {
    scanner.push(chunk);
    while (fault === undefined) {
      fault = intake.takeRecords(scanner);
      if (fault !== undefined || scanner.next() !== "message") break;
      assert.ok(message.read(scanner.buffer, scanner.start, scanner.end));
      fault = intake.take(scanner, message);
    }
    fault = intake.flush() ?? fault;
    scanner.release();
    if (fault !== undefined) break;
  }
  return {
    fault,
    names: Array.from({ length: builder.rowCount }, (_, row) => rowOf(builder, row)),
    appended: Buffer.concat(appended),
    nextOffset: intake.nextOffset,
  };
}

function record(offset: number, ...fields: readonly Buffer[]): Buffer {
  return Buffer.from(recordFrame(offset, "proto", Buffer.concat(fields)));
}

function batch(offset: number, ...records: readonly Buffer[]): Buffer {
  return Buffer.from(batchFrame(offset, "proto", records));
}

/** Both decoders, and the frames cut in two in many places. */
function takesAlike(
  frames: readonly Buffer[],
  takenCount: number,
  fault: RegExp | undefined,
): void {
  const bytes = Buffer.concat(frames);
  const expected = take([bytes], "interpreted");
  assert.equal(expected.nextOffset, takenCount);
  assert.deepEqual(expected.appended, Buffer.concat(frames.slice(0, takenCount)));
  if (fault === undefined) assert.equal(expected.fault, undefined);
  else assert.match(expected.fault?.message ?? "", fault);
  const step = bytes.length > 1000 ? 11 : 1;
  for (let cut = 0; cut < bytes.length; cut += step) {
    const outcome = take([bytes.subarray(0, cut), bytes.subarray(cut)], "auto");
    assert.deepEqual({ ...outcome, fault: undefined }, { ...expected, fault: undefined });
    assert.equal(outcome.fault?.message, expected.fault?.message, `cut at ${cut}`);
  }
}

describe("record intake", () => {
  it("takes the same records whatever their lengths and however chunks are cut", () => {
    const texts = ["", "a", "abc", "abcd", "1234567", "12345678", "123456789", LONG, "\u0000"];
    const frames = texts.map((value, offset) => record(offset, text(1, value), text(2, LONG)));
    takesAlike([...frames, batch(9, text(2, LONG), Buffer.alloc(0)), record(10)], 11, undefined);
  });

  for (const invalid of [INVALID, NAN_BYTES, Buffer.from([0x80]), Buffer.from([0xc3])]) {
    it(`names the record whose text is not UTF-8 (${invalid.toString("hex")})`, () => {
      const rest = [record(3, text(1, "later")), record(4, text(1, invalid))];
      const frames = [record(0, text(1, LONG)), record(1, text(2, "b"))];
      const bad = record(2, text(1, "c"), text(2, invalid));
      takesAlike([...frames, bad, ...rest], 2, /^record at offset 2, field "note": .* UTF-8$/);
    });
  }

  it("does not join the end of one text to the start of the next", () => {
    const frames = [
      record(0, text(1, Buffer.from([0xc3]))),
      record(1, text(1, Buffer.from([0xa9]))),
    ];
    takesAlike(frames, 0, /^record at offset 0, field "name"/);
  });

  it("names text that is not UTF-8 before what is wrong with a later message", () => {
    const bad = record(1, text(1, INVALID));
    takesAlike(
      [record(0), bad, record(2, Buffer.from([0x0a, 9]))],
      1,
      /^record at offset 1.*UTF-8$/,
    );
    takesAlike([record(0), bad, record(7)], 1, /^record at offset 1.*UTF-8$/);
  });

  it("names the first fault of a batch, and takes none of it", () => {
    const records = [text(1, "a"), text(1, INVALID), Buffer.from([0x0a, 9])];
    takesAlike(
      [record(0), batch(1, ...records)],
      1,
      /^record at offset 1 \(record 1 of its batch\)/,
    );
    takesAlike([record(0), batch(1, text(1, "a"), text(2, INVALID))], 1, /field "note"/);
  });

  it("refuses text that is not UTF-8 and replaced in the same record", () => {
    const bad = record(1, text(1, INVALID), text(1, "fine"));
    takesAlike([record(0), bad, record(2)], 1, /^record at offset 1, field "name": .* UTF-8$/);
    takesAlike([record(0, text(1, "first"), text(1, LONG))], 1, undefined);
  });
});
