// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseColumnList } from "@sluice/delta";
import {
  type ServerComponents,
  type ServerOptions,
  type SluiceServer,
  startServer,
} from "../../src/index.ts";

export interface TestServer extends AsyncDisposable {
  readonly server: SluiceServer;
  readonly dataDirectory: string;
}

/** A server on a free port with a data directory of its own, which goes with it. */
export async function startTestServer(
  options: Partial<ServerOptions> = {},
  components: ServerComponents = {},
): Promise<TestServer> {
  const dataDirectory = options.dataDirectory ?? (await makeDirectory());
  const server = await startServer(
    {
      commitIntervalMs: 50,
      drainTimeoutMs: 500,
      logSegmentBytes: 16 * 1024 * 1024,
      ...options,
      dataDirectory,
    },
    components,
  );
  return {
    server,
    dataDirectory,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

export function makeDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "sluice-server-"));
}

/** Creates a table from SQL columns. */
export async function createTestTable(
  server: SluiceServer,
  name: string,
  columns: string,
): Promise<void> {
  await server.createTable(name, parseColumnList(columns));
}

export interface TokenRequest {
  readonly table?: string;
  readonly privileges?: readonly string[];
  readonly clientSecret?: string;
}

/** Asks the server's token endpoint, as a client would. */
export async function requestToken(
  server: SluiceServer,
  request: TokenRequest = {},
): Promise<Response> {
  const { credentials } = server;
  const id = credentials?.clientId ?? "";
  const secret = request.clientSecret ?? credentials?.clientSecret ?? "";
  const form = new URLSearchParams({ grant_type: "client_credentials", scope: "all-apis" });
  if (request.table !== undefined) {
    const details = [
      {
        type: "unity_catalog_privileges",
        privileges: request.privileges ?? ["SELECT", "MODIFY"],
        object_type: "TABLE",
        object_full_path: request.table,
        operations: ["zerobuswrite"],
      },
    ];
    form.set("authorization_details", JSON.stringify(details));
  }
  return fetch(`${server.workspaceUrl}/oidc/v1/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` },
    body: form,
  });
}

/** An access token for one table. */
export async function tokenFor(server: SluiceServer, table: string): Promise<string> {
  const response = await requestToken(server, { table });
  const body = (await response.json()) as { access_token: string };
  return body.access_token;
}

/** All rows of a table, as its Delta snapshot has them now. */
export async function rowsOf(
  server: SluiceServer,
  table: string,
): Promise<Record<string, unknown>[]> {
  await server.flush();
  const opened = await server.catalog.openTable(table);
  const rows: Record<string, unknown>[] = [];
  for await (const row of opened.scan()) rows.push(row);
  return rows;
}
