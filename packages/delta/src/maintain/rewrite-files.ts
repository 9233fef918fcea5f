// SPDX-License-Identifier: Apache-2.0
import { type ColumnBlock, memoryOf } from "../columns/column-block.ts";
import { concatBlocks } from "../columns/concat-blocks.ts";
import { compressorFor } from "../parquet/compressor-for.ts";
import { statisticsToJson } from "../parquet/file-statistics.ts";
import { ParquetFileEncoder } from "../parquet/parquet-file-encoder.ts";
import type { ActiveFile } from "../log/file-set.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { partitionDirectory } from "../partition/partition-directory.ts";
import { readBlocks } from "../scan/read-blocks.ts";
import type { ObjectWriter } from "../store/object-store.ts";
import type { ResolvedComponents } from "../table/components.ts";
import { newDataFilePath } from "../table/data-file-path.ts";
import type { AddedFile } from "../table/transaction-request.ts";
import type { WritePlan } from "../writer/write-plan.ts";

export interface RewriteRequest {
  readonly components: ResolvedComponents;
  readonly snapshot: Snapshot;
  readonly plan: WritePlan;
  /** Files of one partition, one or more. */
  readonly files: readonly ActiveFile[];
  readonly signal?: AbortSignal;
}

const MIN_BLOCK_ROWS = 65_536;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/**
 * Writes the rows of files, without those that are deleted, into one new file in their order. Nothing is committed.
 * @returns the new file, durable; none where no row is left.
 */
export async function rewriteFiles(request: RewriteRequest): Promise<readonly AddedFile[]> {
  const { components, plan, files } = request;
  const { store, randomUuid } = components;
  const partitionValues = files[0]?.partitionValues ?? {};
  const directory = partitionDirectory(
    plan.partitionColumns.map(({ physicalName }) => [
      physicalName,
      partitionValues[physicalName] ?? null,
    ]),
  );
  const name = newDataFilePath(randomUuid, 0, plan.compression);
  const writer = store.createWriter(directory === "" ? name : `${directory}/${name}`);
  try {
    const encoder = await encoderOf(plan);
    for await (const block of largeBlocksOf(request)) {
      await writer.write(Buffer.concat(encoder.addRowGroup(block)));
    }
    if (encoder.rowCount === 0) {
      await writer.abort();
      return [];
    }
    return [await finish(writer, encoder, partitionValues)];
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Row groups of the new file are made of many small ones: each costs a reader a look-up, and compresses worse. */
async function* largeBlocksOf({
  components,
  snapshot,
  files,
  signal,
}: RewriteRequest): AsyncGenerator<ColumnBlock, void, undefined> {
  let waiting: ColumnBlock[] = [];
  let rowCount = 0;
  let byteCount = 0;
  for (const file of files) {
    const options = signal === undefined ? {} : { signal };
    for await (const block of readBlocks(components.store, file, snapshot, options)) {
      waiting.push(block);
      rowCount += block.rowCount;
      byteCount += memoryOf(block);
      if (rowCount < MIN_BLOCK_ROWS && byteCount < MAX_WAITING_BYTES) continue;
      yield concatBlocks(waiting);
      waiting = [];
      rowCount = 0;
      byteCount = 0;
    }
  }
  if (waiting.length > 0) yield concatBlocks(waiting);
}

async function encoderOf(plan: WritePlan): Promise<ParquetFileEncoder> {
  const { compression, fileSchema, statisticsColumns } = plan;
  const compressor = await compressorFor(compression);
  return new ParquetFileEncoder(fileSchema, {
    compression,
    ...(compressor === undefined ? {} : { compressor }),
    statisticsColumns,
  });
}

async function finish(
  writer: ObjectWriter,
  encoder: ParquetFileEncoder,
  partitionValues: ActiveFile["partitionValues"],
): Promise<AddedFile> {
  const { tail, statistics } = encoder.finish();
  await writer.write(Buffer.concat(tail));
  return {
    path: writer.path,
    ...(await writer.finish()),
    rowCount: encoder.rowCount,
    partitionValues,
    stats: statisticsToJson(statistics),
  };
}
