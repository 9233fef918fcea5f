// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { checkHealth, Producer } from "@sluice/client";
import { ManualClock, ScriptedServer, serveEverything } from "@sluice/testkit";
import { compileProtoEncoder } from "../../src/schema/record-source.ts";
import { readDeadLetters } from "../../src/dead-letters/read-dead-letters.ts";
import { makeTemporaryDirectory } from "../support/temporary-directory.ts";
import { hasCode, TABLE } from "./helpers.ts";
import { openProducer, validatingServer } from "./producer-helpers.ts";

interface CatalogColumn {
  readonly name: string;
  readonly type_text: string;
  readonly type_json: string;
  readonly nullable: boolean;
  readonly position: number;
}

const column = (name: string, type: string, json: string, position: number): CatalogColumn => ({
  name,
  type_text: type,
  type_json: JSON.stringify({ name, type: json, nullable: true, metadata: {} }),
  nullable: true,
  position,
});
const COLUMNS = [column("id", "bigint", "long", 0), column("name", "string", "string", 1)];
const SCHEMA = {
  table: TABLE,
  columns: [
    { name: "id", type: { kind: "long" }, nullable: true },
    { name: "name", type: { kind: "string" }, nullable: true },
  ],
} as const;

/** A workspace that gives a token for ingestion and one for the catalog, and takes only the latter there. */
class Workspace {
  columns: CatalogColumn[] = COLUMNS;
  tokenForms: URLSearchParams[] = [];
  tableRequests = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const [status, body] = this.#answer(
          request.url ?? "",
          Buffer.concat(chunks).toString(),
          request.headers.authorization,
        );
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      });
    });
  }

  static async start(context: TestContext): Promise<Workspace> {
    const workspace = new Workspace();
    await new Promise<void>((resolve) => workspace.#server.listen(0, "127.0.0.1", resolve));
    context.after(() => workspace.#server.close());
    return workspace;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(path: string, body: string, authorization: string | undefined): [number, object] {
    if (path === "/oidc/v1/token") {
      const form = new URLSearchParams(body);
      this.tokenForms.push(form);
      const name = form.has("authorization_details") ? "ingest" : "catalog";
      return [200, { access_token: name, expires_in: 3600 }];
    }
    this.tableRequests++;
    if (authorization !== "Bearer catalog") return [403, { message: "not this token" }];
    return [
      200,
      {
        full_name: TABLE,
        table_type: "MANAGED",
        data_source_format: "DELTA",
        columns: this.columns,
      },
    ];
  }
}

test("fetches the table's schema with a token of its own and sends compact records of plain objects", async (context) => {
  const workspace = await Workspace.start(context);
  await using server = await ScriptedServer.start([serveEverything]);
  const options = {
    unityCatalogUrl: workspace.url,
    auth: { clientId: "app", clientSecret: "secret" },
    schema: "fetch",
  } as const;
  const producer = await openProducer(server, options);
  const ticket = await producer.submit({ id: 7n, name: "seven" });
  await ticket.ack();
  await assert.rejects(producer.submit({ nme: "x" }), hasCode("invalid_argument", "nme"));
  await producer.close();
  const call = await server.stream(0);
  const encoder = compileProtoEncoder(SCHEMA);
  assert.deepEqual(
    Buffer.from(call.createRequest?.descriptorProto ?? []),
    Buffer.from(encoder.descriptor ?? []),
  );
  assert.deepEqual(
    call.messages[0]?.records[0],
    Buffer.from(encoder.encode({ id: 7n, name: "seven" })),
  );
  assert.equal(call.headers.authorization, "Bearer ingest");
  assert.equal(workspace.tokenForms.filter((form) => !form.has("authorization_details")).length, 1);
  const health = await checkHealth({ endpoint: server.url, table: TABLE, ...options });
  assert.equal(health.ok, true);
});

test("sends JSON of a fetched schema when told so", async (context) => {
  const workspace = await Workspace.start(context);
  await using server = await ScriptedServer.start([serveEverything]);
  const producer = await openProducer(server, {
    unityCatalogUrl: workspace.url,
    auth: { headersProvider: { getHeaders: () => [["authorization", "Bearer catalog"]] } },
    schema: "fetch",
    format: "json",
  });
  await (await producer.submit({ id: 7n })).ack();
  await producer.close();
  assert.equal((await server.stream(0)).messages[0]?.records[0]?.toString(), '{"id":7}');
});

test("reports how the table differs from a given schema, at once and when it changes", async (context) => {
  const workspace = await Workspace.start(context);
  await using server = await ScriptedServer.start([serveEverything]);
  const clock = new ManualClock();
  const differences: string[][] = [];
  let told: () => void = () => undefined;
  const nextReport = (): Promise<void> =>
    new Promise((resolve) => {
      told = resolve;
    });
  workspace.columns = [...COLUMNS, column("place", "string", "string", 2)];
  const first = nextReport();
  const producer = await Producer.open(
    {
      endpoint: server.url,
      table: TABLE,
      auth: { headersProvider: { getHeaders: () => [["authorization", "Bearer catalog"]] } },
      unityCatalogUrl: workspace.url,
      schema: SCHEMA,
      schemaCheckIntervalMs: 60_000,
      onEvent: (event) => {
        if (event.kind !== "schemaDrift") return;
        differences.push(event.differences.map(({ kind, column: name }) => `${kind} ${name}`));
        told();
      },
    },
    { clock, random: () => 0 },
  );
  await first;
  workspace.columns = COLUMNS.slice(0, 1);
  const second = nextReport();
  clock.advance(60_000);
  await second;
  assert.deepEqual(differences, [["addedNullable place"], ["removed name"]]);
  await producer.close();
});

test("stamps an id into the column named, checks that there is one, and keeps it in the dead letters", async (context) => {
  const directory = await makeTemporaryDirectory(context);
  const taken: string[] = [];
  await using server = await ScriptedServer.start([
    validatingServer((text) => text.includes("wrong"), taken),
  ]);
  const producer = await openProducer(server, {
    recordId: { column: "id", from: ["name"] },
    deadLetters: { directory },
    limits: { recordsPerSecond: 10_000 },
  });
  await producer.submit({ name: "right" });
  const refused = await producer.submit({ name: "wrong" });
  await assert.rejects(refused.ack(), hasCode("invalid_argument"));
  await producer.close();
  const [text = "{}"] = taken;
  assert.match((JSON.parse(text) as { id: string }).id, /^[0-9a-f-]{36}$/);
  const letters = [];
  for await (const letter of readDeadLetters(directory)) letters.push(letter);
  assert.equal(letters.length, 1);
  assert.match(letters[0]?.recordId ?? "", /^[0-9a-f-]{36}$/);
  await assert.rejects(
    openProducer(server, { schema: SCHEMA, recordId: { column: "uuid" } }),
    hasCode("invalid_argument", "uuid"),
  );
  await assert.rejects(
    openProducer(server, { schema: SCHEMA, recordId: { column: "id" } }),
    hasCode("invalid_argument", "long"),
  );
});
