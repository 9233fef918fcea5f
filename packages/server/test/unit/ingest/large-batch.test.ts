// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockBuilder, columnSpecsOf } from "@sluice/delta";
import { FRAME_HEADER_BYTES, IngestReader } from "@sluice/protocol";
import { compileProtoDecoder } from "../../../src/columns/proto/compile-proto-decoder.ts";
import { ServerError } from "../../../src/errors.ts";
import { LargeBatch } from "../../../src/ingest/large-batch.ts";
import { batchFrame } from "../../support/raw-stream.ts";
import { column, descriptorOf, hexOf, planOf, rowOf, struct } from "../columns/support.ts";

const SCHEMA = struct(column("name", "string"));
const DESCRIPTOR = descriptorOf([{ name: "name", number: 1, type: "string" }]);

function named(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
}

const GOOD = Array.from({ length: 100 }, (_, index) => named(Buffer.from(`größe ${index}`)));
const NOT_TEXT = named(Buffer.from([0x61, 0xc3]));
const TRUNCATED = Buffer.from([0x0a, 0x05, 0x61]);

for (const mode of ["auto", "interpreted"] as const) {
  const begin = (records: readonly Buffer[]): { batch: LargeBatch; builder: BlockBuilder } => {
    const buffer = batchFrame(4, "proto", records);
    const payload = new IngestReader();
    assert.ok(payload.read(buffer, FRAME_HEADER_BYTES, buffer.length));
    const builder = new BlockBuilder(columnSpecsOf(SCHEMA), 4);
    const plan = planOf(compileProtoDecoder(SCHEMA, DESCRIPTOR, { mode }));
    const batch = new LargeBatch({
      tableName: "t",
      offset: 4,
      checks: undefined,
      maxRecords: 150,
      open: () => ({ builder, decoder: plan.bind(builder) }),
      buffer,
      frameStart: 0,
      frameEnd: buffer.length,
      payload,
    });
    return { batch, builder };
  };
  const finish = (batch: LargeBatch, maxWork: number): { turns: number; outcome: unknown } => {
    for (let turns = 1; ; turns++) {
      const outcome = batch.resume(maxWork);
      if (outcome !== "more") return { turns, outcome };
    }
  };

  describe(`large batch (${mode})`, () => {
    it("comes to the same rows in slices of any length", () => {
      for (const maxWork of [1, 50, 333, 100_000]) {
        const { batch, builder } = begin(GOOD);
        const { turns, outcome } = finish(batch, maxWork);
        assert.equal(outcome, "done");
        assert.equal(turns > 1, maxWork < 100_000);
        assert.deepEqual(
          Array.from({ length: 100 }, (_, row) => rowOf(builder, row)),
          GOOD.map((_, index) => [hexOf(`größe ${index}`)]),
        );
        assert.equal(builder.rowCount, 100);
      }
    });

    it("tells the first fault, in whatever slice it is", () => {
      for (const maxWork of [1, 50, 333, 100_000]) {
        const records = [...GOOD.slice(0, 50), NOT_TEXT, ...GOOD.slice(0, 5), TRUNCATED, ...GOOD];
        const { outcome } = finish(begin(records).batch, maxWork);
        assert.ok(outcome instanceof ServerError);
        assert.match(outcome.message, /offset 4 \(record 50 of its batch\), field "name"/);
      }
    });

    it("counts records over all slices", () => {
      const { outcome } = finish(begin([...GOOD, ...GOOD]).batch, 50);
      assert.ok(outcome instanceof ServerError);
      assert.match(outcome.message, /can hold 150 records/);
    });
  });
}
