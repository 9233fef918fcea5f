// SPDX-License-Identifier: Apache-2.0
import type { CheckpointFiles } from "@sluice/delta";

/** One piece of work on a table. */
export type MaintenanceTask = "checkpoint" | "cleanUpLog";

/** What the scheduler sends to its worker; one request at a time. */
export interface MaintenanceRequest {
  readonly task: MaintenanceTask;
  /** Directory of the table. */
  readonly location: string;
}

/** What became of a task. */
export type MaintenanceResult =
  | {
      readonly task: "checkpoint";
      readonly checkpoint: CheckpointFiles;
      /** `metaData.id` of the table that it is of. */
      readonly tableId: string;
    }
  | { readonly task: "cleanUpLog"; readonly deletedCount: number };

export type MaintenanceResponse =
  | { readonly kind: "done"; readonly result: MaintenanceResult }
  | { readonly kind: "failed"; readonly message: string };
