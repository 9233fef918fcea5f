// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { parentPort } from "node:worker_threads";
import {
  createZstdCompressor,
  LocalDataFile,
  newDataFilePath,
  ParquetFileEncoder,
  statisticsToJson,
  transferablesOf,
} from "@sluice/delta";
import type { EncodedFile, EncoderRequest, EncoderResponse } from "./encoder-protocol.ts";

interface OpenFile {
  readonly encoder: ParquetFileEncoder;
  readonly target: LocalDataFile;
  rowCount: number;
}

const port = parentPort;
if (port === null) throw new Error("the encoder worker must be started as a worker thread");

const compressor = await createZstdCompressor();
const files = new Map<number, OpenFile>();

port.on("message", (request: EncoderRequest) => {
  try {
    handle(request);
  } catch (cause) {
    files.get(request.fileId)?.target.abort();
    files.delete(request.fileId);
    const message = cause instanceof Error ? cause.message : String(cause);
    respond({ kind: "failed", fileId: request.fileId, message });
  }
});

function handle(request: EncoderRequest): void {
  const { fileId } = request;
  if (request.kind === "open") {
    files.set(fileId, {
      encoder: new ParquetFileEncoder(request.schema, { compression: "zstd", compressor }),
      target: new LocalDataFile(request.tableLocation, newDataFilePath(randomUUID)),
      rowCount: 0,
    });
    return;
  }
  const file = files.get(fileId);
  // A file that has failed is gone; its later messages are void.
  if (file === undefined) return;
  switch (request.kind) {
    case "block":
      for (const bytes of file.encoder.addRowGroup(request.block)) file.target.write(bytes);
      file.rowCount += request.block.rowCount;
      respond(
        { kind: "blockWritten", fileId, block: request.block },
        transferablesOf(request.block),
      );
      return;
    case "finish":
      files.delete(fileId);
      respond({ kind: "finished", fileId, file: finish(file) });
      return;
    case "abort":
      files.delete(fileId);
      file.target.abort();
  }
}

function finish(file: OpenFile): EncodedFile {
  const { tail, statistics } = file.encoder.finish();
  for (const bytes of tail) file.target.write(bytes);
  const { sizeBytes, modificationTimeMs } = file.target.finish();
  return {
    path: file.target.path,
    byteLength: sizeBytes,
    modificationTimeMs,
    rowCount: file.rowCount,
    statisticsJson: statisticsToJson(statistics),
  };
}

function respond(response: EncoderResponse, moved: readonly ArrayBuffer[] = []): void {
  port?.postMessage(response, moved);
}
