// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openTable, parseColumnList } from "@sluice/delta";
import { Catalog, startServer } from "@sluice/server";
import { CHAOS_COLUMNS, CHAOS_TABLE, isWrong, keyOf } from "../../src/chaos/chaos-record.ts";
import { createRandom } from "../../src/random.ts";
import type { ApplicationOptions } from "./producer-application.ts";

const SCRIPT = fileURLToPath(new URL("./producer-application.js", import.meta.url));
const ROUND_COUNT = Number(process.env["SLUICE_CRASH_ROUNDS"] ?? 20);
const SEED = Number(process.env["SLUICE_TEST_SEED"] ?? Date.now() % 1_000_000);
/** Nobody listens there. */
const NOWHERE = "http://127.0.0.1:1";

test(`delivers everything that submit accepted, however often the application is killed (seed ${SEED})`, async () => {
  const directory = await mkdtemp(join(tmpdir(), "sluice-producer-"));
  const dataDirectory = join(directory, "server");
  const server = await startServer({ dataDirectory, port: 0 });
  try {
    await server.createTable(CHAOS_TABLE, parseColumnList(CHAOS_COLUMNS));
    const { clientId = "", clientSecret = "" } = server.credentials ?? {};
    const application = { clientId, clientSecret, spool: join(directory, "spool") };
    const random = createRandom(SEED);
    const accepted = new Set<number>();
    let from = 0;
    for (let round = 0; round < ROUND_COUNT; round++) {
      const endpoint = random() < 0.3 ? NOWHERE : server.endpoint;
      const killAfter = accepted.size + 1 + Math.floor(random() * 3_000);
      const options = { ...application, endpoint, from, drains: false };
      await runUntil(options, accepted, () => accepted.size >= killAfter);
      // Ids that were submitted and not reported are left out: nothing is promised for them.
      from = Math.max(-1, ...accepted) + 1_000;
    }
    assert.ok(accepted.size > 0);
    const rest = { ...application, endpoint: server.endpoint, from, drains: true };
    assert.equal(await runUntil(rest, accepted, () => false), 0);
    await server.close();
    const { missing, disorderCount } = await compare(dataDirectory, accepted);
    assert.deepEqual(missing, []);
    assert.equal(disorderCount, 0);
  } finally {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
});

/** Runs the application until it ends, or is killed when `isDue`. @returns its exit code */
async function runUntil(
  options: ApplicationOptions,
  accepted: Set<number>,
  isDue: () => boolean,
): Promise<number | null> {
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const read = once(lines, "close");
  lines.on("line", (line) => {
    const [word, id] = line.split(" ");
    if (word !== "accepted") return;
    accepted.add(Number(id));
    if (isDue()) child.kill("SIGKILL");
  });
  const [code] = (await exited) as [number | null];
  await read;
  return code;
}

/** Looks for accepted records that are not in the table, and for first occurrences out of their key's order. */
async function compare(
  dataDirectory: string,
  accepted: ReadonlySet<number>,
): Promise<{ missing: number[]; disorderCount: number }> {
  const entry = (await new Catalog(dataDirectory).list()).find(({ name }) => name === CHAOS_TABLE);
  assert.ok(entry !== undefined);
  const seen = new Set<number>();
  const lastIds = new Map<number, number>();
  let disorderCount = 0;
  for await (const row of (await openTable(entry.location)).scan()) {
    const id = Number(row["id"]);
    if (seen.has(id)) continue;
    seen.add(id);
    if (id < (lastIds.get(keyOf(id)) ?? -1)) disorderCount += 1;
    lastIds.set(keyOf(id), id);
  }
  return { missing: [...accepted].filter((id) => !isWrong(id) && !seen.has(id)), disorderCount };
}
