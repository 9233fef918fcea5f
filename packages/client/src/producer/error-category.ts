// SPDX-License-Identifier: Apache-2.0
import type { ErrorCode } from "@sluice/protocol";

/** What kind of trouble an error is, by what a producer does about it. */
export type ErrorCategory =
  /** The way to the server, or the server, is away: a new stream is opened, with growing waits. */
  | "connection"
  /** The server wants less: as `connection`. */
  | "throttling"
  /** The credentials were refused: new ones are got once, then again with growing waits within a budget. */
  | "auth"
  /** A record was refused: it is found and set aside. */
  | "data"
  /** Table, descriptor, endpoint or options are wrong: the producer fails. */
  | "configuration"
  /** A broken contract on either side. Opened again while streams still make progress. */
  | "bug"
  /** The owner closed it. */
  | "closed";

const WHILE_STREAMING: Readonly<Record<ErrorCode, ErrorCategory>> = {
  invalid_argument: "data",
  schema_mismatch: "data",
  out_of_range: "data",
  unauthenticated: "auth",
  permission_denied: "auth",
  not_found: "configuration",
  already_exists: "connection",
  unimplemented: "configuration",
  resource_exhausted: "throttling",
  fenced: "connection",
  unavailable: "connection",
  deadline_exceeded: "connection",
  cancelled: "connection",
  closed: "connection",
  data_loss: "connection",
  internal: "bug",
};

/**
 * Sorts an error. While a stream is being opened nothing of a record was sent, so that what would be a fault of the
 * data is one of the configuration.
 */
export function categoryOf(code: ErrorCode, opening: boolean): ErrorCategory {
  const category = WHILE_STREAMING[code];
  return opening && category === "data" ? "configuration" : category;
}
