// SPDX-License-Identifier: Apache-2.0
import { parentPort } from "node:worker_threads";
import { createGzipCompressor, createZstdCompressor } from "@sluice/delta";
import type { EncodedFile, EncoderRequest, EncoderResponse } from "./encoder-protocol.ts";
import { PartitionedFile } from "./partitioned-file.ts";
import { WorkerFile, type WorkerFileContext } from "./worker-file.ts";

type OpenFile = WorkerFile | PartitionedFile;

const port = parentPort;
if (port === null) throw new Error("the encoder worker must be started as a worker thread");

let lastSync: Promise<unknown> = Promise.resolve();
const context: WorkerFileContext = {
  compressors: { zstd: await createZstdCompressor(), gzip: createGzipCompressor() },
  afterSyncs: (sync) => {
    const result = lastSync.then(sync);
    lastSync = result.catch(() => undefined);
    return result;
  },
};
const files = new Map<number, OpenFile>();

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
    const isPartitioned = request.layout.partitionFields.length > 0;
    const file = isPartitioned
      ? new PartitionedFile(request, context)
      : new WorkerFile(request, context);
    files.set(fileId, file);
    return;
  }
  const file = files.get(fileId);
  // A file that has failed is gone; its later messages are void.
  if (file === undefined) return;
  switch (request.kind) {
    case "block":
      file.addBlock(request.block);
      respond({ kind: "blockWritten", fileId });
      return;
    case "finish":
      files.delete(fileId);
      finish(fileId, file);
      return;
    case "abort":
      files.delete(fileId);
      file.abort();
  }
}

function finish(fileId: number, file: OpenFile): void {
  const finished: Promise<EncodedFile | readonly EncodedFile[]> = file.finish();
  finished.then(
    (encoded) => respond({ kind: "finished", fileId, files: [encoded].flat() }),
    (cause: unknown) => fail(fileId, file, cause),
  );
}

function fail(fileId: number, file: OpenFile | undefined, cause: unknown): void {
  file?.abort();
  files.delete(fileId);
  const message = cause instanceof Error ? cause.message : String(cause);
  respond({ kind: "failed", fileId, message });
}

function respond(response: EncoderResponse): void {
  port?.postMessage(response);
}
