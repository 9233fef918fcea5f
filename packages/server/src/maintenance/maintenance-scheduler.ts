// SPDX-License-Identifier: Apache-2.0
import { type CheckpointFiles, isCheckpointDue, type Snapshot } from "@sluice/delta";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { MaintenanceResult, MaintenanceTask } from "./maintenance-protocol.ts";
import type { MaintenanceRunner } from "./maintenance-thread.ts";

export interface MaintenanceSettings {
  /** How often the log of a table is cleaned up that is written to. */
  readonly logCleanupIntervalMs: number;
  /** Whether small files are written together of tables that do not say themselves. */
  readonly compaction: boolean;
  /** Bytes of data files that one compaction reads at most. */
  readonly maxCompactionBytes: number;
  /** How often files that no version needs are deleted; 0 for never. */
  readonly vacuumIntervalMs: number;
}

export interface MaintenanceSchedulerOptions {
  readonly runner: MaintenanceRunner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: MaintenanceSettings;
}

/** A table as maintenance sees it. */
export interface MaintainedTable {
  readonly tableName: string;
  /** `undefined` while it is not open. */
  readonly location: string | undefined;
  /** The newest state that the server has seen. */
  readonly snapshot: Snapshot | undefined;
  /** A checkpoint was written of the table with this id, and its state need not keep in memory what that holds. */
  noteCheckpoint(checkpoint: CheckpointFiles, tableId: string): void;
}

/** What has been done for a table. */
interface Record {
  cleanedUpAtMs: number;
  vacuumedAtMs: number;
  compactedAtMs: number;
  /** Commits since then: each leaves a file at least. */
  commitCount: number;
  faultCount: number;
  /** After a fault. */
  notBeforeMs: number;
}

const FIRST_RETRY_DELAY_MS = 60_000;
const MAX_RETRY_DELAY_MS = 3_600_000;

/** The property by which a table says whether its small files are written together. */
const AUTO_COMPACT_PROPERTY = "delta.autoOptimize.autoCompact";
/** Fewer commits are not worth a compaction, nor is one that comes right after another. */
const MIN_COMPACTED_COMMITS = 50;
const MIN_COMPACTION_INTERVAL_MS = 60_000;

/**
 * Keeps tables in order that are written to: a checkpoint each time `delta.checkpointInterval` versions have come, the log
 * cleaned up now and then; where that is wanted, small files written together, and files deleted that no version needs. One task runs at a time, beside the commits and not in their way; a task that fails
 * is tried again later, and nothing else depends on it.
 */
export class MaintenanceScheduler {
  readonly #options: MaintenanceSchedulerOptions;
  /** In the order in which they committed; each once. */
  readonly #waiting = new Map<string, MaintainedTable>();
  readonly #records = new Map<string, Record>();
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: MaintenanceSchedulerOptions) {
    this.#options = options;
  }

  /** A table has a new version. */
  noteCommit(table: MaintainedTable): void {
    if (this.#isClosed) return;
    this.#recordOf(table.tableName).commitCount++;
    if (this.#nextTask(table) === undefined) return;
    this.#waiting.set(table.tableName, table);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing is left to do for now. */
  async whenIdle(): Promise<void> {
    await this.#running;
  }

  /** Ends what is under way: each task leaves a table in order wherever it is cut off. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.clear();
    await this.#options.runner.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [name, table] = next;
      this.#waiting.delete(name);
      for (let task = this.#nextTask(table); task !== undefined; task = this.#nextTask(table)) {
        await this.#perform(table, task);
      }
    }
  }

  #nextTask(table: MaintainedTable): MaintenanceTask | undefined {
    const { snapshot, tableName } = table;
    if (this.#isClosed || snapshot === undefined || table.location === undefined) return undefined;
    const { clock, settings } = this.#options;
    const nowMs = clock.now();
    const record = this.#recordOf(tableName);
    if (nowMs < record.notBeforeMs) return undefined;
    if (isCheckpointDue(snapshot)) return "checkpoint";
    if (this.#isCompactionDue(snapshot, record, nowMs)) return "compact";
    const { logCleanupIntervalMs, vacuumIntervalMs } = settings;
    if (nowMs - record.cleanedUpAtMs >= logCleanupIntervalMs) return "cleanUpLog";
    const isVacuumDue = vacuumIntervalMs > 0 && nowMs - record.vacuumedAtMs >= vacuumIntervalMs;
    return isVacuumDue ? "vacuum" : undefined;
  }

  #isCompactionDue({ metadata }: Snapshot, record: Record, nowMs: number): boolean {
    if (record.commitCount < MIN_COMPACTED_COMMITS) return false;
    if (nowMs - record.compactedAtMs < MIN_COMPACTION_INTERVAL_MS) return false;
    const wish = metadata.configuration[AUTO_COMPACT_PROPERTY]?.toLowerCase();
    return wish === undefined ? this.#options.settings.compaction : wish !== "false";
  }

  async #perform(table: MaintainedTable, task: MaintenanceTask): Promise<void> {
    const { runner, clock, logger, settings } = this.#options;
    const { tableName, location } = table;
    if (location === undefined) return;
    const startedAtMs = clock.now();
    const record = this.#recordOf(tableName);
    try {
      const { maxCompactionBytes } = settings;
      const result = await runner.run({ task, location, maxCompactionBytes });
      const durationMs = clock.now() - startedAtMs;
      this.#apply(table, record, result);
      record.faultCount = 0;
      logger.info({ table: tableName, durationMs, ...summaryOf(result) }, `maintenance: ${task}`);
    } catch (reason) {
      if (this.#isClosed) return;
      const delayMs = Math.min(FIRST_RETRY_DELAY_MS * 2 ** record.faultCount, MAX_RETRY_DELAY_MS);
      record.faultCount++;
      record.notBeforeMs = clock.now() + delayMs;
      const message = `maintenance failed: ${task}; it is tried again`;
      logger.warn({ err: reason, table: tableName, delayMs }, message);
    }
  }

  #apply(table: MaintainedTable, record: Record, result: MaintenanceResult): void {
    const nowMs = this.#options.clock.now();
    switch (result.task) {
      case "checkpoint":
        table.noteCheckpoint(result.checkpoint, result.tableId);
        return;
      case "compact":
        record.compactedAtMs = nowMs;
        record.commitCount = 0;
        return;
      case "cleanUpLog":
        record.cleanedUpAtMs = nowMs;
        return;
      case "vacuum":
        record.vacuumedAtMs = nowMs;
    }
  }

  #recordOf(tableName: string): Record {
    let record = this.#records.get(tableName);
    if (record === undefined) {
      const nowMs = this.#options.clock.now();
      record = {
        cleanedUpAtMs: nowMs,
        vacuumedAtMs: nowMs,
        compactedAtMs: nowMs,
        commitCount: 0,
        faultCount: 0,
        notBeforeMs: 0,
      };
      this.#records.set(tableName, record);
    }
    return record;
  }
}

/** For the line of the log. */
function summaryOf(result: MaintenanceResult): object {
  if (result.task === "checkpoint") return { version: result.checkpoint.version };
  if (result.task !== "compact") return { deletedFiles: result.deletedCount };
  return { removedFiles: result.removedFileCount, addedFiles: result.addedFileCount };
}
