// SPDX-License-Identifier: Apache-2.0
import type { Pressure } from "../pressure.ts";
import type { Journal } from "./journal.ts";
import { LogDefinitions } from "./log-definitions.ts";
import type { ReplayCounts, TableReplay } from "./table-replay.ts";

export interface ReplayLogOptions {
  readonly journal: Journal;
  readonly tableName: string;
  readonly replay: TableReplay;
  /** Entries up to here are passed over: the table has them. */
  readonly fromPosition: number;
  /** Tables whose records nobody wants any more. */
  readonly droppedTableIds: ReadonlySet<string>;
  /** What has to keep up. */
  readonly stages: readonly Pressure[];
  /** Whether somebody still wants the result. */
  readonly isWanted: () => boolean;
}

const READ_BYTES = 1024 * 1024;

/** Brings everything that the log has of a table now into the table's replay. */
export async function replayLog(options: ReplayLogOptions): Promise<ReplayCounts> {
  const { journal, tableName, replay, fromPosition, droppedTableIds, stages, isWanted } = options;
  const endPosition = journal.nextPosition;
  await journal.whenDurable(endPosition);
  const reader = journal.reader();
  const definitions = new LogDefinitions();
  const counts = { recoveredRecords: 0, rejectedRecords: 0 };
  for (;;) {
    const entries = await reader.next(READ_BYTES);
    if (entries.length === 0) return counts;
    for (const { bytes, position } of entries) {
      if (position > endPosition) return counts;
      const frames = definitions.read(bytes, position);
      if (frames?.definition.tableName !== tableName || position <= fromPosition) continue;
      if (droppedTableIds.has(frames.definition.tableId)) continue;
      await relief(stages);
      if (!isWanted()) return counts;
      const added = replay.add(frames, position);
      counts.recoveredRecords += added.recoveredRecords;
      counts.rejectedRecords += added.rejectedRecords;
    }
  }
}

/** Waits for stages that are behind, so that the columns of a long log are not all in memory at once. */
export async function relief(stages: readonly Pressure[]): Promise<void> {
  for (;;) {
    const saturated = stages.find((stage) => stage.isSaturated);
    if (saturated === undefined) return;
    await new Promise<void>((resolve) => {
      saturated.whenRelieved(resolve);
    });
  }
}
