// SPDX-License-Identifier: Apache-2.0
import type { ChunkTemplates } from "./chunk-templates.ts";

/** The messages of one stream, chunk by chunk, the records again and again. */
export class MessageWriter {
  /** Records written so far. */
  recordCount = 0;
  /** Messages written so far; the offset of the next one. */
  offset = 0;
  readonly #templates: ChunkTemplates;
  #chunkIndex = 0;

  constructor(templates: ChunkTemplates) {
    this.#templates = templates;
  }

  /** The next chunk; cut short where the stream reaches `recordLimit` records in all, which ends it. */
  nextChunk(recordLimit: number): Buffer {
    const templates = this.#templates;
    const chunkIndex = this.#chunkIndex;
    const recordCount = Math.min(
      templates.recordCountOf(chunkIndex),
      recordLimit - this.recordCount,
    );
    const chunk = templates.make(chunkIndex, recordCount, this.offset);
    this.recordCount += recordCount;
    this.offset += templates.messageCountOf(recordCount);
    this.#chunkIndex = (chunkIndex + 1) % templates.chunkCount;
    return chunk;
  }
}
