// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import {
  type BlockBuilder,
  createTable,
  ParquetFileEncoder,
  statisticsToJson,
  type StructType,
} from "@sluice/delta";
import { runPython, runSpark, skipWithoutPython, skipWithoutSpark } from "@sluice/testkit";
import { compileJsonDecoder } from "../../src/columns/json/compile-json-decoder.ts";
import { compileProtoDecoder } from "../../src/columns/proto/compile-proto-decoder.ts";
import { nestedMessageOf, protoValueOf } from "../unit/columns/nested-proto.ts";
import { jsonOf, type Plain, randomPlain, randomSchema } from "../unit/columns/nested-support.ts";
import { below, bind, fuzzSettings, planOf, randomOf } from "../unit/columns/support.ts";

describe("nested records, as JSON and as protobuf,", () => {
  it("are read back by other readers", { skip: skipWithoutPython }, async (context) => {
    await withManifest(context, (manifest) => runPython("parquet/compare_nested.py", manifest));
  });

  it("are read back by Spark", { skip: skipWithoutSpark }, async (context) => {
    await withManifest(context, (manifest) => runSpark("parquet/compare_spark.py", manifest));
  });
});

async function withManifest(
  context: TestContext,
  compare: (manifest: string) => void,
): Promise<void> {
  const { seed } = fuzzSettings(1);
  context.diagnostic(`SLUICE_FUZZ_SEED=${seed}`);
  const random = randomOf(seed);
  const directory = mkdtempSync(join(tmpdir(), "sluice-nested-"));
  try {
    const tables = [];
    for (let index = 0; index < 12; index++) {
      tables.push(await writeTable(random, directory, `table-${index}`));
    }
    const manifest = join(directory, "manifest.json");
    writeFileSync(manifest, JSON.stringify({ tables }));
    compare(manifest);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** One file from JSON and one from protobuf, each with the rows of the other in another order of pages. */
async function writeTable(random: () => number, directory: string, path: string): Promise<unknown> {
  const schema = randomSchema(random);
  const rows = Array.from({ length: 1 + below(random, 300) }, () =>
    randomPlain(random, schema, false),
  );
  const table = await createTable({ location: join(directory, path), schema });
  mkdirSync(join(directory, path), { recursive: true });
  const blocks = { json: fromJson(random, schema, rows), proto: fromProto(random, schema, rows) };
  const files = [];
  for (const [name, builder] of Object.entries(blocks)) {
    const encoder = new ParquetFileEncoder(schema, {
      compression: "uncompressed",
      pageRows: 1 + below(random, 100),
    });
    const parts = encoder.addRowGroup(builder.seal());
    const { tail, byteLength, statistics } = encoder.finish();
    const bytes = Buffer.concat([...parts, ...tail]);
    writeFileSync(join(directory, path, `${name}.parquet`), bytes);
    files.push({
      path: `${name}.parquet`,
      sizeBytes: byteLength,
      modificationTimeMs: 0,
      rowCount: rows.length,
      stats: statisticsToJson(statistics),
    });
  }
  const result = await table.append({ files });
  assert.equal(result.kind, "committed");
  const names = files.map((file) => `${path}/${file.path}`);
  return { path, files: names, schema, rows: [...rows, ...rows] };
}

function fromJson(random: () => number, schema: StructType, rows: readonly Plain[]): BlockBuilder {
  const { builder, decoder } = bind(planOf(compileJsonDecoder(schema)), schema);
  for (const row of rows) {
    const text = Buffer.from(jsonOf(random, schema, row));
    const broken = text.subarray(0, below(random, text.length));
    assert.ok(!decoder.decode(broken, 0, broken.length), "half a record leaves no trace");
    const took = decoder.decode(text, 0, text.length);
    assert.ok(took, `${text.toString()}: ${decoder.failure?.message}`);
  }
  return builder;
}

function fromProto(random: () => number, schema: StructType, rows: readonly Plain[]): BlockBuilder {
  const { type, descriptor } = nestedMessageOf(schema, random() < 0.5);
  const mode = random() < 0.5 ? "auto" : "interpreted";
  const { builder, decoder } = bind(
    planOf(compileProtoDecoder(schema, descriptor, { mode })),
    schema,
  );
  for (const row of rows) {
    const value = protoValueOf(schema, row) as { [name: string]: unknown };
    const message = type.encode(type.create(value)).finish();
    const broken = Buffer.concat([
      message.subarray(0, below(random, message.length + 1)),
      Buffer.of(0x07),
    ]);
    // What is left may be whole all the same: its row is taken back then.
    if (decoder.decode(broken, 0, broken.length)) builder.truncate(builder.rowCount - 1);
    if (random() < 0.1 && decoder.decode(message, 0, message.length)) {
      builder.truncate(builder.rowCount - 1);
    }
    const took = decoder.decode(message, 0, message.length);
    assert.ok(took, `${Buffer.from(message).toString("hex")}: ${decoder.failure?.message}`);
  }
  return builder;
}
