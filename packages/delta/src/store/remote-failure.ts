// SPDX-License-Identifier: Apache-2.0
import { DeltaError, type DeltaErrorCode } from "../delta-error.ts";

/**
 * What a failed request to an object store means:
 * - `exists`: the condition "only if there is no such object" did not hold.
 * - `raced`: another conditional write of the object is under way; nothing was written.
 * - `notFound`: no such object, or no such upload.
 * - `outOfRange`: the object ends before the range that was asked for.
 * - `noContainer`: no such bucket or container.
 * - `denied`: no or wrong credentials, or no permission.
 * - `invalid`: the store takes the request for wrong.
 * - `unsupported`: the store does not do what was asked.
 * - `throttled`: too many requests, or no room left; nothing was done.
 * - `unreached`: nothing was sent.
 * - `unanswered`: sent, and no answer or one that says nothing about the outcome.
 */
export type FailureKind =
  | "exists"
  | "raced"
  | "notFound"
  | "outOfRange"
  | "noContainer"
  | "denied"
  | "invalid"
  | "unsupported"
  | "throttled"
  | "unreached"
  | "unanswered";

export interface RemoteFailure {
  readonly kind: FailureKind;
  /** What the store said. */
  readonly reason: string;
  /** What to do about it. */
  readonly advice?: string;
  /** Status of the HTTP answer. */
  readonly status?: number;
  /** How long the store asks to wait. */
  readonly retryAfterMs?: number;
}

interface Meaning {
  readonly code: DeltaErrorCode;
  readonly isRetried: boolean;
  /** Whether a write may have happened all the same. */
  readonly mayHaveApplied: boolean;
}

export const FAILURE_MEANINGS: Readonly<Record<FailureKind, Meaning>> = {
  exists: { code: "already_exists", isRetried: false, mayHaveApplied: false },
  raced: { code: "unavailable", isRetried: true, mayHaveApplied: false },
  notFound: { code: "not_found", isRetried: false, mayHaveApplied: false },
  outOfRange: { code: "invalid_argument", isRetried: false, mayHaveApplied: false },
  noContainer: { code: "not_found", isRetried: false, mayHaveApplied: false },
  denied: { code: "permission_denied", isRetried: false, mayHaveApplied: false },
  invalid: { code: "invalid_argument", isRetried: false, mayHaveApplied: false },
  unsupported: { code: "unsupported", isRetried: false, mayHaveApplied: false },
  throttled: { code: "resource_exhausted", isRetried: true, mayHaveApplied: false },
  unreached: { code: "unavailable", isRetried: true, mayHaveApplied: false },
  unanswered: { code: "unavailable", isRetried: true, mayHaveApplied: true },
};

/** Codes of Node's errors where no connection came about, so that no request was sent. */
const UNREACHED_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** A failure without an answer: by the error of the connection, or of what was wrapped around it. */
export function connectionFailure(error: unknown): RemoteFailure {
  const reason = error instanceof Error ? error.message || error.name : String(error);
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; depth += 1) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== undefined && UNREACHED_CODES.has(code)) {
      return { kind: "unreached", reason: reason.includes(code) ? reason : `${reason} (${code})` };
    }
    const inner: unknown =
      cause instanceof AggregateError ? (cause.errors[0] as unknown) : undefined;
    cause = inner ?? cause.cause;
  }
  return { kind: "unanswered", reason };
}

/** The kind of a failure by the answer's status alone, for what an answer's code does not tell better. */
export function kindOfStatus(status: number): FailureKind {
  switch (status) {
    case 401:
    case 403:
      return "denied";
    case 404:
      return "notFound";
    case 412:
      return "exists";
    case 416:
      return "outOfRange";
    case 429:
    case 507:
      return "throttled";
    case 501:
      return "unsupported";
    case 408:
      return "unanswered";
    default:
      return status >= 500 ? "unanswered" : "invalid";
  }
}

/** The longest that a store may make a request wait. */
const MAX_RETRY_AFTER_MS = 30_000;

/** `Retry-After` in seconds; as a date it is not heeded. */
export function retryAfterOf(header: string | undefined): number | undefined {
  const seconds = header === undefined ? Number.NaN : Number(header);
  return seconds >= 0 ? Math.min(MAX_RETRY_AFTER_MS, seconds * 1000) : undefined;
}

export interface FailedRequest {
  /** As in "cannot <action> <path>". */
  readonly action: string;
  readonly path: string;
  readonly location: string;
  readonly failure: RemoteFailure;
  readonly mayHaveApplied: boolean;
  readonly cause: unknown;
}

export function remoteError(request: FailedRequest): DeltaError {
  const { action, path, location, failure, mayHaveApplied, cause } = request;
  const { kind, reason, advice, status } = failure;
  const what = `cannot ${action} ${JSON.stringify(path)} in ${location}: ${reason}`;
  return new DeltaError(
    FAILURE_MEANINGS[kind].code,
    advice === undefined ? what : `${what}; ${advice}`,
    {
      cause,
      effect: mayHaveApplied ? "unknown" : "none",
      details: { path, location, kind, ...(status === undefined ? {} : { status }) },
    },
  );
}
