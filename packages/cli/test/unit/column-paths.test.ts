// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { columnPathText, parseColumnPaths } from "../../src/column-paths.ts";

test("reads columns, fields inside of them, and quoted names", () => {
  assert.deepEqual(parseColumnPaths("a"), [["a"]]);
  assert.deepEqual(parseColumnPaths(" a , b.c,`x.y`.`p``q` "), [["a"], ["b", "c"], ["x.y", "p`q"]]);
  assert.deepEqual(parseColumnPaths("größe"), [["größe"]]);
});

test("says where there is no column", () => {
  assert.equal(parseColumnPaths(""), 'no column name at ""');
  assert.equal(parseColumnPaths("a,"), "it ends with a comma");
  assert.equal(parseColumnPaths("a.."), 'no column name at "."');
  assert.equal(parseColumnPaths("a.`b"), 'no column name at "`b"');
  assert.equal(parseColumnPaths("a.``"), 'no column name at "``"');
});

test("reads again what it writes, whatever the names", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1 });
  const path = fc.array(name, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 3 }), (paths) => {
      assert.deepEqual(parseColumnPaths(paths.map(columnPathText).join(",")), paths);
    }),
  );
});
