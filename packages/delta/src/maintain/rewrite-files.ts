// SPDX-License-Identifier: Apache-2.0
import type { ColumnBlock } from "../columns/column-block.ts";
import { joinSmallBlocks } from "../columns/join-small-blocks.ts";
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
    for await (const block of joinSmallBlocks(blocksOf(request))) {
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

async function* blocksOf({
  components,
  snapshot,
  files,
  signal,
}: RewriteRequest): AsyncGenerator<ColumnBlock, void, undefined> {
  const options = signal === undefined ? {} : { signal };
  for (const file of files) yield* readBlocks(components.store, file, snapshot, options);
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
