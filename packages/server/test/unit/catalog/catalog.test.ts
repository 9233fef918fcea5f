// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, beforeEach, describe, it } from "node:test";
import { createTable, parseColumnList } from "@sluice/delta";
import {
  Catalog,
  parsePrivilege,
  parseSecurable,
  readInformationSchema,
} from "../../../src/index.ts";
import { makeDirectory } from "../../support/test-server.ts";

const COLUMNS = parseColumnList("id BIGINT NOT NULL, name STRING COMMENT 'who'");

describe("the catalog", () => {
  let root: string;
  let data: string;
  let catalog: Catalog;
  let count = 0;
  before(async () => {
    root = await makeDirectory();
  });
  beforeEach(() => {
    data = join(root, String(count++));
    catalog = new Catalog(data);
  });
  after(async () => rm(root, { recursive: true }));

  it("gives a name to a table that exists, and drops it without its files", async () => {
    const location = join(root, "elsewhere");
    await createTable({ location, schema: COLUMNS });
    const entry = await catalog.register("Main.A.T", location, { comment: "c", owner: "o" });
    assert.equal(entry.name, "main.a.t");
    assert.equal(entry.kind, "external");
    assert.deepEqual(await new Catalog(data).list(), [entry]);
    assert.equal((await catalog.openTable("main.a.t")).location, location);
    await assert.rejects(catalog.register("main.a.t", location), { code: "already_exists" });
    await assert.rejects(catalog.register("main.a.u", join(root, "none")), { code: "not_found" });
    await assert.rejects(catalog.register("main.a.u", "s3://bucket/t"), { code: "unimplemented" });
    const byUrl = await catalog.register("main.a.url", pathToFileURL(location).href);
    assert.equal(byUrl.location, location);
    await catalog.drop("main.a.url");
    const described = await catalog.describe("main.a.t", { comment: "other" });
    assert.deepEqual([described.comment, described.owner], ["other", "o"]);
    const id = (await catalog.openTable("main.a.t")).snapshot().metadata.id;
    await catalog.drop("main.a.t");
    assert.deepEqual(await catalog.list(), []);
    assert.ok((await catalog.droppedTableIds()).has(id));
    await stat(location);
    await catalog.register("main.a.t", location);
    assert.ok(!(await catalog.droppedTableIds()).has(id));
  });

  it("drops a managed table with its files and what was granted on it", async () => {
    const { location } = await catalog.create("main.a.t", COLUMNS);
    const { clientId } = await catalog.access.createClient("c");
    const on = parseSecurable("main.a.t");
    await catalog.access.grant("c", ["SELECT"], on);
    assert.ok(await catalog.access.holds(clientId, "SELECT", on));
    await catalog.drop("main.a.t");
    await assert.rejects(stat(location), { code: "ENOENT" });
    assert.deepEqual(await catalog.access.listGrants(), []);
    await assert.rejects(catalog.drop("main.a.t"), { code: "not_found" });
  });

  it("keeps to its own tables when its directory is moved", async () => {
    await catalog.create("main.a.t", COLUMNS);
    await rename(data, `${data}-moved`);
    const moved = new Catalog(`${data}-moved`);
    assert.equal((await moved.openTable("main.a.t")).location.startsWith(`${data}-moved`), true);
  });

  it("loses nothing of what two processes change at one time", async () => {
    const catalogs = [catalog, new Catalog(data)];
    await Promise.all(
      catalogs.flatMap((own, index) =>
        [0, 1, 2, 3].map((number) => own.create(`main.a.t${index}${number}`, COLUMNS)),
      ),
    );
    assert.equal((await catalog.list()).length, 8);
    const twice = await Promise.allSettled(
      catalogs.map((own) => own.create("main.a.same", COLUMNS)),
    );
    assert.equal(twice.filter(({ status }) => status === "fulfilled").length, 1);
  });

  it("knows clients by a secret that it does not keep, which can be replaced", async () => {
    const { clientId, clientSecret } = await catalog.access.createClient("collector");
    const other = new Catalog(data).access;
    assert.ok(await other.verify(clientId, clientSecret));
    assert.ok(!(await other.verify(clientId, `${clientSecret}x`)));
    assert.ok(!(await other.verify("nobody", clientSecret)));
    await assert.rejects(other.createClient("collector"), { code: "already_exists" });
    await assert.rejects(other.createClient(""), { code: "invalid_argument" });
    const rotated = await other.rotateClient("collector");
    assert.equal(rotated.clientId, clientId);
    assert.ok(!(await catalog.access.verify(clientId, clientSecret)));
    assert.ok(await catalog.access.verify(clientId, rotated.clientSecret));
    const [listed] = await catalog.access.listClients();
    assert.deepEqual(Object.keys(listed ?? {}).sort(), ["clientId", "createdAtMs", "name"]);
    await other.deleteClient(clientId);
    assert.ok(!(await catalog.access.verify(clientId, rotated.clientSecret)));
  });

  it("says which privilege is missing to write, whatever ALL PRIVILEGES says", async () => {
    await catalog.create("main.a.t", COLUMNS);
    const { access } = catalog;
    const { clientId } = await access.createClient("c");
    const table = { catalog: "main", schema: "a", table: "t", full: "main.a.t" };
    const missing = async (): Promise<string | undefined> =>
      (await access.missingForWrite(clientId, table))?.privilege;
    for (const name of ["main", "main.a", "main.a.t"]) {
      await access.grant("c", ["ALL PRIVILEGES"], parseSecurable(name));
    }
    assert.equal(await missing(), "USE CATALOG");
    await access.grant("c", ["USE CATALOG", "MODIFY", "SELECT"], parseSecurable("main"));
    assert.equal(await missing(), "USE SCHEMA");
    await access.grant("c", ["USE SCHEMA"], parseSecurable("main.a"));
    assert.equal(await missing(), "SELECT");
    await access.grant("c", ["SELECT", "MODIFY"], parseSecurable("main.a.t"));
    assert.equal(await missing(), undefined);
    await access.revoke("c", ["MODIFY"], parseSecurable("main.a.t"));
    assert.equal(await missing(), "MODIFY");
    await assert.rejects(access.grant("c", ["USE CATALOG"], parseSecurable("main.a.t")), {
      code: "invalid_argument",
    });
    await assert.rejects(access.grant("c", ["SELECT"], parseSecurable("main.a.none")), {
      code: "not_found",
    });
    await assert.rejects(access.grant("nobody", ["SELECT"], parseSecurable("main")), {
      code: "not_found",
    });
  });

  it("lists what it holds as an information_schema does", async () => {
    await catalog.create("main.b.t", COLUMNS, {}, { owner: "me" });
    await catalog.create("main.a.t", COLUMNS);
    const { clientId } = await catalog.access.createClient("c");
    await catalog.access.grant("c", ["USE CATALOG"], parseSecurable("main"));
    const { catalogs, schemata, tables, columns, privileges } =
      await readInformationSchema(catalog);
    assert.deepEqual(catalogs, [{ catalog_name: "main" }]);
    assert.deepEqual(
      schemata.map(({ schema_name }) => schema_name),
      ["a", "b"],
    );
    assert.deepEqual(
      tables.map(({ table_schema, table_type, table_owner }) => [
        table_schema,
        table_type,
        table_owner,
      ]),
      [
        ["a", "MANAGED", null],
        ["b", "MANAGED", "me"],
      ],
    );
    assert.deepEqual(
      columns
        .filter(({ table_schema }) => table_schema === "a")
        .map((row) => [row.column_name, row.ordinal_position, row.is_nullable, row.comment]),
      [
        ["id", 0, "NO", null],
        ["name", 1, "YES", "who"],
      ],
    );
    assert.deepEqual(privileges, [
      {
        grantee: clientId,
        securable_type: "CATALOG",
        securable_name: "main",
        privilege_type: "USE CATALOG",
      },
    ]);
  });

  it("reads privileges and names as people write them", () => {
    assert.equal(parsePrivilege("use_catalog"), "USE CATALOG");
    assert.equal(parsePrivilege(" All  Privileges "), "ALL PRIVILEGES");
    assert.throws(() => parsePrivilege("DROP"), { code: "invalid_argument" });
    assert.deepEqual(parseSecurable("Main.A"), { kind: "SCHEMA", name: "main.a" });
    for (const wrong of ["", "a.b.c.d", "a..b", "a b"]) {
      assert.throws(() => parseSecurable(wrong), { code: "invalid_argument" });
    }
  });
});
