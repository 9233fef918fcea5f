// SPDX-License-Identifier: Apache-2.0
import { DeltaError, type DeltaErrorCode } from "@sluice/delta";
import { ERROR_CODES, type ErrorCode } from "@sluice/protocol";

/** What is known about where an error belongs; every field is optional. */
export interface ServerErrorDetails {
  readonly table?: string;
  readonly streamId?: string;
  /** Wire offset of the message at fault. */
  readonly offset?: number;
  /** Column path at fault. */
  readonly field?: string;
  /** A limit that was exceeded. */
  readonly limit?: number;
}

/** The one public error of the server. `code` says what the caller must do; it decides the gRPC status. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly code: ErrorCode;
  readonly details: ServerErrorDetails;

  constructor(code: ErrorCode, message: string, details: ServerErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  /** Whether the same request may succeed later without a change. */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  /** Wraps anything that was thrown; a `ServerError` stays what it is, an error of the Delta layer keeps its meaning. */
  static from(reason: unknown, context: string): ServerError {
    if (reason instanceof ServerError) return reason;
    const text = reason instanceof Error ? reason.message : String(reason);
    const code = reason instanceof DeltaError ? CODE_OF_DELTA_ERROR[reason.code] : "internal";
    return new ServerError(code, `${context}: ${text}`, {}, reason);
  }
}

const CODE_OF_DELTA_ERROR: Readonly<Record<DeltaErrorCode, ErrorCode>> = {
  invalid_argument: "invalid_argument",
  not_found: "not_found",
  already_exists: "already_exists",
  unsupported: "unimplemented",
  permission_denied: "permission_denied",
  data_loss: "data_loss",
  resource_exhausted: "resource_exhausted",
  unavailable: "unavailable",
  internal: "internal",
};
