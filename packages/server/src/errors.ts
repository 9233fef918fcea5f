// SPDX-License-Identifier: Apache-2.0
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

  /** Wraps anything that was thrown; a `ServerError` stays what it is. */
  static from(reason: unknown, context: string): ServerError {
    if (reason instanceof ServerError) return reason;
    const text = reason instanceof Error ? reason.message : String(reason);
    return new ServerError("internal", `${context}: ${text}`, {}, reason);
  }
}
