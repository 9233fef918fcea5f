// SPDX-License-Identifier: Apache-2.0
/** The server under test, in a process of its own, without authentication. */
import { parseColumnList } from "@sluice/delta";
import { startServer } from "@sluice/server";
import { answer, jobOfProcess } from "../lib/child.ts";
import { COLUMNS } from "../lib/records.ts";

export interface ServerJob {
  readonly dataDirectory: string;
  readonly tables: readonly string[];
}

export interface ServerReady {
  readonly endpoint: string;
}

/** What the parent may ask. */
export type ServerQuestion =
  | { readonly kind: "usage" }
  | { readonly kind: "rows"; readonly table: string };

export interface ServerUsage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

export interface TableRows {
  readonly rowCount: number;
  readonly version: number;
  readonly fileCount: number;
  readonly byteCount: number;
}

const job = jobOfProcess<ServerJob>();
const server = await startServer({ dataDirectory: job.dataDirectory, auth: false });
for (const table of job.tables) await server.createTable(table, parseColumnList(COLUMNS));
answer({ endpoint: server.endpoint } satisfies ServerReady);

process.on("message", (question: ServerQuestion) => {
  void reply(question).then(answer);
});
process.once("disconnect", () => {
  void server.close().then(() => process.exit(0));
});

async function reply(question: ServerQuestion): Promise<ServerUsage | TableRows> {
  if (question.kind === "usage") {
    const { user, system } = process.cpuUsage();
    return { cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage().rss };
  }
  await server.flush();
  const table = await server.catalog.openTable(question.table);
  const snapshot = table.snapshot();
  let byteCount = 0;
  for (const file of snapshot.files) byteCount += file.sizeBytes;
  return {
    rowCount: await table.countRows(),
    version: snapshot.version,
    fileCount: snapshot.files.fileCount,
    byteCount,
  };
}
