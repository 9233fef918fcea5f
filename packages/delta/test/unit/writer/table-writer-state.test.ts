// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  nextTableWriterState,
  TABLE_WRITER_TRANSITIONS,
  type TableWriterEvent,
  type TableWriterState,
} from "../../../src/writer/table-writer-state.ts";

const STATES = Object.keys(TABLE_WRITER_TRANSITIONS) as TableWriterState[];
const EVENTS = Object.keys(TABLE_WRITER_TRANSITIONS.open) as TableWriterEvent[];
/** Where a call is under way, only its end is an event. */
const BUSY: ReadonlySet<TableWriterState> = new Set(["writing", "committing"]);

describe("table writer states", () => {
  test("take rows and a commit only while nothing has gone wrong", () => {
    assert.deepEqual(
      STATES.filter((state) => TABLE_WRITER_TRANSITIONS[state].write !== "misuse"),
      ["open"],
    );
    assert.deepEqual(
      STATES.filter((state) => TABLE_WRITER_TRANSITIONS[state].commit !== "misuse"),
      ["open", "unsettled"],
    );
  });

  test("can all be left by an abort, but while a call is under way", () => {
    for (const state of STATES) {
      const next = TABLE_WRITER_TRANSITIONS[state].abort;
      if (BUSY.has(state)) assert.equal(next, "misuse", state);
      else assert.equal(next, state === "committed" ? "committed" : "aborted", state);
    }
  });

  test("are final once committed or aborted", () => {
    for (const state of ["committed", "aborted"] as const) {
      for (const event of EVENTS) {
        const next = TABLE_WRITER_TRANSITIONS[state][event];
        assert.ok(next === "misuse" || next === state, `${state} ${event}`);
      }
    }
  });

  test("reach the end of every call from its beginning", () => {
    assert.equal(nextTableWriterState("open", "write"), "writing");
    assert.equal(nextTableWriterState("writing", "written"), "open");
    assert.equal(nextTableWriterState("writing", "fail"), "failed");
    assert.equal(nextTableWriterState("open", "commit"), "committing");
    for (const [event, state] of [
      ["committed", "committed"],
      ["unsettle", "unsettled"],
      ["refuse", "refused"],
      ["fail", "failed"],
    ] as const) {
      assert.equal(nextTableWriterState("committing", event), state);
    }
  });

  test("say why a call is refused", () => {
    assert.throws(() => nextTableWriterState("failed", "write"), /takes no write: .* abort it/);
    assert.throws(() => nextTableWriterState("committed", "commit"), /open another writer/);
  });
});
