// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import {
  connectionFailure,
  type FailureKind,
  kindOfStatus,
  type RemoteFailure,
  retryAfterOf,
} from "./remote-failure.ts";

/** What the codes of Azure mean where the status does not say it. */
const KINDS: Readonly<Record<string, FailureKind>> = {
  BlobAlreadyExists: "exists",
  PathAlreadyExists: "exists",
  ConditionNotMet: "exists",
  TargetConditionNotMet: "exists",
  UnauthorizedBlobOverwrite: "exists",
  BlobNotFound: "notFound",
  PathNotFound: "notFound",
  ResourceNotFound: "notFound",
  // The blocks of an upload that was completed, or that were given up.
  InvalidBlockList: "notFound",
  ContainerNotFound: "noContainer",
  ContainerBeingDeleted: "noContainer",
  InvalidRange: "outOfRange",
  LeaseIdMissing: "invalid",
  ServerBusy: "throttled",
  OperationTimedOut: "unanswered",
  // Of the identity library: no token, so no request.
  CredentialUnavailableError: "denied",
  AuthenticationError: "denied",
  AggregateAuthenticationError: "denied",
  AuthenticationRequiredError: "denied",
};

const IDENTITY_ADVICE =
  "give `azure` an account key, a SAS token, a connection string or a credential, or log in with the Azure CLI";

const ADVICE: Readonly<Record<string, string>> = {
  ContainerNotFound: "create the container, or check its name and the account",
  AuthenticationFailed: "check the account key or the SAS token, its end included",
  AuthorizationFailure: "check the account's network rules and the credential's rights",
  AuthorizationPermissionMismatch: "the credential needs the role Storage Blob Data Contributor",
  LeaseIdMissing: "the blob is leased by somebody: end the lease",
  CredentialUnavailableError: IDENTITY_ADVICE,
  AuthenticationError: IDENTITY_ADVICE,
  AggregateAuthenticationError: IDENTITY_ADVICE,
  AuthenticationRequiredError: IDENTITY_ADVICE,
};

interface AzureError extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}

export function classifyAzureError(error: unknown): RemoteFailure {
  if (error instanceof DeltaError) return { kind: "notFound", reason: error.message };
  if (!(error instanceof Error)) return connectionFailure(error);
  const { statusCode: status, response, ...rest }: AzureError = error;
  const headers = response?.headers;
  const code = headers?.get("x-ms-error-code") ?? rest.code ?? error.name;
  const known = KINDS[code] ?? KINDS[error.name];
  // An answer that cannot be read is none.
  if (known === undefined && (status === undefined || status < 300)) {
    return connectionFailure(error);
  }
  const kind = known ?? kindOfStatus(status ?? 0);
  const advice = ADVICE[code] ?? ADVICE[error.name];
  const retryAfterMs = retryAfterOf(headers?.get("retry-after"));
  return {
    // Only the codes above say that it is the object that is missing.
    kind: known === undefined && kind === "notFound" ? "invalid" : kind,
    reason: `${code}: ${firstLine(error.message)}`,
    ...(status === undefined ? {} : { status }),
    ...(advice === undefined ? {} : { advice }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** The lines that follow repeat the request's id and time. */
function firstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)?.[0] ?? "";
}
