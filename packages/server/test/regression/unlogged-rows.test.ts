// SPDX-License-Identifier: Apache-2.0
// Rows that the log had refused stayed in the table's builder and were committed with the rows of other streams.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockBuilder, columnSpecsOf, parseColumnList } from "@sluice/delta";
import { FrameScanner, IngestReader, MAX_MESSAGE_BYTES } from "@sluice/protocol";
import { compileDecoder, recordRulesOf } from "../../src/ingest/compile-decoder.ts";
import { RecordIntake } from "../../src/ingest/record-intake.ts";
import type { TableWriter } from "../../src/ingest/table-writer.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { AckQueue } from "../../src/session/ack-queue.ts";
import { recordFrame } from "../support/raw-stream.ts";

describe("records that the log refuses", () => {
  it("leave the builder as it was, and are not acknowledged", () => {
    const schema = parseColumnList("id BIGINT");
    const builder = new BlockBuilder(columnSpecsOf(schema));
    const plan = compileDecoder(recordRulesOf(schema, "t"), "json", new Uint8Array(0), "t", {});
    const decoder = plan.bind(builder);
    // A row of another stream, in the log already.
    const other = Buffer.from('{"id":1}');
    assert.ok(decoder.decode(other, 0, other.length));
    const acks = new AckQueue();
    const refusing = {
      nextPosition: 0,
      append() {
        throw new Error("the log takes nothing now");
      },
    };
    const writer = { builder, tableName: "t", maxBatchRecords: 10, rowsLogged: () => undefined };
    const path = {
      decoder,
      bind: (own: BlockBuilder) => plan.bind(own),
      definition: {
        schema: { schemaId: 1, entry: new Uint8Array(0), writtenInSegment: -1 },
        entry: new Uint8Array(0),
        framesHeader: new Uint8Array(0),
        writtenInSegment: -1,
      },
    };
    const intake = new RecordIntake(
      { target: { writer: writer as unknown as TableWriter, path }, format: "json" },
      refusing as unknown as Journal,
      acks,
    );
    const scanner = new FrameScanner(MAX_MESSAGE_BYTES);
    const message = new IngestReader();
    scanner.push(
      Buffer.concat(
        [0, 1].map((offset) => recordFrame(offset, "json", Buffer.from(`{"id":${offset}}`))),
      ),
    );
    while (scanner.next() === "message") {
      assert.ok(message.read(scanner.buffer, scanner.start, scanner.end));
      assert.equal(intake.take(scanner, message), undefined);
    }
    assert.equal(builder.rowCount, 3);
    assert.throws(() => intake.flush(), /takes nothing now/);
    assert.equal(builder.rowCount, 1);
    assert.ok(acks.isEmpty);
  });
});
