// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CheckpointFiles, Snapshot } from "@sluice/delta";
import { silentLogger } from "../../../src/index.ts";
import type {
  MaintenanceRequest,
  MaintenanceResult,
} from "../../../src/maintenance/maintenance-protocol.ts";
import {
  type MaintainedTable,
  MaintenanceScheduler,
  type MaintenanceSettings,
} from "../../../src/maintenance/maintenance-scheduler.ts";
import type { MaintenanceRunner } from "../../../src/maintenance/maintenance-thread.ts";
import { ManualServerClock } from "../../support/manual-clock.ts";

const HOUR_MS = 3_600_000;

class TestTable implements MaintainedTable {
  readonly tableName: string;
  readonly location = "/nowhere";
  version = 0;
  checkpointVersion = 0;
  properties: Readonly<Record<string, string>> = { "delta.checkpointInterval": "10" };

  constructor(tableName: string) {
    this.tableName = tableName;
  }

  get snapshot(): Snapshot {
    return {
      version: this.version,
      metadata: { configuration: this.properties },
      tombstones: { checkpoint: { version: this.checkpointVersion } },
    } as unknown as Snapshot;
  }

  noteCheckpoint({ version }: CheckpointFiles): void {
    this.checkpointVersion = version;
  }
}

class TestRunner implements MaintenanceRunner {
  readonly requests: string[] = [];
  activeCount = 0;
  failure: Error | undefined;
  readonly #table: TestTable;

  constructor(table: TestTable) {
    this.#table = table;
  }

  async run({ task }: MaintenanceRequest): Promise<MaintenanceResult> {
    this.requests.push(task);
    assert.equal(++this.activeCount, 1, "one task at a time");
    await Promise.resolve();
    this.activeCount--;
    if (this.failure !== undefined) throw this.failure;
    if (task === "cleanUpLog" || task === "vacuum") return { task, deletedCount: 0 };
    if (task === "compact") return { task, removedFileCount: 50, addedFileCount: 1 };
    const { version } = this.#table;
    return { task, tableId: "id", checkpoint: { version, form: "classic", names: [] } };
  }

  async close(): Promise<void> {
    this.failure = new Error("closed");
  }
}

function make(settings: Partial<MaintenanceSettings> = {}) {
  const table = new TestTable("t");
  const runner = new TestRunner(table);
  const clock = new ManualServerClock();
  const scheduler = new MaintenanceScheduler({
    runner,
    clock,
    logger: silentLogger,
    settings: {
      logCleanupIntervalMs: HOUR_MS,
      compaction: false,
      maxCompactionBytes: 1,
      vacuumIntervalMs: 0,
      ...settings,
    },
  });
  const commit = async (version: number): Promise<void> => {
    table.version = version;
    scheduler.noteCommit(table);
    await scheduler.whenIdle();
  };
  return { table, runner, clock, scheduler, commit };
}

describe("the maintenance scheduler", () => {
  it("writes a checkpoint when the interval has passed, and not before", async () => {
    const { table, runner, commit } = make();
    await commit(9);
    assert.deepEqual(runner.requests, []);
    await commit(10);
    assert.deepEqual(runner.requests, ["checkpoint"]);
    assert.equal(table.checkpointVersion, 10);
    await commit(19);
    await commit(20);
    assert.deepEqual(runner.requests, ["checkpoint", "checkpoint"]);
  });

  it("cleans the log up once an interval, after a due checkpoint", async () => {
    const { runner, clock, commit } = make();
    await commit(1);
    clock.advance(HOUR_MS);
    await commit(10);
    assert.deepEqual(runner.requests, ["checkpoint", "cleanUpLog"]);
    await commit(11);
    assert.deepEqual(runner.requests.length, 2);
    clock.advance(HOUR_MS);
    await commit(12);
    assert.deepEqual(runner.requests.at(-1), "cleanUpLog");
  });

  it("compacts after enough commits where the table or the server says so, not too often", async () => {
    for (const [compaction, property, expected] of [
      [true, undefined, ["compact"]],
      [true, "false", []],
      [false, undefined, []],
      [false, "true", ["compact"]],
      [false, "auto", ["compact"]],
    ] as const) {
      const { table, runner, clock, commit } = make({ compaction });
      table.properties = {
        "delta.checkpointInterval": "1000",
        ...(property === undefined ? {} : { "delta.autoOptimize.autoCompact": property }),
      };
      for (let version = 1; version < 60; version++) await commit(version);
      assert.deepEqual(runner.requests, []);
      clock.advance(60_000);
      for (let version = 60; version < 100; version++) await commit(version);
      assert.deepEqual(runner.requests, expected);
    }
  });

  it("vacuums where it is told to", async () => {
    const { runner, clock, commit } = make({ vacuumIntervalMs: 2 * HOUR_MS });
    clock.advance(HOUR_MS);
    await commit(1);
    clock.advance(HOUR_MS);
    await commit(2);
    clock.advance(HOUR_MS);
    await commit(3);
    assert.deepEqual(runner.requests, ["cleanUpLog", "cleanUpLog", "vacuum"]);
  });

  it("tries a failed task again later, ever later", async () => {
    const { runner, clock, commit } = make();
    runner.failure = new Error("disk full");
    await commit(10);
    await commit(11);
    assert.equal(runner.requests.length, 1);
    clock.advance(60_000);
    await commit(12);
    assert.equal(runner.requests.length, 2);
    clock.advance(60_000);
    await commit(13);
    assert.equal(runner.requests.length, 2);
    runner.failure = undefined;
    clock.advance(60_000);
    await commit(14);
    assert.equal(runner.requests.length, 3);
    await commit(15);
    assert.equal(runner.requests.length, 3);
  });

  it("does nothing more once it is closed", async () => {
    const { runner, scheduler, commit } = make();
    await scheduler.close();
    await commit(100);
    assert.deepEqual(runner.requests, []);
  });
});
