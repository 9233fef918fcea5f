// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  COMMIT_INTERVAL_PROPERTY,
  commitIntervalOf,
} from "../../../src/ingest/table-properties.ts";

describe("the commit interval of a table", () => {
  it("is what its property says, from 100 ms to a minute", () => {
    assert.equal(commitIntervalOf({}), undefined);
    for (const value of [100, 1234, 60_000]) {
      assert.equal(commitIntervalOf({ [COMMIT_INTERVAL_PROPERTY]: String(value) }), value);
    }
  });

  it("is refused outside of that, and when it is no whole number", () => {
    for (const text of ["99", "60001", "1.5", "-100", "1e3", "", "soon"]) {
      const result = commitIntervalOf({ [COMMIT_INTERVAL_PROPERTY]: text });
      assert.ok(typeof result === "object", text);
      assert.match(result.problem, /100 to 60000/);
    }
  });
});
