// SPDX-License-Identifier: Apache-2.0
import { addAbortSignal, type Readable } from "node:stream";

/** All bytes of an answer's body. The signal ends it even where nothing comes any more. */
export async function readStream(stream: Readable, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of addAbortSignal(signal, stream)) chunks.push(chunk as Uint8Array);
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}
