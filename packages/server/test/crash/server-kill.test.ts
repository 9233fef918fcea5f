// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { describe, it } from "node:test";
import { openTable } from "@sluice/delta";
import { createRandom } from "@sluice/testkit";
import { Catalog } from "../../src/index.ts";
import { RawStream } from "../support/raw-stream.ts";
import { makeDirectory } from "../support/test-server.ts";
import { type SpawnedServer, spawnServer } from "../support/spawn-server.ts";

const ROUNDS = Number(process.env["SLUICE_CRASH_ROUNDS"] ?? 20);
const STREAMS = 4;
const PARTITIONED = "main.crash.three";
const TABLES = ["main.crash.one", "main.crash.two", PARTITIONED] as const;
const PADDING = "x".repeat(100);

/** What one stream has sent and had acknowledged. Every record has an id of its own and is sent once. */
interface Sender {
  readonly stream: RawStream;
  readonly table: string;
  readonly firstId: number;
  sentCount: number;
  /** Fails when acks go backwards. */
  acknowledged: number;
  readonly done: Promise<void>;
}

describe("a server killed under load", () => {
  it(`keeps every acknowledged record and commits none twice, over ${ROUNDS} kills`, async (t) => {
    const seed = Number(process.env["SLUICE_SEED"] ?? Date.now() % 1_000_000_007);
    t.diagnostic(`seed ${seed}`);
    const random = createRandom(seed);
    const dataDirectory = await makeDirectory();
    const options = {
      dataDirectory,
      auth: false,
      commitIntervalMs: 40,
      logSegmentBytes: 16 * 1024 * 1024,
      tables: Object.fromEntries(
        TABLES.map((table) => [table, "id BIGINT NOT NULL, padding STRING, part INT"]),
      ),
      partitionBy: { [PARTITIONED]: ["part"] },
      maxOpenPartitions: 3,
    };
    const acknowledged = new Map<string, number[]>(TABLES.map((table) => [table, []]));
    const recoveriesMs: number[] = [];
    let recoveredRecords = 0;
    let nextId = 0;

    for (let round = 0; round < ROUNDS; round++) {
      const server = await spawnServer(options);
      recoveriesMs.push(server.recoveryMs);
      recoveredRecords += server.recovery.recoveredRecords;
      const senders: Sender[] = [];
      for (let index = 0; index < STREAMS; index++) {
        const table = TABLES[index % TABLES.length] as string;
        senders.push(await startSender(server, table, nextId));
        nextId += 10_000_000;
      }
      // Killed when a random number of records was acknowledged: before the first commit, between or during commits.
      const killAfter = Math.floor(random() * 30_000);
      await runUntil(senders, killAfter);
      await server.stop("SIGKILL");
      for (const sender of senders) {
        await sender.done;
        const ids = acknowledged.get(sender.table) as number[];
        for (let offset = 0; offset <= sender.acknowledged; offset++)
          ids.push(sender.firstId + offset);
        sender.stream.close();
      }
    }

    const last = await spawnServer(options);
    recoveriesMs.push(last.recoveryMs);
    assert.equal(await last.stop("SIGTERM"), 0);
    t.diagnostic(`slowest start ${Math.max(...recoveriesMs).toFixed(0)} ms`);
    t.diagnostic(`${recoveredRecords} records recovered from the log`);

    const catalog = new Catalog(dataDirectory);
    for (const table of TABLES) {
      const ids = await idsOf(catalog, table);
      const distinct = new Set(ids);
      assert.equal(distinct.size, ids.length, `${table} has records twice`);
      const lost = (acknowledged.get(table) as number[]).filter((id) => !distinct.has(id));
      assert.equal(lost.length, 0, `${table} lost ${lost.slice(0, 5).join(", ")}`);
      t.diagnostic(
        `${table}: ${acknowledged.get(table)?.length} acknowledged, ${ids.length} in the table`,
      );
    }
    assert.ok(recoveredRecords > 0, "no round left anything to recover: the kills came too late");
    await rm(dataDirectory, { recursive: true, force: true });
  });
});

async function startSender(server: SpawnedServer, table: string, firstId: number): Promise<Sender> {
  const stream = new RawStream(server.endpoint);
  await stream.create(table);
  let settle: (reason?: unknown) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const done = new Promise<void>((resolve, fail) => {
    settle = () => resolve();
    reject = fail;
  });
  const sender: Sender = { stream, table, firstId, sentCount: 0, acknowledged: -1, done };
  const readAcks = async (): Promise<void> => {
    for (;;) {
      const message = await stream.next();
      if (message === undefined) return;
      if (message.kind !== "ack") continue;
      const upTo = message.upToOffset ?? -1;
      assert.ok(
        upTo >= sender.acknowledged,
        `ack went back from ${sender.acknowledged} to ${upTo}`,
      );
      assert.ok(upTo < sender.sentCount, `ack ${upTo} of ${sender.sentCount} sent`);
      sender.acknowledged = upTo;
    }
  };
  readAcks().then(settle, reject);
  return sender;
}

/** Sends on all streams until so many records are acknowledged in all. */
async function runUntil(senders: readonly Sender[], acknowledgedCount: number): Promise<void> {
  for (;;) {
    let total = 0;
    for (const sender of senders) {
      total += sender.acknowledged + 1;
      // Bounded: what is in flight, not what is sent, is what a kill can hit.
      if (sender.sentCount - sender.acknowledged > 5_000) continue;
      for (let count = 0; count < 200; count++) {
        const offset = sender.sentCount++;
        const part = offset % 5;
        sender.stream.sendJson(offset, { id: sender.firstId + offset, padding: PADDING, part });
      }
    }
    if (total >= acknowledgedCount) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function idsOf(catalog: Catalog, name: string): Promise<number[]> {
  const entry = (await catalog.list()).find((candidate) => candidate.name === name);
  assert.ok(entry !== undefined);
  const table = await openTable(entry.location);
  const ids: number[] = [];
  for await (const row of table.scan({ columns: ["id"] })) ids.push(Number(row["id"]));
  return ids;
}
