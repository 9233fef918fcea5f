// SPDX-License-Identifier: Apache-2.0

/** The life of an ingest stream, as the server sees it. */
export type SessionState =
  /** Response headers are out; the first message must be `create_stream`. */
  | "awaitingCreate"
  /** `create_stream` is being checked; nothing else is read. */
  | "creating"
  /** Records are taken. */
  | "open"
  /** The close signal is out; records are still taken until the client half-closes or the deadline. */
  | "draining"
  /** The client has half-closed; the stream ends with OK once all of it is durable. */
  | "finishing"
  /** The stream will end with an error once all that was taken before is durable and acknowledged. */
  | "refusing"
  /** Trailers are sent, or the client is gone. */
  | "ended";

export type SessionEvent =
  | "createReceived"
  | "createAccepted"
  /** A message or record cannot be taken, or `create_stream` is refused. */
  | "fault"
  | "halfClosed"
  /** Everything taken is durable and acknowledged. */
  | "settled"
  | "drainRequested"
  | "drainExpired"
  | "logFailed"
  | "gone";

type Row = Readonly<Record<SessionEvent, SessionState>>;

/** The complete transition table. An event that changes nothing in a state leads to the state itself. */
export const SESSION_TRANSITIONS: Readonly<Record<SessionState, Row>> = {
  awaitingCreate: {
    createReceived: "creating",
    createAccepted: "awaitingCreate",
    fault: "refusing",
    halfClosed: "finishing",
    settled: "awaitingCreate",
    drainRequested: "refusing",
    drainExpired: "refusing",
    logFailed: "ended",
    gone: "ended",
  },
  creating: {
    createReceived: "creating",
    createAccepted: "open",
    fault: "refusing",
    halfClosed: "finishing",
    settled: "creating",
    drainRequested: "refusing",
    drainExpired: "refusing",
    logFailed: "ended",
    gone: "ended",
  },
  open: {
    createReceived: "open",
    createAccepted: "open",
    fault: "refusing",
    halfClosed: "finishing",
    settled: "open",
    drainRequested: "draining",
    drainExpired: "refusing",
    logFailed: "ended",
    gone: "ended",
  },
  draining: {
    createReceived: "draining",
    createAccepted: "draining",
    fault: "refusing",
    halfClosed: "finishing",
    settled: "draining",
    drainRequested: "draining",
    drainExpired: "refusing",
    logFailed: "ended",
    gone: "ended",
  },
  finishing: {
    createReceived: "finishing",
    createAccepted: "finishing",
    fault: "finishing",
    halfClosed: "finishing",
    settled: "ended",
    drainRequested: "finishing",
    drainExpired: "finishing",
    logFailed: "ended",
    gone: "ended",
  },
  refusing: {
    createReceived: "refusing",
    createAccepted: "refusing",
    fault: "refusing",
    halfClosed: "refusing",
    settled: "ended",
    drainRequested: "refusing",
    drainExpired: "refusing",
    logFailed: "ended",
    gone: "ended",
  },
  ended: {
    createReceived: "ended",
    createAccepted: "ended",
    fault: "ended",
    halfClosed: "ended",
    settled: "ended",
    drainRequested: "ended",
    drainExpired: "ended",
    logFailed: "ended",
    gone: "ended",
  },
};

/** Whether records are taken in a state. */
export function takesRecords(state: SessionState): boolean {
  return state === "open" || state === "draining";
}
