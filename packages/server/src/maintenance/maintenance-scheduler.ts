// SPDX-License-Identifier: Apache-2.0
import { type CheckpointFiles, isCheckpointDue, type Snapshot } from "@sluice/delta";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { MaintenanceResult, MaintenanceTask } from "./maintenance-protocol.ts";
import type { MaintenanceRunner } from "./maintenance-thread.ts";

export interface MaintenanceSettings {
  /** How often the log of a table is cleaned up that is written to. */
  readonly logCleanupIntervalMs: number;
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
  faultCount: number;
  /** After a fault. */
  notBeforeMs: number;
}

const FIRST_RETRY_DELAY_MS = 60_000;
const MAX_RETRY_DELAY_MS = 3_600_000;

/**
 * Keeps tables in order that are written to: a checkpoint each time `delta.checkpointInterval` versions have come, and
 * the log cleaned up now and then. One task runs at a time, beside the commits and not in their way; a task that fails
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
    if (this.#isClosed || this.#nextTask(table) === undefined) return;
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
    const nowMs = this.#options.clock.now();
    const record = this.#recordOf(tableName, nowMs);
    if (nowMs < record.notBeforeMs) return undefined;
    if (isCheckpointDue(snapshot)) return "checkpoint";
    const { logCleanupIntervalMs } = this.#options.settings;
    return nowMs - record.cleanedUpAtMs >= logCleanupIntervalMs ? "cleanUpLog" : undefined;
  }

  async #perform(table: MaintainedTable, task: MaintenanceTask): Promise<void> {
    const { runner, clock, logger } = this.#options;
    const { tableName, location } = table;
    if (location === undefined) return;
    const startedAtMs = clock.now();
    const record = this.#recordOf(tableName, startedAtMs);
    try {
      const result = await runner.run({ task, location });
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
    if (result.task === "checkpoint") table.noteCheckpoint(result.checkpoint, result.tableId);
    else record.cleanedUpAtMs = this.#options.clock.now();
  }

  #recordOf(tableName: string, nowMs: number): Record {
    let record = this.#records.get(tableName);
    if (record === undefined) {
      record = { cleanedUpAtMs: nowMs, faultCount: 0, notBeforeMs: 0 };
      this.#records.set(tableName, record);
    }
    return record;
  }
}

function summaryOf(result: MaintenanceResult): object {
  return result.task === "checkpoint"
    ? { version: result.checkpoint.version }
    : { deletedFiles: result.deletedCount };
}
