// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { parentPort } from "node:worker_threads";
import {
  createZstdCompressor,
  LocalDataFile,
  newDataFilePath,
  ParquetFileEncoder,
  statisticsToJson,
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
/** One file is synced at a time: syncs take threads that the log's own syncs need as well. */
let lastSync: Promise<void> = Promise.resolve();

port.on("message", (request: EncoderRequest) => {
  const file = files.get(request.fileId);
  try {
    handle(request);
  } catch (cause) {
    fail(request.fileId, file, cause);
  }
});

function handle(request: EncoderRequest): void {
  const { fileId } = request;
  if (request.kind === "open") {
    const path = request.path ?? newDataFilePath(randomUUID);
    files.set(fileId, {
      encoder: new ParquetFileEncoder(request.schema, { compression: "zstd", compressor }),
      target: new LocalDataFile(request.tableLocation, path),
      rowCount: 0,
    });
    return;
  }
  const file = files.get(fileId);
  // A file that has failed is gone; its later messages are void.
  if (file === undefined) return;
  switch (request.kind) {
    case "block":
      file.target.writeParts(file.encoder.addRowGroup(request.block));
      file.rowCount += request.block.rowCount;
      respond({ kind: "blockWritten", fileId });
      return;
    case "finish":
      files.delete(fileId);
      finish(fileId, file);
      return;
    case "abort":
      files.delete(fileId);
      file.target.abort();
  }
}

/** Ends the file at once, and answers when it is synced; blocks of other files are encoded meanwhile. */
function finish(fileId: number, file: OpenFile): void {
  const { tail, statistics } = file.encoder.finish();
  file.target.writeParts(tail);
  lastSync = lastSync
    .then(() => file.target.finish())
    .then(
      ({ sizeBytes, modificationTimeMs }) => {
        const encoded: EncodedFile = {
          path: file.target.path,
          byteLength: sizeBytes,
          modificationTimeMs,
          rowCount: file.rowCount,
          statisticsJson: statisticsToJson(statistics),
        };
        respond({ kind: "finished", fileId, file: encoded });
      },
      (cause: unknown) => fail(fileId, file, cause),
    );
}

function fail(fileId: number, file: OpenFile | undefined, cause: unknown): void {
  file?.target.abort();
  files.delete(fileId);
  const message = cause instanceof Error ? cause.message : String(cause);
  respond({ kind: "failed", fileId, message });
}

function respond(response: EncoderResponse): void {
  port?.postMessage(response);
}
