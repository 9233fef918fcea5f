// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
import { runJob } from "../lib/child.ts";
import type { ResultSet } from "../lib/results.ts";
import { withServer } from "../lib/server-run.ts";
import type { ClientProducerAnswer, ClientProducerJob } from "../load/client-producer.ts";

const TABLE = "bench.clients.readings";
const MIB = 1024 * 1024;

/** Whether the official native client can run here. */
export function hasOfficialClient(): boolean {
  try {
    createRequire(import.meta.url)("@databricks/zerobus-ingest-sdk-linux-x64-gnu");
    return true;
  } catch {
    return false;
  }
}

/** One client against the server; each run on a server of its own. */
export async function benchClient(
  results: ResultSet,
  name: string,
  shape: Pick<ClientProducerJob, "client" | "batchSize" | "recordCount">,
): Promise<void> {
  await withServer([TABLE], async (server) => {
    const job: ClientProducerJob = { endpoint: server.endpoint, table: TABLE, ...shape };
    const script = "load/client-producer.js";
    const run = await runJob<ClientProducerAnswer>(script, job);
    await server.expectRows(TABLE, shape.recordCount);
    results.add(name, "records/s", shape.recordCount / run.seconds);
    results.add(`${name}.cpu`, "s/million", run.cpuSeconds / (shape.recordCount / 1e6));
    results.add(`${name}.rss`, "MiB", run.rssBytes / MIB);
  });
}
