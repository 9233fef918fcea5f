// SPDX-License-Identifier: Apache-2.0
// What can be done with a table, each as a test can do it again and again on copies of one table.
import assert from "node:assert/strict";
import { readLastCheckpoint } from "../../../src/log/last-checkpoint.ts";
import { cleanUpLog } from "../../../src/log/log-cleanup.ts";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import type { ObjectStore } from "../../../src/store/object-store.ts";
import type { TableComponents } from "../../../src/table/components.ts";
import { createTable } from "../../../src/table/create-table.ts";
import type { DeltaTable } from "../../../src/table/delta-table.ts";
import { MemoryStore } from "../../support/memory-store.ts";

export const START_MS = 1_700_000_000_000;
export const DAY_MS = 86_400_000;

const SCHEMA = parseColumnList("part STRING, id INT");
const TXN = { appId: "loader é/%", version: 7 };
export const LAST_BASE_ID = 5;

export interface FaultOperation {
  readonly name: string;
  /** Days after the base table was made. */
  readonly afterDays?: number;
  /** Whether it starts without a table. */
  readonly startsEmpty?: boolean;
  readonly run: (table: DeltaTable, components: TableComponents) => Promise<void>;
  /** Rows that a reader may see when it has failed, besides those of the base table. */
  readonly rowsAfter: readonly number[];
  /** What there must be when it has succeeded. */
  readonly assertDone: (table: DeltaTable, store: MemoryStore) => Promise<void>;
  /** Whether it has been done, for what must not be done twice. */
  readonly isDone?: (table: DeltaTable) => boolean;
}

export function componentsOf(store: ObjectStore, nowMs: number): TableComponents {
  return { store, clock: () => nowMs };
}

/** Two partitions, small files, removed files, a checkpoint and commits behind it. */
export async function makeBase(): Promise<MemoryStore> {
  const store = new MemoryStore();
  store.nowMs = START_MS;
  const table = await createTable({
    location: "memory",
    schema: SCHEMA,
    partitionBy: ["part"],
    constraints: { small: "id < 1000" },
    ...componentsOf(store, START_MS),
  });
  for (let id = 0; id <= 3; id += 1) {
    await table.appendRows([{ part: id % 2 === 0 ? "a/b %é" : null, id }]);
  }
  await table.optimize();
  await table.checkpoint();
  for (let id = 4; id <= LAST_BASE_ID; id += 1) await table.appendRows([{ part: "a/b %é", id }]);
  return store;
}

const BASE_IDS = Array.from({ length: LAST_BASE_ID + 1 }, (_, id) => id);

export const OPERATIONS: readonly FaultOperation[] = [
  {
    name: "create",
    startsEmpty: true,
    run: async (_table, components) => {
      await createTable({
        location: "memory",
        schema: SCHEMA,
        partitionBy: ["part"],
        ...components,
      });
    },
    rowsAfter: [],
    isDone: () => true,
    assertDone: async (table) => assert.equal(table.snapshot().version, 0),
  },
  {
    name: "append",
    run: async (table) => {
      const rows = [
        { part: "a/b %é", id: 100 },
        { part: "new", id: 101 },
      ];
      const result = await table.appendRows(rows, { txn: TXN });
      assert.notEqual(result.kind, "conflict");
    },
    rowsAfter: [...BASE_IDS, 100, 101],
    assertDone: async (table) => assert.equal(table.snapshot().txns.get(TXN.appId)?.version, 7),
  },
  {
    name: "optimize",
    run: async (table) => {
      const { conflictCount } = await table.optimize();
      assert.equal(conflictCount, 0);
    },
    rowsAfter: BASE_IDS,
    assertDone: async (table) => assert.equal(table.snapshot().files.fileCount, 2),
  },
  {
    name: "checkpoint",
    run: async (table) => {
      await table.checkpoint();
    },
    rowsAfter: BASE_IDS,
    assertDone: async (table, store) => {
      const { version, tombstones } = table.snapshot();
      assert.equal(tombstones.checkpoint?.version, version);
      // A hint, which may be old where the checkpoint was there already; the next checkpoint sets it.
      await table.appendRows([]);
      await table.checkpoint();
      assert.equal((await readLastCheckpoint(store))?.version, version + 1);
    },
  },
  {
    name: "log cleanup",
    afterDays: 40,
    run: async (table) => {
      const { isComplete } = await table.cleanUpLog();
      assert.ok(isComplete);
    },
    rowsAfter: BASE_IDS,
    assertDone: async (table, store) => {
      const nowMs = START_MS + 40 * DAY_MS;
      const { deletedPaths } = await cleanUpLog(store, table.snapshot(), { nowMs, isDryRun: true });
      assert.deepEqual(deletedPaths, []);
      assert.equal(store.objects.has("_delta_log/00000000000000000000.json"), false);
    },
  },
  {
    name: "vacuum",
    afterDays: 8,
    run: async (table) => {
      await table.vacuum();
    },
    rowsAfter: BASE_IDS,
    assertDone: async (table) => assert.equal((await table.vacuum({ dryRun: true })).fileCount, 0),
  },
  {
    name: "restore",
    run: async (table) => {
      await table.restore({ version: 3 });
    },
    rowsAfter: [0, 1, 2],
    assertDone: async (table) => assert.equal(table.snapshot().files.fileCount, 3),
  },
  {
    name: "alter (columns)",
    run: async (table) => {
      const field = { name: "more", type: "string", nullable: true, metadata: {} } as const;
      assert.equal(
        (await table.alter({ kind: "addColumns", columns: [{ field }] })).kind,
        "committed",
      );
    },
    rowsAfter: BASE_IDS,
    isDone: (table) => table.snapshot().schema.fields.some(({ name }) => name === "more"),
    assertDone: async (table) =>
      assert.deepEqual(
        table.snapshot().schema.fields.map(({ name }) => name),
        ["part", "id", "more"],
      ),
  },
  {
    name: "alter (constraint, after all rows were read)",
    run: async (table) => {
      const change = { kind: "addConstraint", name: "positive", condition: "id >= 0" } as const;
      assert.equal((await table.alter(change)).kind, "committed");
    },
    rowsAfter: BASE_IDS,
    isDone: (table) => "delta.constraints.positive" in table.snapshot().metadata.configuration,
    assertDone: async (table) => {
      await assert.rejects(table.appendRows([{ id: -1 }]), /positive/);
    },
  },
];
