// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { DeltaError } from "../../../src/delta-error.ts";
import type { AddAction, RemoveAction } from "../../../src/log/actions.ts";
import { activeFileOf } from "../../../src/log/active-file.ts";
import type { FileBlock } from "../../../src/log/file-index.ts";
import { FileSet } from "../../../src/log/file-set.ts";
import { hashOfEncodedPath, hashOfPath } from "../../../src/log/path-hash.ts";

function add(path: string, size: number = 1): AddAction {
  return { path, partitionValues: {}, size, modificationTime: 1, dataChange: true };
}

function remove(path: string): RemoveAction {
  return { path, dataChange: true };
}

function blockOf(...adds: AddAction[]): FileBlock {
  const files = adds.map(activeFileOf);
  return {
    fileCount: files.length,
    sizeBytes: files.reduce((total, file) => total + file.sizeBytes, 0),
    at: (index) => files[index] as (typeof files)[number],
    hashAt: (index) => hashOfPath(files[index]?.path ?? ""),
  };
}

function pathsOf(files: FileSet): string[] {
  return [...files].map(({ path }) => path).toSorted();
}

const NAMES = Array.from({ length: 12 }, (_, index) => `f${index}`);

describe("file set", () => {
  test("keeps every set as it was, whatever is made of it", () => {
    const step = fc.record({
      from: fc.nat(),
      adds: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 4 }),
      removes: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.nat(6), fc.array(step, { maxLength: 20 }), (baseCount, steps) => {
        const base = NAMES.slice(0, baseCount);
        const blocks = [
          blockOf(...base.slice(0, 2).map((name) => add(name))),
          blockOf(),
          blockOf(...base.slice(2).map((name) => add(name))),
        ];
        const sets = [
          { files: FileSet.ofBlocks(blocks), expected: new Map(base.map((name) => [name, 1])) },
        ];
        for (const [index, { from, adds, removes }] of steps.entries()) {
          // Mostly the newest one, as a table does; at times an older one.
          const source = sets[from % 3 === 0 ? from % sets.length : sets.length - 1];
          if (source === undefined) continue;
          const size = index + 2;
          const files = source.files.apply([
            { adds: adds.map((name) => add(name, size)), removes: removes.map(remove) },
          ]);
          const expected = new Map(source.expected);
          for (const name of removes) expected.delete(name);
          for (const name of adds) expected.set(name, size);
          sets.push({ files, expected });
        }
        for (const { files, expected } of sets) {
          assert.deepEqual(pathsOf(files), [...expected.keys()].toSorted());
          assert.equal(files.fileCount, expected.size);
          let sizeBytes = 0;
          for (const size of expected.values()) sizeBytes += size;
          assert.equal(files.sizeBytes, sizeBytes);
          for (const name of NAMES) {
            assert.equal(files.has(name), expected.has(name), name);
            assert.equal(files.get(name)?.sizeBytes, expected.get(name), name);
          }
        }
      }),
    );
  });

  test("forgets what was removed from it, so that it stays as large as what it holds", () => {
    let files = FileSet.empty().apply([{ adds: [add("kept")], removes: [] }]);
    for (let round = 0; round < 5000; round += 1) {
      files = files.apply([{ adds: [add(`f${round}`)], removes: [remove(`f${round - 1}`)] }]);
    }
    assert.deepEqual(pathsOf(files), ["f4999", "kept"]);
  });

  test("is as it was where a change cannot be made", () => {
    const files = FileSet.empty().apply([{ adds: [add("a")], removes: [] }]);
    assert.throws(
      () => files.apply([{ adds: [add("b"), add("%zz")], removes: [remove("a")] }]),
      (error) => error instanceof DeltaError && error.code === "data_loss",
    );
    assert.deepEqual(pathsOf(files.apply([{ adds: [add("c")], removes: [] }])), ["a", "c"]);
  });
});

describe("hash of a path", () => {
  test("is the same for the path and for the URI that stands for it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (path) => {
        const uri = Buffer.from(encodeURIComponent(path));
        assert.equal(hashOfEncodedPath(uri, 0, uri.length), hashOfPath(path));
      }),
    );
    const lower = Buffer.from("x%c3%a9");
    assert.equal(hashOfEncodedPath(lower, 0, lower.length), hashOfPath("xé"));
  });
});
