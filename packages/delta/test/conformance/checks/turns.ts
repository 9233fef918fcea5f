// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { parseColumnList } from "../../../src/schema/column-list.ts";
import { createTable } from "../../../src/table/create-table.ts";
import { assertReads, ownRows, plainRows } from "../agreement.ts";
import type { Check, CheckContext } from "../check.ts";
import type { Engine } from "../engine.ts";

interface Person extends Readonly<Record<string, unknown>> {
  readonly id: bigint;
  readonly name: string;
}

/** Every engine that writes, and we, append to one table in turns; then all of them read it. */
async function inTurns({ engine, location, allEngines, rounds }: CheckContext): Promise<void> {
  const table = await createTable({ location, schema: parseColumnList("id BIGINT, name STRING") });
  const expected: Person[] = [];
  const next = (name: string): Person[] => {
    const first = BigInt(expected.length);
    const rows = [first, first + 1n].map((id) => ({ id, name }));
    expected.push(...rows);
    return rows;
  };
  const append = async (writer: Engine): Promise<void> => {
    const ids = next(writer.name).map(({ id }) => Number(id));
    await writer.ask("append", { location, ids, name: writer.name });
  };
  for (let round = 0; round < rounds; round += 1) {
    const txn = { appId: "ours", version: round };
    const rows = next("ours");
    assert.equal((await table.appendRows(rows, { txn })).kind, "committed");
    await append(engine);
    // What was committed already adds nothing, whatever has come after it.
    assert.equal((await table.appendRows(rows, { txn })).kind, "alreadyCommitted");
    if (round === rounds >> 1) await table.checkpoint();
  }
  const { version, schema } = await table.refresh();
  assert.equal(version, 2 * rounds);
  assert.deepEqual(await ownRows(location), plainRows(schema, expected));
  for (const reader of allEngines) await assertReads(reader, table, expected);
}

/** As {@link inTurns} with all writers at one table: each meets what the others have left. */
async function allInTurns({ location, allEngines, rounds }: CheckContext): Promise<void> {
  const table = await createTable({ location, schema: parseColumnList("id BIGINT, name STRING") });
  const writers = allEngines.filter(({ name }) => name === "deltalake" || name === "spark");
  const expected: Person[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const writer of [undefined, ...writers]) {
      const row = { id: BigInt(expected.length), name: writer?.name ?? "ours" };
      expected.push(row);
      if (writer === undefined) await table.appendRows([row]);
      else await writer.ask("append", { location, ids: [Number(row.id)], name: row.name });
    }
    if (round % 4 === 3) await table.optimize();
  }
  await table.refresh();
  for (const reader of allEngines) await assertReads(reader, table, expected);
}

export const TURN_CHECKS: readonly Check[] = [
  {
    name: "appends in turns with us, read by all",
    engines: ["deltalake", "spark"],
    run: inTurns,
  },
  {
    name: "all append in turns while we compact",
    engines: ["deltalake", "spark"],
    run: allInTurns,
  },
];
