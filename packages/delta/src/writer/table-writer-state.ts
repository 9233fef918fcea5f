// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";

/**
 * - `open`: takes rows.
 * - `writing`: a `write` is under way.
 * - `committing`: a `commit` is under way.
 * - `unsettled`: a commit did not come through, and can be tried again.
 * - `refused`: the table has changed so that the files cannot become part of it.
 * - `failed`: a row was refused, or a file could not be written.
 * - `committed`: the rows are in the table.
 * - `aborted`: given up.
 */
export type TableWriterState =
  | "open"
  | "writing"
  | "committing"
  | "unsettled"
  | "refused"
  | "failed"
  | "committed"
  | "aborted";

/** `write`, `commit` and `abort` are calls; the others are how they have ended. */
export type TableWriterEvent =
  | "write"
  | "written"
  | "commit"
  | "committed"
  | "unsettle"
  | "refuse"
  | "fail"
  | "abort";

type Transitions = Readonly<Record<TableWriterEvent, TableWriterState | "misuse">>;

const NONE: Transitions = {
  write: "misuse",
  written: "misuse",
  commit: "misuse",
  committed: "misuse",
  unsettle: "misuse",
  refuse: "misuse",
  fail: "misuse",
  abort: "misuse",
};

/** The state after an event, or `misuse` where the call is an error. */
export const TABLE_WRITER_TRANSITIONS: Readonly<Record<TableWriterState, Transitions>> = {
  open: { ...NONE, write: "writing", commit: "committing", abort: "aborted" },
  writing: { ...NONE, written: "open", fail: "failed" },
  committing: {
    ...NONE,
    committed: "committed",
    unsettle: "unsettled",
    refuse: "refused",
    fail: "failed",
  },
  unsettled: { ...NONE, commit: "committing", abort: "aborted" },
  refused: { ...NONE, abort: "aborted" },
  failed: { ...NONE, abort: "aborted" },
  committed: { ...NONE, abort: "committed" },
  aborted: { ...NONE, abort: "aborted" },
};

const WHY: Readonly<Record<TableWriterState, string>> = {
  open: "it is open",
  writing: "a write is under way; wait for it",
  committing: "a commit is under way; wait for it",
  unsettled: "its commit did not come through; commit again, or abort",
  refused: "the table has changed so that its files do not fit; abort it and write the rows again",
  failed: "a row or a file has failed; abort it",
  committed: "it is committed; open another writer",
  aborted: "it was aborted",
};

/** @throws DeltaError `invalid_argument` for a call that the state does not allow. */
export function nextTableWriterState(
  state: TableWriterState,
  event: TableWriterEvent,
): TableWriterState {
  const next = TABLE_WRITER_TRANSITIONS[state][event];
  if (next !== "misuse") return next;
  throw new DeltaError("invalid_argument", `the table writer takes no ${event}: ${WHY[state]}`, {
    details: { state, event },
  });
}
