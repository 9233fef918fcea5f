// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import { parseCommit } from "../../../src/log/commit-codec.ts";
import type { DeltaTable } from "../../../src/table/delta-table.ts";
import { openTable } from "../../../src/table/delta-table.ts";
import { FailingStore, type StoreFault } from "../../support/failing-store.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { allRows } from "../../support/table-checks.ts";
import {
  componentsOf,
  DAY_MS,
  type FaultOperation,
  LAST_BASE_ID,
  makeBase,
  OPERATIONS,
  START_MS,
} from "./operations.ts";

const BASE_IDS = Array.from({ length: LAST_BASE_ID + 1 }, (_, id) => id);

async function idsOf(table: DeltaTable): Promise<number[]> {
  return (await allRows(table.scan({ columns: ["id"] })))
    .map(({ id }) => id as number)
    .toSorted((one, other) => one - other);
}

/** Every fault that can come while the operation runs, by a run without one. */
async function faultsOf(
  operation: FaultOperation,
  base: MemoryStore,
  nowMs: number,
): Promise<StoreFault[]> {
  const store = new FailingStore(base.copy());
  await run(operation, store, nowMs);
  const steps = store.calls.map((call) => `${call.operation} ${call.path}`);
  const faults = steps.flatMap((step, index): StoreFault[] =>
    // Of a row of like steps, such as the parts of a file, the first and the last.
    step === steps[index - 1] && step === steps[index + 1]
      ? []
      : [
          { nth: index + 1, moment: "before" },
          { nth: index + 1, moment: "after" },
        ],
  );
  for (let nth = 1; nth <= store.count("put"); nth += 1) {
    faults.push({ operation: "put", nth, moment: "torn" });
  }
  return faults;
}

async function run(
  operation: FaultOperation,
  store: FailingStore | MemoryStore,
  nowMs: number,
): Promise<void> {
  const components = componentsOf(store, nowMs);
  // Without a table there is nothing to open; what makes one does not look.
  const table = operation.startsEmpty === true ? undefined : await openTable("memory", components);
  await operation.run(table as DeltaTable, components);
}

/** A reader that knows nothing sees the state before or the one after, whole, and every file is there. */
async function assertReadable(
  operation: FaultOperation,
  store: MemoryStore,
  nowMs: number,
): Promise<void> {
  const reader = openTable("memory", componentsOf(store, nowMs));
  if (operation.startsEmpty === true) {
    await reader.catch((error: unknown) =>
      assert.ok(error instanceof DeltaError && error.code === "not_found"),
    );
    return;
  }
  const table = await reader;
  const ids = await idsOf(table);
  assert.equal(await table.countRows(), ids.length);
  assert.ok(
    [BASE_IDS, operation.rowsAfter].some((expected) => String(expected) === String(ids)),
    `rows ${String(ids)}`,
  );
}

/** No transaction of an application is in the log twice. */
function assertNoTxnTwice(store: MemoryStore): void {
  const seen = new Set<string>();
  for (const [path, { bytes }] of store.objects) {
    const version = /^_delta_log\/(\d{20})\.json$/.exec(path)?.[1];
    if (version === undefined) continue;
    for (const { appId, version: txnVersion } of parseCommit(Number(version), bytes).txns) {
      const key = `${appId} ${txnVersion}`;
      assert.ok(!seen.has(key), `txn ${key} is there twice`);
      seen.add(key);
    }
  }
}

/** A vacuum, long after, leaves the files of the table and no others. */
async function assertNoOrphansAfterVacuum(store: MemoryStore, nowMs: number): Promise<void> {
  const table = await openTable("memory", componentsOf(store, nowMs + 60 * DAY_MS));
  await table.vacuum();
  const left = [...store.objects.keys()]
    .filter((path) => !path.startsWith("_delta_log/"))
    .toSorted();
  assert.deepEqual(left, [...table.snapshot().files].map(({ path }) => path).toSorted());
}

async function assertSurvives(
  operation: FaultOperation,
  base: MemoryStore,
  fault: StoreFault,
  nowMs: number,
): Promise<void> {
  const inner = base.copy();
  inner.nowMs = nowMs;
  const store = new FailingStore(inner, [fault]);
  const failure = await run(operation, store, nowMs).catch((error: unknown) => error);
  if (failure !== undefined) {
    if (!(failure instanceof DeltaError)) throw failure;
    assert.equal(failure.code, "unavailable", failure.message);
  }
  await assertReadable(operation, inner, nowMs);
  const components = componentsOf(inner, nowMs);
  const isMade = inner.objects.has("_delta_log/00000000000000000000.json");
  const again =
    operation.startsEmpty === true && !isMade ? undefined : await openTable("memory", components);
  if (again === undefined || operation.isDone?.(again) !== true)
    await operation.run(again as DeltaTable, components);
  const done = await openTable("memory", components);
  if (operation.startsEmpty !== true) assert.deepEqual(await idsOf(done), operation.rowsAfter);
  await operation.assertDone(done, inner);
  assertNoTxnTwice(inner);
  await assertNoOrphansAfterVacuum(inner, nowMs);
  assert.deepEqual(await idsOf(await openTable("memory", components)), operation.rowsAfter);
}

describe("a store that fails at each step in turn", () => {
  let base = new MemoryStore();
  before(async () => {
    base = await makeBase();
  });

  for (const operation of OPERATIONS) {
    test(`leaves a table that can be read, and work that can be finished: ${operation.name}`, async () => {
      const nowMs = START_MS + (operation.afterDays ?? 0) * DAY_MS;
      const start = operation.startsEmpty === true ? new MemoryStore() : base;
      const faults = await faultsOf(operation, start, nowMs);
      assert.ok(faults.length > 0);
      for (const fault of faults) {
        try {
          await assertSurvives(operation, start, fault, nowMs);
        } catch (error) {
          throw new Error(`${operation.name} with ${JSON.stringify(fault)}`, { cause: error });
        }
      }
    });
  }
});

describe("a table object whose store has failed", () => {
  test("finishes the append that it was told to do, once", async () => {
    const base = await makeBase();
    const operation = OPERATIONS.find(({ name }) => name === "append") as FaultOperation;
    const count = (await faultsOf(operation, base, START_MS)).length;
    for (const moment of ["before", "after"] as const) {
      for (let nth = 1; nth <= count / 2; nth += 1) {
        const inner = base.copy();
        const healthy = await openTable("memory", componentsOf(inner, START_MS));
        const { version } = healthy.snapshot();
        const store = new FailingStore(inner, [{ nth, moment }]);
        const components = componentsOf(store, START_MS);
        const table = await openTable("memory", components).catch(() => undefined);
        if (table === undefined) continue;
        await operation.run(table, components).catch(() => undefined);
        await operation.run(table, components);
        const reader = await openTable("memory", componentsOf(inner, START_MS));
        assert.deepEqual(await idsOf(reader), operation.rowsAfter, `${moment} ${nth}`);
        assert.equal(reader.snapshot().version, version + 1);
        assertNoTxnTwice(inner);
      }
    }
  });
});
