// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  BlockBuilder,
  type ColumnBlock,
  columnSpecsOf,
  createGzipCompressor,
  createTable,
  createZstdCompressor,
  parseColumnList,
  type StructType,
  writePlanOf,
} from "@sluice/delta";
import { compileJsonDecoder } from "../../../src/columns/json/compile-json-decoder.ts";
import { PartitionedFile } from "../../../src/commit/partitioned-file.ts";
import { layoutOf } from "../../../src/ingest/layout-of.ts";
import { makeDirectory } from "../../support/test-server.ts";
import { planOf } from "../columns/support.ts";

const MAX_OPEN_PARTITIONS = 3;
const PARTITION_COUNT = 200;

function blockOf(schema: StructType): ColumnBlock {
  const builder = new BlockBuilder(columnSpecsOf(schema), PARTITION_COUNT);
  const decoder = planOf(compileJsonDecoder(schema)).bind(builder);
  for (let id = 0; id < PARTITION_COUNT; id++) {
    const bytes = Buffer.from(JSON.stringify({ id, day: `d${id}` }));
    assert.ok(decoder.decode(bytes, 0, bytes.length), decoder.failure?.message);
  }
  return builder.seal();
}

describe("files of the partitions of one commit", () => {
  it("are synced as they come where there are many, and hold every row once", async () => {
    const location = await makeDirectory();
    const schema = parseColumnList("id BIGINT, day STRING");
    const table = await createTable({ location, schema, partitionBy: ["day"] });
    const layout = layoutOf(writePlanOf(table.snapshot()), { schema, defaults: new Map() });
    let waitingCount = 0;
    const file = new PartitionedFile(
      { tableLocation: location, layout, path: undefined, maxOpenPartitions: MAX_OPEN_PARTITIONS },
      {
        compressors: { zstd: await createZstdCompressor(), gzip: createGzipCompressor() },
        afterSyncs: async (sync) => {
          waitingCount++;
          return sync();
        },
      },
    );
    file.addBlock(blockOf(schema));
    assert.equal(waitingCount, MAX_OPEN_PARTITIONS);
    const encoded = await file.finish();
    assert.equal(encoded.length, PARTITION_COUNT);
    assert.equal(new Set(encoded.map(({ path }) => path)).size, PARTITION_COUNT);
    for (const { path, rowCount, byteLength } of encoded) {
      assert.equal(rowCount, 1);
      assert.equal((await stat(join(location, path))).size, byteLength);
    }
    await rm(location, { recursive: true });
  });
});
