// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "../core/zerobus-error.ts";
import { REDACTED, type Redact } from "./redactor.ts";

const MAX_DEPTH = 5;
const MAX_ERRORS = 10;

/** An error as plain data, redacted. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  /** Of a `ZerobusError`. */
  readonly retryable?: boolean;
  readonly effect?: string;
  readonly grpcStatus?: string;
  readonly httpStatus?: number;
  readonly serverMessage?: string;
  /** Of other errors. */
  readonly stack?: string;
  readonly cause?: ErrorDescription;
  /** Of an `AggregateError`. */
  readonly errors?: readonly ErrorDescription[];
}

/**
 * Describes anything thrown. Only what is named here is copied: errors of HTTP libraries carry whole requests, headers
 * included, as properties of their own.
 */
export function describeError(error: unknown, redact: Redact): ErrorDescription {
  return describe(error, redact, 0);
}

function describe(error: unknown, redact: Redact, depth: number): ErrorDescription {
  try {
    if (error instanceof ZerobusError) return describeOwn(error, redact, depth);
    if (error instanceof Error) return describeOther(error, redact, depth);
    const message =
      typeof error === "string" ? error : `a value of type ${typeof error} was thrown`;
    return { name: typeof error, message: redact(message) };
  } catch {
    // A getter of a foreign error may throw.
    return { name: "unknown", message: REDACTED };
  }
}

function describeOwn(error: ZerobusError, redact: Redact, depth: number): ErrorDescription {
  const { grpcStatus, httpStatus, serverMessage } = error.details;
  return {
    name: error.name,
    message: redact(error.message),
    code: error.code,
    retryable: error.retryable,
    effect: error.effect,
    ...(grpcStatus === undefined ? {} : { grpcStatus }),
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(serverMessage === undefined ? {} : { serverMessage: redact(serverMessage) }),
    ...inner(error, redact, depth),
  };
}

function describeOther(error: Error, redact: Redact, depth: number): ErrorDescription {
  // Foreign errors do not always have what their type says.
  const { name, message, code, stack } = error as unknown as Readonly<Record<string, unknown>>;
  const plainCode = typeof code === "string" || typeof code === "number";
  return {
    name: redact(String(name)),
    message: redact(String(message)),
    ...(plainCode ? { code: redact(String(code)) } : {}),
    ...(typeof stack === "string" ? { stack: redact(stack) } : {}),
    ...inner(error, redact, depth),
  };
}

/** What is inside an error, as deep as is useful: causes may be circular. */
function inner(
  error: Error,
  redact: Redact,
  depth: number,
): Pick<ErrorDescription, "cause" | "errors"> {
  if (depth >= MAX_DEPTH) return {};
  const { cause } = error;
  const errors =
    error instanceof AggregateError
      ? error.errors.slice(0, MAX_ERRORS).map((part) => describe(part, redact, MAX_DEPTH))
      : undefined;
  return {
    ...(cause === undefined ? {} : { cause: describe(cause, redact, depth + 1) }),
    ...(errors === undefined ? {} : { errors }),
  };
}
