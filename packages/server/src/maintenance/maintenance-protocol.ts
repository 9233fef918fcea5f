// SPDX-License-Identifier: Apache-2.0
import type { CheckpointFiles } from "@sluice/delta";

/** One piece of work on a table. */
export type MaintenanceTask = "checkpoint" | "compact" | "cleanUpLog" | "vacuum";

/** What the scheduler sends to its worker; one request at a time. */
export interface MaintenanceRequest {
  readonly task: MaintenanceTask;
  /** Directory of the table. */
  readonly location: string;
  /** Bytes of data files that one compaction reads at most; the next one goes on. */
  readonly maxCompactionBytes: number;
}

/** What became of a task. */
export type MaintenanceResult =
  | {
      readonly task: "checkpoint";
      readonly checkpoint: CheckpointFiles;
      /** `metaData.id` of the table that it is of. */
      readonly tableId: string;
    }
  | {
      readonly task: "compact";
      readonly removedFileCount: number;
      readonly addedFileCount: number;
    }
  /** Files of the log, or data files that no version needs any more. */
  | { readonly task: "cleanUpLog" | "vacuum"; readonly deletedCount: number };

export type MaintenanceResponse =
  | { readonly kind: "done"; readonly result: MaintenanceResult }
  | { readonly kind: "failed"; readonly message: string };
