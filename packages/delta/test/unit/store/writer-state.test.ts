// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeltaError } from "../../../src/delta-error.ts";
import {
  WRITER_TRANSITIONS,
  type WriterEvent,
  WriterLife,
  type WriterState,
} from "../../../src/store/writer-state.ts";

describe("WriterLife", () => {
  test("takes bytes only while open, and ends but once", () => {
    const states = Object.keys(WRITER_TRANSITIONS) as WriterState[];
    const allowing = (event: WriterEvent): WriterState[] =>
      states.filter((state) => WRITER_TRANSITIONS[state][event] !== "refused");
    assert.deepEqual(allowing("write"), ["open"]);
    assert.deepEqual(allowing("finish"), ["open"]);
    assert.deepEqual(allowing("abort"), states);
    assert.deepEqual(allowing("fail"), states);
    assert.deepEqual(allowing("settle"), ["finishing", "aborted"]);
  });

  test("never leaves the end that it has reached", () => {
    for (const end of ["finished", "aborted"] as const) {
      for (const next of Object.values(WRITER_TRANSITIONS[end])) {
        assert.ok(next === "refused" || next === end);
      }
    }
  });

  test("follows the table and names the state in what it refuses", async () => {
    const life = new WriterLife("part");
    life.on("write");
    await assert.rejects(
      life.run(async () => {
        throw new Error("disk");
      }),
      /disk/,
    );
    assert.equal(life.state, "failed");
    assert.throws(
      () => life.on("finish"),
      (error) => error instanceof DeltaError && /"part" is failed/.test(error.message),
    );
    life.on("abort");
    assert.equal(life.state, "aborted");
  });
});
