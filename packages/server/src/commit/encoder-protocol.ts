// SPDX-License-Identifier: Apache-2.0
import type { ColumnBlock, PartitionValues } from "@sluice/delta";
import type { FileLayout } from "./file-layout.ts";

/** What the server sends to an encoder worker. Messages of one file come in this order: open, block*, finish or abort. */
export type EncoderRequest =
  | {
      readonly kind: "open";
      readonly fileId: number;
      readonly tableLocation: string;
      readonly layout: FileLayout;
      readonly maxOpenPartitions: number;
      /** Relative to the table; `undefined` for a new data file's name. */
      readonly path: string | undefined;
    }
  | { readonly kind: "block"; readonly fileId: number; readonly block: ColumnBlock }
  | { readonly kind: "finish"; readonly fileId: number }
  | { readonly kind: "abort"; readonly fileId: number };

/** A data file that is complete and synced. */
export interface EncodedFile {
  /** Relative to the table, not URL-encoded. */
  readonly path: string;
  readonly byteLength: number;
  readonly modificationTimeMs: number;
  readonly rowCount: number;
  /** `add.stats` */
  readonly statisticsJson: string;
  /** Where the table is partitioned. */
  readonly partitionValues?: PartitionValues;
}

/** What an encoder worker answers. */
export type EncoderResponse =
  /** The worker is done with the memory of the oldest block of the file. */
  | { readonly kind: "blockWritten"; readonly fileId: number }
  | { readonly kind: "finished"; readonly fileId: number; readonly files: readonly EncodedFile[] }
  | { readonly kind: "failed"; readonly fileId: number; readonly message: string };
