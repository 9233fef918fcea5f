// SPDX-License-Identifier: Apache-2.0
/**
 * A server with faults in a process of its own, to be killed: `node server-process.js '<ServerProcessOptions as JSON>'`. Prints
 * lines of JSON: one when it takes streams, then one per fault. Ends on SIGTERM, after everything is committed.
 */
import { parseColumnList } from "@sluice/delta";
import { compressFaults, parseFaults, startFaultyServer } from "@sluice/server";

export interface ServerProcessOptions {
  readonly dataDirectory: string;
  readonly port: number;
  readonly faults: string;
  readonly compression: number;
  readonly elapsedMs: number;
  readonly life: number;
  readonly table: string;
  readonly columns: string;
}

export interface ReadyLine {
  readonly endpoint: string;
  readonly port: number;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface FaultLine {
  readonly fault: string;
}

function print(line: ReadyLine | FaultLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const options = JSON.parse(process.argv[2] ?? "{}") as ServerProcessOptions;
const { dataDirectory, port, elapsedMs, life, table } = options;
const server = await startFaultyServer(
  { dataDirectory, port },
  compressFaults(parseFaults(options.faults), options.compression),
  { elapsedMs, life, onFault: ({ fault }) => print({ fault }) },
);
const tables = await server.catalog.list();
if (!tables.some(({ name }) => name === table)) {
  await server.createTable(table, parseColumnList(options.columns));
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
const { clientId = "", clientSecret = "" } = server.credentials ?? {};
print({ endpoint: server.endpoint, port: server.port, clientId, clientSecret });
