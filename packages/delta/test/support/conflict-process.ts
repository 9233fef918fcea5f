// SPDX-License-Identifier: Apache-2.0
// A process of its own that works on a table beside others: `conflict-process.js <task as JSON>`. It prints what it did.
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "@sluice/testkit";
import { DeltaError } from "../../src/delta-error.ts";
import type { StoreOptions } from "../../src/store/open-store.ts";
import { type DeltaTable, openTable } from "../../src/table/delta-table.ts";
import type { CommitResult } from "../../src/table/transaction-request.ts";
import { PARTITION_COUNT, type ConflictRow } from "./conflict-rows.ts";

export interface ConflictTask {
  readonly location: string;
  readonly storeOptions: StoreOptions;
  readonly role: "append" | "compact" | "alter" | "checkpoint" | "delete";
  readonly name: string;
  readonly count: number;
  /** The version that the table must have for the first round, and how many more for each after it. @default at once */
  readonly start?: { readonly version: number; readonly step: number };
  readonly seed: number;
}

export interface ConflictReport {
  /** Every version that this process has made, in order. */
  readonly versions: readonly number[];
  readonly appended: readonly string[];
  readonly deleted: readonly string[];
  readonly conflictCount: number;
  readonly repeatCount: number;
}

/** Far more than other writers can cause; what goes beyond goes round in circles. */
const MAX_ATTEMPTS = 200;

const POLL_INTERVAL_MS = 10;
const MAX_POLLS = 10_000;

const task = JSON.parse(process.argv[2] ?? "") as ConflictTask;
const random = createRandom(task.seed);
const versions: number[] = [];
const appended: string[] = [];
const deleted: string[] = [];
let conflictCount = 0;
let repeatCount = 0;

const table = await openTable(task.location, { storeOptions: task.storeOptions });
for (let round = 0; round < task.count; round += 1) {
  if (task.start !== undefined) await reached(task.start.version + round * task.start.step);
  await doOnce(round);
}
const report: ConflictReport = { versions, appended, deleted, conflictCount, repeatCount };
process.stdout.write(JSON.stringify(report));

/** Others bring the table there: what has nothing to work on would be over before it gets in their way. */
async function reached(version: number): Promise<void> {
  for (let polls = 0; polls < MAX_POLLS; polls += 1) {
    if ((await table.refresh()).version >= version) return;
    await sleep(POLL_INTERVAL_MS);
  }
  throw new DeltaError("unavailable", `the table has not come to version ${version}`);
}

async function doOnce(round: number): Promise<void> {
  switch (task.role) {
    case "append":
      return append(round);
    case "compact": {
      const { versions: made, conflictCount: lost } = await table.optimize();
      versions.push(...made);
      conflictCount += lost;
      return;
    }
    case "alter":
      return alter(round);
    case "checkpoint":
      await table.checkpoint();
      return;
    case "delete":
      return deletePartition();
  }
}

async function append(round: number): Promise<void> {
  const rows = Array.from(
    { length: 1 + Math.floor(random() * 4) },
    (_, index): ConflictRow => ({
      part: Math.floor(random() * PARTITION_COUNT),
      id: `${task.name}-${round}-${index}`,
    }),
  );
  const txn = { appId: task.name, version: round };
  await untilDone(async () => table.appendRows(rows, { txn }));
  appended.push(...rows.map(({ id }) => id));
  // As after a lost answer: nothing may be added.
  if (random() < 0.5) {
    const again = await table.appendRows(rows, { txn });
    if (again.kind !== "alreadyCommitted") throw new Error(`a txn was taken twice: ${again.kind}`);
    repeatCount += 1;
  }
}

async function alter(round: number): Promise<void> {
  const field = {
    name: `${task.name}_${round}`,
    type: "integer",
    nullable: true,
    metadata: {},
  } as const;
  if (round % 2 === 0)
    await untilDone(async () => table.alter({ kind: "addColumns", columns: [{ field }] }));
  else {
    const properties = { [`round.${task.name}`]: String(round) };
    await untilDone(async () => table.alter({ kind: "setProperties", properties }));
  }
}

/** Takes one partition away, by the files that hold it; a file that is gone meanwhile makes it start again. */
async function deletePartition(): Promise<void> {
  let ids: string[] = [];
  await untilDone(async () => {
    const readSnapshot = await table.refresh();
    const files = [...readSnapshot.files];
    const chosen = files[Math.floor(random() * files.length)]?.partitionValues["part"];
    if (chosen === undefined) return undefined;
    const removes = files.filter(({ partitionValues }) => partitionValues["part"] === chosen);
    ids = await idsOf(table, Number(chosen), readSnapshot.version);
    return table.commit({ readSnapshot, operation: "DELETE", removes });
  });
  deleted.push(...ids);
}

async function idsOf(of: DeltaTable, part: number, version: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of of.scan({ version, where: `part = ${part}` })) ids.push(String(id));
  return ids;
}

async function untilDone(attempt: () => Promise<CommitResult | undefined>): Promise<void> {
  for (let tried = 0; tried < MAX_ATTEMPTS; tried += 1) {
    const result = await attempt();
    if (result === undefined) return;
    if (result.kind === "committed") {
      versions.push(result.version);
      return;
    }
    if (result.kind === "alreadyCommitted") throw new Error("a txn was there before it was made");
    conflictCount += 1;
    await table.refresh();
  }
  throw new DeltaError("unavailable", `no attempt of ${MAX_ATTEMPTS} has succeeded`);
}
