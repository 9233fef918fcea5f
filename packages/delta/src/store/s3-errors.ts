// SPDX-License-Identifier: Apache-2.0
import {
  connectionFailure,
  type FailureKind,
  kindOfStatus,
  type RemoteFailure,
  retryAfterOf,
} from "./remote-failure.ts";

/** What the codes of S3 mean where the status does not say it. */
const KINDS: Readonly<Record<string, FailureKind>> = {
  PreconditionFailed: "exists",
  ConditionalRequestConflict: "raced",
  OperationAborted: "raced",
  NoSuchBucket: "noContainer",
  NoSuchKey: "notFound",
  NoSuchUpload: "notFound",
  NotFound: "notFound",
  InvalidRange: "outOfRange",
  SlowDown: "throttled",
  ThrottlingException: "throttled",
  TooManyRequestsException: "throttled",
  RequestLimitExceeded: "throttled",
  NotImplemented: "unsupported",
  RequestTimeout: "unanswered",
  // The bytes did not arrive as they were sent.
  BadDigest: "unanswered",
  IncompleteBody: "unanswered",
  ExpiredToken: "denied",
  InvalidToken: "denied",
  RequestTimeTooSkewed: "denied",
  CredentialsProviderError: "denied",
  TokenProviderError: "denied",
};

const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: "create the bucket, or check its name and the endpoint",
  AccessDenied:
    "check the credentials and the policy (where s3:ListBucket is not allowed, S3 also answers so for objects that do not exist)",
  Forbidden:
    "check the credentials and the policy (where s3:ListBucket is not allowed, S3 also answers so for objects that do not exist)",
  InvalidAccessKeyId: "check the access key id",
  SignatureDoesNotMatch: "check the secret access key",
  ExpiredToken: "the session token has expired: get a new one",
  RequestTimeTooSkewed: "set this machine's clock",
  CredentialsProviderError:
    "give `s3.credentials`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
  PermanentRedirect: "the bucket is in another region: set `s3.region`",
  AuthorizationHeaderMalformed: "the bucket is in another region: set `s3.region`",
  NotImplemented: "use a server that supports conditional writes",
};

interface S3Error extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string | undefined>> };
}

export function classifyS3Error(error: unknown): RemoteFailure {
  if (!(error instanceof Error)) return connectionFailure(error);
  const { name, message, $metadata, $response }: S3Error = error;
  const status = $metadata?.httpStatusCode;
  const known = KINDS[name];
  // An answer of 200 can still hold an error, and one that was cut off in the middle is none.
  if (known === undefined && (status === undefined || status < 300)) {
    return connectionFailure(error);
  }
  const kind = known ?? kindOfStatus(status ?? 0);
  const advice = ADVICE[name];
  const retryAfterMs = retryAfterOf($response?.headers?.["retry-after"]);
  return {
    // Only the codes above say that it is the object that is missing.
    kind: known === undefined && kind === "notFound" ? "invalid" : kind,
    reason: message === "" || message === name ? name : `${name}: ${message}`,
    ...(status === undefined ? {} : { status }),
    ...(advice === undefined ? {} : { advice }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
