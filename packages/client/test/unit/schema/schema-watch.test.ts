// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  compareSchemas,
  type SchemaDrift,
  SchemaWatch,
  type TableSchema,
  ZerobusError,
} from "@sluice/client";
import { ManualClock } from "@sluice/testkit";
import { arrayOf, column, failsWith, mapOf, schemaOf, structOf } from "./support.ts";

describe("compareSchemas", () => {
  it("finds nothing between schemas that differ in order and comments only", () => {
    const mine = schemaOf(column("a", "long"), column("b", structOf(column("x", "date"))));
    const theirs = schemaOf(
      { ...column("b", structOf(column("x", "date"))), comment: "c" },
      column("a", "long"),
    );
    assert.deepEqual(compareSchemas(mine, theirs), []);
  });

  it("says what differs, how bad it is and what will come of it", () => {
    const mine = schemaOf(
      column("gone", "string"),
      column("n", "integer"),
      column("required", "long"),
      column("free", "long", false),
      column("xs", arrayOf({ kind: "float" })),
      column("m", mapOf({ kind: "string" }, structOf(column("x", "integer")))),
      column("Name", "string"),
    );
    const theirs = schemaOf(
      column("n", "long"),
      column("required", "long", false),
      column("free", "long"),
      column("xs", { kind: "array", element: { kind: "double" }, containsNull: false }),
      column(
        "m",
        mapOf({ kind: "string" }, structOf(column("x", "integer"), column("y", "integer"))),
      ),
      column("name", "string"),
      column("must", "string", false),
    );
    const found = compareSchemas(mine, theirs);
    assert.deepEqual(
      found.map(({ kind, column: path, mine: from, theirs: to, severity }) => [
        kind,
        path,
        from,
        to,
        severity,
      ]),
      [
        ["removed", "gone", "STRING", undefined, "breaking"],
        ["retyped", "n", "INT", "BIGINT", "breaking"],
        ["becameRequired", "required", "BIGINT", "BIGINT", "breaking"],
        ["becameNullable", "free", "BIGINT", "BIGINT", "info"],
        ["retyped", "xs[]", "FLOAT", "DOUBLE", "breaking"],
        ["becameRequired", "xs[]", "FLOAT", "DOUBLE", "breaking"],
        ["addedNullable", "m{}.y", undefined, "INT", "warning"],
        ["removed", "Name", "STRING", undefined, "breaking"],
        ["addedNullable", "name", undefined, "STRING", "warning"],
        ["addedRequired", "must", undefined, "STRING", "breaking"],
      ],
    );
    for (const { consequence } of found) assert.match(consequence, /\w/);
  });
});

const FIRST = schemaOf(column("a", "long"));
const SECOND = schemaOf(column("a", "long"), column("b", "string"));

class Fixture {
  readonly clock = new ManualClock();
  readonly drifts: SchemaDrift[] = [];
  readonly errors: ZerobusError[] = [];
  fetchCount = 0;
  answer: () => Promise<TableSchema> = async () => FIRST;
  readonly watch = new SchemaWatch({
    schema: FIRST,
    fetch: () => {
      this.fetchCount++;
      return this.answer();
    },
    onDrift: (drift) => this.drifts.push(drift),
    onError: (error) => this.errors.push(error),
    clock: this.clock,
    random: () => 0.5,
  });

  async advance(byMs: number): Promise<void> {
    this.clock.advance(byMs);
    await new Promise(setImmediate);
  }
}

describe("SchemaWatch", () => {
  it("fetches every five minutes less the jitter, and reports each change once", async () => {
    const fixture = new Fixture();
    await fixture.advance(269_999);
    assert.equal(fixture.fetchCount, 0);
    await fixture.advance(1);
    assert.equal(fixture.fetchCount, 1);
    assert.equal(fixture.drifts.length, 0);
    fixture.answer = async () => SECOND;
    await fixture.advance(270_000);
    await fixture.advance(270_000);
    assert.equal(fixture.fetchCount, 3);
    assert.deepEqual(
      fixture.drifts.map(({ differences }) => differences.map(({ kind }) => kind)),
      [["addedNullable"]],
    );
    fixture.answer = async () => FIRST;
    await fixture.advance(270_000);
    assert.deepEqual(fixture.drifts[1], { schema: FIRST, differences: [] });
    fixture.watch.close();
    assert.equal(fixture.clock.timerCount, 0);
  });

  it("reports a fetch that failed, and goes on", async () => {
    const fixture = new Fixture();
    fixture.answer = async () => {
      throw new ZerobusError("unavailable", "down");
    };
    await fixture.advance(270_000);
    assert.deepEqual(
      fixture.errors.map(({ code }) => code),
      ["unavailable"],
    );
    fixture.answer = async () => SECOND;
    await fixture.watch.check();
    assert.equal(fixture.drifts.length, 1);
    fixture.watch.close();
  });

  it("has one fetch under way at most, and reports nothing after close", async () => {
    const fixture = new Fixture();
    let settle: (schema: TableSchema) => void = () => undefined;
    fixture.answer = () =>
      new Promise((resolve) => {
        settle = resolve;
      });
    const first = fixture.watch.check();
    await fixture.watch.check();
    assert.equal(fixture.fetchCount, 1);
    assert.equal(fixture.clock.timerCount, 0);
    fixture.watch.close();
    settle(SECOND);
    await first;
    assert.equal(fixture.drifts.length, 0);
    assert.equal(fixture.clock.timerCount, 0);
    await fixture.watch.check();
    assert.equal(fixture.fetchCount, 1);
  });

  it("refuses an interval out of range", () => {
    const options = {
      schema: FIRST,
      fetch: async () => FIRST,
      onDrift: () => undefined,
      clock: new ManualClock(),
      random: () => 0,
    };
    assert.throws(
      () => new SchemaWatch({ ...options, intervalMs: 10 }),
      failsWith("invalid_argument", /from 1000 to 86400000/),
    );
  });
});
