// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { runInProcess, temporaryDirectory } from "../support/run-sluice.ts";

const TABLE = "main.default.events";

test("makes clients, grants, revokes, rotates and deletes", async (context) => {
  const data = join(await temporaryDirectory(context), "data");
  const run = (...commandLine: string[]): ReturnType<typeof runInProcess> =>
    runInProcess([...commandLine, "--data", data]);
  assert.equal((await run("client", "list")).code, 1);
  await run("table", "create", TABLE, "id BIGINT");

  const created = await run("client", "create", "collector", "--json");
  const client = JSON.parse(created.stdout) as { clientId: string; clientSecret: string };
  assert.match(client.clientSecret, /^[\w-]{32}$/);
  assert.match((await run("client", "create", "collector")).stderr, /exists already/);
  const granted = await run("grant", "select,modify", TABLE, "--to", "collector");
  assert.equal(granted.stdout, `granted SELECT, MODIFY on table ${TABLE} to collector\n`);
  const wrong = await run("grant", "USE CATALOG", TABLE, "--to", "collector");
  assert.match(wrong.stderr, /cannot be granted on a TABLE/);
  const listed = JSON.parse((await run("client", "list", "--json")).stdout) as unknown[];
  assert.deepEqual(
    listed.map((entry) => (entry as { grants: unknown }).grants),
    [[`SELECT on ${TABLE}`, `MODIFY on ${TABLE}`]],
  );
  assert.match(
    (await run("client", "list")).stdout,
    /^name +client id +created +grants\ncollector/,
  );

  const revoked = await run("revoke", "MODIFY", TABLE, "--from", client.clientId);
  assert.match(revoked.stdout, /^revoked MODIFY on table/);
  const rotated = await run("client", "rotate", "collector", "--json");
  const again = JSON.parse(rotated.stdout) as typeof client;
  assert.equal(again.clientId, client.clientId);
  assert.notEqual(again.clientSecret, client.clientSecret);
  assert.equal((await run("client", "delete", "collector")).stdout, "deleted client collector\n");
  assert.match((await run("client", "list")).stderr, /no clients but the server's own/);
});

test("drops tables, registers them where they lie, and keeps files when told to", async (context) => {
  const data = join(await temporaryDirectory(context), "data");
  const run = (...commandLine: string[]): ReturnType<typeof runInProcess> =>
    runInProcess(["table", ...commandLine, "--data", data]);
  await run("create", TABLE, "id BIGINT");
  const location = join(data, "tables/main/default/events");
  const kept = await run("drop", TABLE, "--keep-files");
  assert.equal(kept.stdout, `dropped ${TABLE}; its files stay at ${location}\n`);
  const registered = await run("register", "main.default.again", location, "--comment", "c");
  assert.equal(registered.stdout, `registered main.default.again at ${location}\n`);
  assert.deepEqual(JSON.parse((await run("drop", "main.default.again", "--json")).stdout), {
    name: "main.default.again",
    location,
    filesRemoved: false,
  });
  const none = await run("register", TABLE, join(data, "none"));
  assert.equal(none.code, 1);
  await run("register", TABLE, location);
  assert.equal((await run("count", TABLE)).stdout, "0\n");
});
