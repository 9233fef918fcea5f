// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  BlockBuilder,
  columnSpecsOf,
  copyRows,
  ParquetFileEncoder,
  parseColumnList,
  PartitionSplitter,
  type StructType,
} from "@sluice/delta";
import { compileJsonDecoder } from "../../../src/columns/json/compile-json-decoder.ts";
import { jsonOf, randomPlain, randomSchema } from "./nested-support.ts";
import { below, fuzzSettings, planOf, progressOf, randomOf } from "./support.ts";

function decoded(schema: StructType, texts: readonly string[]): BlockBuilder {
  const builder = new BlockBuilder(columnSpecsOf(schema), 4);
  const decoder = planOf(compileJsonDecoder(schema)).bind(builder);
  for (const text of texts) {
    const bytes = Buffer.from(text);
    assert.ok(decoder.decode(bytes, 0, bytes.length), decoder.failure?.message);
  }
  return builder;
}

/** The same for equal rows, whatever a builder has in the places of nulls. */
function fileOf(schema: StructType, builder: BlockBuilder): Buffer {
  const encoder = new ParquetFileEncoder(schema, { compression: "uncompressed" });
  const parts = encoder.addRowGroup(builder.seal()).map((part) => Buffer.from(part));
  return Buffer.concat([...parts, ...encoder.finish().tail]);
}

describe("rows copied between blocks", () => {
  it("are those that were decoded, in any order, of any type", () => {
    const { seed, rounds } = fuzzSettings(200);
    const progress = progressOf(seed, rounds);
    for (let round = 0; round < rounds; round++) {
      progress(round);
      const random = randomOf(seed + round);
      const schema = randomSchema(random);
      const texts = Array.from({ length: below(random, 30) }, () => {
        const members = schema.fields.map(({ name, type, nullable }) => {
          const value = randomPlain(random, type, nullable);
          return `${JSON.stringify(name)}:${jsonOf(random, type, value)}`;
        });
        return `{${members.join(",")}}`;
      });
      const rows = texts.map((_, row) => row).filter(() => random() < 0.6);
      rows.sort(() => random() - 0.5);
      const half = Math.floor(rows.length / 2);
      const block = decoded(schema, texts).seal();
      const copy = new BlockBuilder(columnSpecsOf(schema), 4);
      const all = schema.fields.map((_, index) => index);
      for (const part of [rows.slice(0, half), rows.slice(half)]) copyRows(block, all, part, copy);
      const expected = decoded(
        schema,
        rows.map((row) => texts[row] as string),
      );
      assert.deepEqual(fileOf(schema, copy), fileOf(schema, expected));
    }
  });
});

describe("the partitions of a block", () => {
  it("are told by the texts of the values: NULL and the empty text are one, 0 and -0 are not", () => {
    const schema = parseColumnList("s STRING, d DOUBLE, b BINARY");
    const builder = decoded(schema, [
      '{"s":"","d":0}',
      '{"s":null,"d":0}',
      '{"s":"x","d":-0.0}',
      '{"s":"x","d":0}',
      '{"s":"","d":0,"b":"aGk="}',
    ]);
    const fields = schema.fields.map((field) => ({ field, physicalName: `p-${field.name}` }));
    const parts = (names: readonly string[]): unknown[] =>
      new PartitionSplitter(
        schema,
        fields.filter(({ field }) => names.includes(field.name)),
      )
        .split(builder)
        .map(({ values, rows }) => [values, rows]);
    assert.deepEqual(parts(["s"]), [
      [{ "p-s": null }, [0, 1, 4]],
      [{ "p-s": "x" }, [2, 3]],
    ]);
    assert.deepEqual(parts(["d"]), [
      [{ "p-d": "0.0" }, [0, 1, 3, 4]],
      [{ "p-d": "-0.0" }, [2]],
    ]);
    assert.deepEqual(parts(["b"]), [
      [{ "p-b": null }, [0, 1, 2, 3]],
      [{ "p-b": "hi" }, [4]],
    ]);
    assert.equal(parts(["s", "d", "b"]).length, 4);
  });

  it("have the directories that other engines give them", () => {
    const schema = parseColumnList("day DATE, s STRING");
    const builder = decoded(schema, ['{"day":19000,"s":"a/b"}', "{}"]);
    const fields = schema.fields.map((field) => ({ field, physicalName: field.name }));
    const directories = new PartitionSplitter(schema, fields)
      .split(builder)
      .map(({ directory }) => directory);
    const none = "__HIVE_DEFAULT_PARTITION__";
    assert.deepEqual(directories, ["day=2022-01-08/s=a%2Fb", `day=${none}/s=${none}`]);
  });
});
