// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlockBuilder } from "@sluice/delta";
import { compileJsonDecoder } from "../../../src/columns/json/compile-json-decoder.ts";
import { compileProtoDecoder } from "../../../src/columns/proto/compile-proto-decoder.ts";
import { nestedMessageOf, protoValueOf, withoutRivals } from "../../unit/columns/nested-proto.ts";
import {
  jsonOf,
  type Plain,
  randomPlain,
  randomSchema,
} from "../../unit/columns/nested-support.ts";
import {
  below,
  bind,
  cellOf,
  decodeInRun,
  fuzzSettings,
  planOf,
  progressOf,
  randomOf,
} from "../../unit/columns/support.ts";

/** Everything that the columns hold of the first `rowCount` rows. */
function contentOf(builder: BlockBuilder, rowCount: number): unknown[] {
  return builder.columns.map((column, index) => {
    if (column.kind !== "nested") {
      return Array.from({ length: rowCount }, (_, row) => cellOf(builder, index, row));
    }
    return column.leaves.map((leaf) => {
      const entryCount = leaf.entryEnds[rowCount - 1] ?? 0;
      const valueCount = leaf.valueEnds[rowCount - 1] ?? 0;
      const { values } = leaf;
      return [
        leaf.definitions.slice(0, entryCount),
        leaf.repetitions.slice(0, entryCount),
        leaf.entryEnds.slice(0, rowCount),
        values.kind === "bytes"
          ? Buffer.from(values.data.subarray(0, values.startOf(valueCount))).toString("hex")
          : values.values.slice(
              0,
              valueCount * (values.kind === "int64" ? 2 : values.kind === "int128" ? 4 : 1),
            ),
      ];
    });
  });
}

function mutated(random: () => number, bytes: Buffer): Buffer {
  if (bytes.length === 0 || random() < 0.4) return bytes;
  if (random() < 0.3) return bytes.subarray(0, below(random, bytes.length));
  const copy = Buffer.from(bytes);
  for (let count = 0; count < 1 + below(random, 3); count++) {
    copy[below(random, copy.length)] = below(random, 256);
  }
  return copy;
}

test("JSON, generated and interpreted decoders write the same nested columns, whatever was refused before", (context) => {
  const { seed, rounds } = fuzzSettings(3_000);
  context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
  const random = randomOf(seed);
  const progress = progressOf(seed, rounds);
  let accepted = 0;
  for (let round = 0; round < rounds; ) {
    progress(round);
    const schema = randomSchema(random);
    const hasOneofs = random() < 0.5;
    const { type, descriptor } = nestedMessageOf(schema, random() < 0.5, hasOneofs);
    const json = bind(planOf(compileJsonDecoder(schema)), schema);
    const generated = bind(planOf(compileProtoDecoder(schema, descriptor)), schema);
    const interpreted = bind(
      planOf(compileProtoDecoder(schema, descriptor, { mode: "interpreted" })),
      schema,
    );
    const inRun = random() < 0.5;
    const decodeGenerated = (bytes: Buffer): boolean =>
      inRun
        ? decodeInRun(generated, bytes, 0, bytes.length)
        : generated.decoder.decode(bytes, 0, bytes.length);
    const randomRow = (): Plain => randomPlain(random, schema, false);
    const encode = (row: Plain): Buffer => {
      const value = protoValueOf(schema, row) as { [name: string]: unknown };
      return Buffer.from(type.encode(type.create(value)).finish());
    };
    for (let count = 0; count < 40; count++, round++) {
      const row = hasOneofs ? withoutRivals(random, schema, randomRow()) : randomRow();
      const label = `round ${round} ${JSON.stringify(schema)} ${JSON.stringify(row)}`;
      // What comes twice is merged, and of oneofs the last member stays.
      const whole =
        random() < 0.3 ? Buffer.concat([encode(randomRow()), encode(row)]) : encode(row);
      const damaged = mutated(random, whole);
      const rowCount = generated.builder.rowCount;
      const took = decodeGenerated(damaged);
      assert.equal(interpreted.decoder.decode(damaged, 0, damaged.length), took, label);
      if (took) {
        accepted++;
        assert.deepEqual(
          contentOf(generated.builder, rowCount + 1),
          contentOf(interpreted.builder, rowCount + 1),
          label,
        );
      } else assert.deepEqual(generated.decoder.failure, interpreted.decoder.failure, label);
      generated.builder.truncate(rowCount);
      interpreted.builder.truncate(rowCount);
      const brokenText = mutated(random, Buffer.from(jsonOf(random, schema, row)));
      if (json.decoder.decode(brokenText, 0, brokenText.length)) json.builder.truncate(rowCount);

      const message = encode(row);
      assert.ok(decodeGenerated(message), generated.decoder.failure?.message);
      assert.ok(interpreted.decoder.decode(message, 0, message.length), label);
      const text = Buffer.from(jsonOf(random, schema, row));
      assert.ok(
        json.decoder.decode(text, 0, text.length),
        `${label} ${json.decoder.failure?.message}`,
      );
    }
    const { rowCount } = json.builder;
    assert.deepEqual(contentOf(json.builder, rowCount), contentOf(interpreted.builder, rowCount));
    assert.deepEqual(
      contentOf(generated.builder, rowCount),
      contentOf(interpreted.builder, rowCount),
    );
  }
  assert.ok(accepted > rounds / 4, `only ${accepted} of ${rounds} messages were accepted`);
});
