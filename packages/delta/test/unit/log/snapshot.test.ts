// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { DeltaError } from "../../../src/delta-error.ts";
import type { Action } from "../../../src/log/actions.ts";
import { replayCommits, type Snapshot } from "../../../src/log/snapshot.ts";
import {
  addOf,
  commitOf,
  metadataOf,
  removeOf,
  SCHEMA,
  tableActions,
} from "../../support/log-actions.ts";

function pathsOf(snapshot: Snapshot): string[] {
  return [...snapshot.files].map(({ path }) => path);
}

function replay(...versions: Action[][]): Snapshot {
  return replayCommits(
    undefined,
    [tableActions(), ...versions].map((actions, version) => commitOf(version, actions)),
  );
}

const vector = (id: string, cardinality = 1): object => ({
  deletionVector: { storageType: "u", pathOrInlineDv: id, offset: 1, sizeInBytes: 10, cardinality },
});

function domain(name: string, removed: boolean): Action {
  return { domainMetadata: { domain: name, configuration: "{}", removed } };
}

function refusesAsDamaged(run: () => unknown, message: RegExp): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof DeltaError);
    assert.equal(error.code, "data_loss");
    assert.match(error.message, message);
    return true;
  });
}

function state(snapshot: Snapshot): [string, number | undefined][] {
  return [...snapshot.files]
    .map(({ path, rowCount }): [string, number | undefined] => [path, rowCount])
    .toSorted(byPath);
}

function byPath([left]: readonly unknown[], [right]: readonly unknown[]): number {
  return String(left) < String(right) ? -1 : 1;
}

describe("snapshot", () => {
  test("holds what was added and not removed", () => {
    const snapshot = replay([addOf("a", 1), addOf("b", 2)], [removeOf("a"), addOf("c", 3)]);
    assert.equal(snapshot.version, 2);
    assert.deepEqual(pathsOf(snapshot), ["b", "c"]);
    assert.deepEqual(
      [...snapshot.files].map(({ rowCount }) => rowCount),
      [2, 3],
    );
  });

  test("takes encoded and plain spellings of a path for one file", () => {
    assert.deepEqual(pathsOf(replay([addOf("a%20b", 1)], [removeOf("a b")])), []);
    assert.deepEqual(pathsOf(replay([addOf("d=1%2F2/x", 1)])), ["d=1/2/x"]);
  });

  test("keeps a file whose remove names another deletion vector", () => {
    const snapshot = replay(
      [addOf("a", 9)],
      [addOf("a", 9, vector("v1")), removeOf("a")],
      [removeOf("a")],
    );
    assert.deepEqual(
      [...snapshot.files].map((file) => file.deletionVector?.pathOrInlineDv),
      ["v1"],
    );
    assert.deepEqual(
      pathsOf(replay([addOf("a", 9, vector("v1"))], [removeOf("a", vector("v1"))])),
      [],
    );
  });

  test("keeps the last txn of each application and where it was committed", () => {
    const snapshot = replay(
      [{ txn: { appId: "x", version: 5 } }, { txn: { appId: "y", version: 1 } }],
      [{ txn: { appId: "x", version: 4 } }],
    );
    assert.deepEqual(
      [...snapshot.txns],
      [
        ["x", { version: 4, committedVersion: 2, lastUpdatedMs: undefined }],
        ["y", { version: 1, committedVersion: 1, lastUpdatedMs: undefined }],
      ],
    );
  });

  test("keeps domains until they are removed", () => {
    const snapshot = replay([domain("a", false), domain("b", false)], [domain("a", true)]);
    assert.deepEqual([...snapshot.domains.keys()], ["b"]);
  });

  test("takes the last metadata and tells the version that set it", () => {
    const wider = {
      ...SCHEMA,
      fields: [...SCHEMA.fields, { name: "n", type: "string", nullable: true, metadata: {} }],
    } as const;
    const snapshot = replay([addOf("a", 1)], [{ metaData: metadataOf(wider) }], [addOf("b", 1)]);
    assert.equal(snapshot.schema.fields.length, 2);
    assert.equal(snapshot.metadataVersion, 2);
    assert.equal(snapshot.protocolVersion, 0);
  });

  test("refuses gaps and logs without protocol or metaData", () => {
    refusesAsDamaged(
      () => replayCommits(undefined, [commitOf(0, tableActions()), commitOf(2, [addOf("a", 1)])]),
      /lacks version 1/,
    );
    refusesAsDamaged(
      () => replayCommits(undefined, [commitOf(1, tableActions())]),
      /lacks version 0/,
    );
    refusesAsDamaged(() => replayCommits(undefined, []), /lacks version 0/);
    refusesAsDamaged(
      () => replayCommits(undefined, [commitOf(0, tableActions().slice(0, 2))]),
      /no metaData action/,
    );
    refusesAsDamaged(
      () => replayCommits(undefined, [commitOf(0, [{ metaData: metadataOf(SCHEMA) }])]),
      /no protocol action/,
    );
    const broken = { ...metadataOf(SCHEMA), schemaString: "{}" };
    refusesAsDamaged(
      () => replay([{ metaData: broken }]),
      /metaData of version 1 has a broken schema/,
    );
  });

  test("leaves an older snapshot as it was when newer ones are made from it", () => {
    const base = replay([addOf("a", 1)]);
    const left = replayCommits(base, [commitOf(2, [addOf("b", 1)])]);
    const right = replayCommits(base, [commitOf(2, [addOf("c", 1)])]);
    const later = replayCommits(left, [commitOf(3, [removeOf("a"), addOf("d", 1)])]);
    assert.deepEqual([base, left, right, later].map(pathsOf), [
      ["a"],
      ["a", "b"],
      ["a", "c"],
      ["b", "d"],
    ]);
    assert.deepEqual(
      [base.files.has("b"), left.files.has("b"), right.files.has("b")],
      [false, true, false],
    );
  });

  test("is the same however the commits are grouped", () => {
    const change = fc.array(
      fc.record({ name: fc.constantFrom("a", "b", "c", "d", "e"), isRemove: fc.boolean() }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.nat(), (changes, cut) => {
        const commits = changes.map((items, index) => {
          const actions = new Map<string, Action>();
          for (const { name, isRemove } of items) {
            actions.set(`${isRemove} ${name}`, isRemove ? removeOf(name) : addOf(name, index));
          }
          return commitOf(index + 1, [{ commitInfo: {} }, ...actions.values()]);
        });
        const start = replay();
        const whole = replayCommits(start, commits);
        const middle = cut % (commits.length + 1);
        let stepwise = replayCommits(start, commits.slice(0, middle));
        for (const commit of commits.slice(middle)) stepwise = replayCommits(stepwise, [commit]);
        assert.deepEqual(state(stepwise), state(whole));
        const expected = new Map<string, number>();
        for (const [index, items] of changes.entries()) {
          for (const { name, isRemove } of items) if (isRemove) expected.delete(name);
          for (const { name, isRemove } of items) if (!isRemove) expected.set(name, index);
        }
        assert.deepEqual(state(whole), [...expected].toSorted(byPath));
      }),
      { numRuns: 300 },
    );
  });
});
