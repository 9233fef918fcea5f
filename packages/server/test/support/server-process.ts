// SPDX-License-Identifier: Apache-2.0
/**
 * A server in a process of its own, to be killed: `node server-process.js '<ServerOptions as JSON>'`. Prints one line of JSON
 * when it takes streams; ends on SIGTERM as the command line does.
 */
import { parseColumnList } from "@sluice/delta";
import { type ServerOptions, startServer } from "../../src/index.ts";

interface ProcessOptions extends ServerOptions {
  /** Created unless they exist: name to SQL columns. */
  readonly tables?: Readonly<Record<string, string>>;
  /** Columns that some of them are partitioned by. */
  readonly partitionBy?: Readonly<Record<string, readonly string[]>>;
}

const {
  tables = {},
  partitionBy = {},
  ...options
} = JSON.parse(process.argv[2] ?? "{}") as ProcessOptions;
const startedAt = performance.now();
const server = await startServer(options);
const recoveryMs = performance.now() - startedAt;
for (const [name, columns] of Object.entries(tables)) {
  const known = await server.catalog.list();
  if (!known.some((entry) => entry.name === name)) {
    const by = partitionBy[name] ?? [];
    await server.createTable(name, parseColumnList(columns), {}, { partitionBy: by });
  }
}
process.once("SIGTERM", () => {
  server.close().then(
    () => process.exit(0),
    (reason: unknown) => {
      process.stderr.write(`${String(reason)}\n`);
      process.exit(1);
    },
  );
});
// Only now: who reads this line may send the signal at once.
const { endpoint, port, recovery, credentials } = server;
process.stdout.write(`${JSON.stringify({ endpoint, port, recovery, recoveryMs, credentials })}\n`);
