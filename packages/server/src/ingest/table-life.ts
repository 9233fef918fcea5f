// SPDX-License-Identifier: Apache-2.0

/** The life of a table that is being written to. */
export type TableState =
  /** Being looked at; streams wait. */
  | "opening"
  /** Takes records and commits them. */
  | "open"
  /** Records in the log are encoded again, for what the table has become; streams wait. */
  | "replaying"
  /** Cannot be committed to; streams are refused, records stay in the log, and it is tried again later. */
  | "waiting"
  /** Another server has written this server's positions: only an operator knows what is right. */
  | "failed"
  /** Taken out of the catalog. */
  | "dropped"
  | "closed";

export type TableEvent =
  | "opened"
  /** The table has changed so that its records in the log must be encoded again. */
  | "changed"
  /** The log has been read to the end. */
  | "replayed"
  /** Opening, replaying or committing has failed and may succeed later. */
  | "faulted"
  | "retryDue"
  /** As `faulted`, but trying again could lose records. */
  | "fenced"
  | "droppedFromCatalog"
  | "closeRequested";

type Row = Readonly<Record<TableEvent, TableState>>;

/** The complete transition table. An event that changes nothing in a state leads to the state itself. */
export const TABLE_TRANSITIONS: Readonly<Record<TableState, Row>> = {
  opening: {
    opened: "open",
    changed: "opening",
    replayed: "opening",
    faulted: "waiting",
    retryDue: "opening",
    fenced: "failed",
    droppedFromCatalog: "dropped",
    closeRequested: "closed",
  },
  open: {
    opened: "open",
    changed: "replaying",
    replayed: "open",
    faulted: "waiting",
    retryDue: "open",
    fenced: "failed",
    droppedFromCatalog: "dropped",
    closeRequested: "closed",
  },
  replaying: {
    opened: "replaying",
    changed: "replaying",
    replayed: "open",
    faulted: "waiting",
    retryDue: "replaying",
    fenced: "failed",
    droppedFromCatalog: "dropped",
    closeRequested: "closed",
  },
  waiting: {
    opened: "waiting",
    changed: "waiting",
    replayed: "waiting",
    faulted: "waiting",
    retryDue: "replaying",
    fenced: "failed",
    droppedFromCatalog: "dropped",
    closeRequested: "closed",
  },
  failed: {
    opened: "failed",
    changed: "failed",
    replayed: "failed",
    faulted: "failed",
    retryDue: "failed",
    fenced: "failed",
    droppedFromCatalog: "dropped",
    closeRequested: "closed",
  },
  dropped: {
    opened: "dropped",
    changed: "dropped",
    replayed: "dropped",
    faulted: "dropped",
    retryDue: "dropped",
    fenced: "dropped",
    droppedFromCatalog: "dropped",
    closeRequested: "closed",
  },
  closed: {
    opened: "closed",
    changed: "closed",
    replayed: "closed",
    faulted: "closed",
    retryDue: "closed",
    fenced: "closed",
    droppedFromCatalog: "closed",
    closeRequested: "closed",
  },
};
