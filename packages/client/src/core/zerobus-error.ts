// SPDX-License-Identifier: Apache-2.0
import {
  ERROR_CODES,
  type ErrorCode,
  errorCodeOfGrpcStatus,
  type GrpcStatusName,
  grpcStatusName,
} from "@sluice/protocol";

/** What is known about a failure beside its code and text. */
export interface ZerobusErrorDetails {
  /** The gRPC status the server ended the stream with. */
  readonly grpcStatus?: GrpcStatusName;
  /** The server's own words. */
  readonly serverMessage?: string;
  /** `host:port` that took no TCP connection, its name included. */
  readonly unreachable?: string;
  /** The raw `grpc-status-details-bin` trailer, a serialized `google.rpc.Status`. */
  readonly statusDetails?: Uint8Array;
  /** The HTTP status of the token endpoint, of a proxy, or of a server that did not speak gRPC. */
  readonly httpStatus?: number;
  /** Positions of the records at fault in the batch that was submitted, in ascending order. */
  readonly recordIndexes?: readonly number[];
  /** Path of the column that the failure is about, such as `place.x` or `tags[3]`. */
  readonly column?: string;
}

export interface ZerobusErrorOptions {
  readonly cause?: unknown;
  readonly details?: ZerobusErrorDetails;
  /** Overrides what {@link ERROR_CODES} says of the code. */
  readonly retryable?: boolean;
  /** @default "none" */
  readonly effect?: "none" | "unknown";
}

/** The one error class of this package. */
export class ZerobusError extends Error {
  /** What the caller must do about it. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** `unknown`: records may have reached the table although the call failed. */
  readonly effect: "none" | "unknown";
  readonly details: ZerobusErrorDetails;

  constructor(code: ErrorCode, message: string, options: ZerobusErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ZerobusError";
    this.code = code;
    this.retryable = options.retryable ?? ERROR_CODES[code].retryable;
    this.effect = options.effect ?? "none";
    this.details = options.details ?? {};
  }

  /** The same as {@link ZerobusError.retryable}, by the name the official package uses. */
  get isRetryable(): boolean {
    return this.retryable;
  }
}

/** The same failure with `prefix` in front of its text; what is not a `ZerobusError` becomes `internal`. */
export function prefixedError(prefix: string, error: unknown): ZerobusError {
  const inner = toZerobusError(error);
  return new ZerobusError(inner.code, prefix + inner.message, {
    cause: inner.cause ?? inner,
    details: inner.details,
    retryable: inner.retryable,
    effect: inner.effect,
  });
}

/**
 * Has the error, and what caused it, let go of the objects in its stack. Until its text is asked for, V8 keeps a stack as
 * frames, with the object that each method was called on: of an error that is remembered, a whole engine with its buffers.
 */
export function releaseFrames(error: Error): void {
  for (let each: unknown = error; each instanceof Error; each = each.cause) void each.stack;
}

/** Normalises anything thrown. */
export function toZerobusError(error: unknown): ZerobusError {
  if (error instanceof ZerobusError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ZerobusError("internal", message, { cause: error });
}

/** The error for a call that ended with a gRPC status, `OK` included. */
export function errorOfGrpcStatus(
  status: number,
  serverMessage: string,
  statusDetails?: Uint8Array,
): ZerobusError {
  const grpcStatus = grpcStatusName(status);
  const details: ZerobusErrorDetails = {
    grpcStatus,
    serverMessage,
    ...(statusDetails === undefined ? {} : { statusDetails }),
  };
  const code = errorCodeOfGrpcStatus(status);
  const text =
    code === "invalid_argument"
      ? `Invalid argument: ${serverMessage}.`
      : `Stream is closed: code: '${grpcStatus}', message: "${serverMessage}"`;
  return new ZerobusError(code, text, { details, effect: "unknown" });
}

/** The error of every call on a stream that its owner closed. */
export function closedError(text = "Stream has been closed"): ZerobusError {
  return new ZerobusError("closed", text, { retryable: false });
}
