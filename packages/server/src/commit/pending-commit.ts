// SPDX-License-Identifier: Apache-2.0
import type { ColumnBlock } from "@sluice/delta";
import { ServerError } from "../errors.ts";
import type { EncodingFile } from "./encoder-pool.ts";
import type { EncodedFile } from "./encoder-protocol.ts";
import type { FileLayout } from "./file-layout.ts";

/** What rows are encoded for. */
export interface RowTarget {
  /** Rows of targets with the same key go to one file of a commit. */
  readonly key: string;
  readonly layout: FileLayout;
  /** Given for rows that the table does not take any more, which are kept beside it: what stands against them. */
  readonly rejection?: string;
}

/** Rows that are complete, and what they are for. */
export interface SealedRows {
  readonly target: RowTarget;
  readonly block: ColumnBlock;
}

/** Acknowledged rows that a table does not take any more, in a file beside its own. */
export interface RejectedFile {
  /** Relative to the table. */
  readonly path: string;
  readonly rowCount: number;
  readonly reason: string;
}

/** All files of one commit, complete and synced. */
export interface FinishedCommit {
  readonly files: readonly EncodedFile[];
  readonly rejected: readonly RejectedFile[];
}

interface TargetFile {
  readonly target: RowTarget;
  readonly encoding: EncodingFile;
  rowCount: number;
}

/** @param index of the file in its commit. */
export type OpenTargetFile = (
  target: RowTarget,
  startPosition: number,
  index: number,
) => EncodingFile;

/** The rows that are to become visible together: as many files as there are targets, one as a rule. */
export class PendingCommit {
  /** Log position in front of the first entry. */
  readonly startPosition: number;
  /** Log position of the last entry. */
  endPosition: number;
  /** In memory, before compression. */
  byteLength = 0;
  readonly #open: OpenTargetFile;
  readonly #files = new Map<string, TargetFile>();

  constructor(startPosition: number, open: OpenTargetFile) {
    this.startPosition = startPosition;
    this.endPosition = startPosition;
    this.#open = open;
  }

  /** Opens the file of a target, if that is not done. @throws ServerError when it cannot be. */
  prepare(target: RowTarget): void {
    this.#fileFor(target);
  }

  /** Adds rows. The block belongs to the encoder from now on. */
  add({ target, block }: SealedRows, byteLength: number): void {
    const file = this.#fileFor(target);
    file.rowCount += block.rowCount;
    this.byteLength += byteLength;
    file.encoding.addBlock(block);
  }

  /** Completes and syncs all files; rejects with the first failure when each has settled. */
  async finish(): Promise<FinishedCommit> {
    const open = [...this.#files.values()].filter((file) => {
      if (file.rowCount === 0) file.encoding.abort();
      return file.rowCount > 0;
    });
    const outcomes = await Promise.allSettled(open.map(finishFile));
    const files: EncodedFile[] = [];
    const rejected: RejectedFile[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === "rejected") throw outcome.reason;
      const reason = open[index]?.target.rejection;
      if (reason === undefined) files.push(...outcome.value);
      else
        rejected.push(...outcome.value.map(({ path, rowCount }) => ({ path, rowCount, reason })));
    }
    return { files, rejected };
  }

  /** Gives all files up. */
  abort(): void {
    for (const { encoding } of this.#files.values()) encoding.abort();
  }

  #fileFor(target: RowTarget): TargetFile {
    let file = this.#files.get(target.key);
    if (file === undefined) {
      const encoding = this.#open(target, this.startPosition, this.#files.size);
      file = { target, encoding, rowCount: 0 };
      this.#files.set(target.key, file);
    }
    return file;
  }
}

async function finishFile({ encoding, rowCount }: TargetFile): Promise<readonly EncodedFile[]> {
  const files = await encoding.finish();
  const encodedCount = files.reduce((sum, file) => sum + file.rowCount, 0);
  if (encodedCount === rowCount) return files;
  const paths = files.map(({ path }) => path).join(", ");
  const message = `${paths}: ${encodedCount} rows instead of ${rowCount}`;
  throw new ServerError("internal", message);
}
