// SPDX-License-Identifier: Apache-2.0
import { DeltaError } from "../delta-error.ts";
import type { GcsAuthorizer } from "./gcs-credentials.ts";
import {
  connectionFailure,
  type FailureKind,
  kindOfStatus,
  type RemoteFailure,
  retryAfterOf,
} from "./remote-failure.ts";

export interface GcsRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** What is missing where the answer is 404: the service says it in words only. */
  readonly absence: "notFound" | "noContainer";
  /** Statuses besides those of success that are no failure. */
  readonly alsoAccepts?: readonly number[];
  readonly signal: AbortSignal;
}

/** One try of one request. Failures are errors that {@link classifyGcsError} understands. */
export async function sendToGcs(request: GcsRequest, authorize: GcsAuthorizer): Promise<Response> {
  const { method, url, body, signal, absence, alsoAccepts = [] } = request;
  const headers = await authorized(authorize);
  for (const [name, value] of Object.entries(request.headers ?? {})) headers.set(name, value);
  const response = await fetch(url, {
    method,
    headers,
    signal,
    // 308 is an answer of uploads.
    redirect: "manual",
    ...(body === undefined ? {} : { body }),
  });
  if (response.ok || alsoAccepts.includes(response.status)) return response;
  throw failed(await failureOf(response, absence));
}

export function classifyGcsError(error: unknown): RemoteFailure {
  const failure = error instanceof DeltaError ? error.details["failure"] : undefined;
  return failure === undefined ? connectionFailure(error) : (failure as RemoteFailure);
}

async function authorized(authorize: GcsAuthorizer): Promise<Headers> {
  try {
    return await authorize();
  } catch (cause) {
    const { kind, reason } = connectionFailure(cause);
    // Without a token nothing is sent to the store.
    throw failed(
      {
        kind: isAnswered(cause) || kind !== "unreached" ? "denied" : "unreached",
        reason: `no token: ${reason}`,
        advice:
          "give `gcs` an access token, a service account or a key file, set GOOGLE_APPLICATION_CREDENTIALS, or log in with gcloud",
      },
      cause,
    );
  }
}

function isAnswered(error: unknown): boolean {
  return error instanceof Error && (error as { status?: unknown }).status !== undefined;
}

async function failureOf(
  response: Response,
  absence: GcsRequest["absence"],
): Promise<RemoteFailure> {
  const { status } = response;
  const { reason, message } = parseError(await response.text());
  const retryAfterMs = retryAfterOf(response.headers.get("retry-after") ?? undefined);
  const kind = kindOf(status, reason, absence);
  const advice = adviceOn(kind);
  return {
    kind,
    status,
    reason: `HTTP ${status}${reason === "" ? "" : ` ${reason}`}${message === "" ? "" : `: ${message}`}`,
    ...(advice === undefined ? {} : { advice }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function kindOf(status: number, reason: string, absence: GcsRequest["absence"]): FailureKind {
  if (status === 404) return absence;
  // An upload whose session has ended.
  if (status === 410) return "notFound";
  if (reason === "rateLimitExceeded" || reason === "userRateLimitExceeded") return "throttled";
  return kindOfStatus(status);
}

function adviceOn(kind: FailureKind): string | undefined {
  if (kind === "noContainer") return "create the bucket, or check its name";
  if (kind === "denied") return "the credential needs the role Storage Object User on the bucket";
  return undefined;
}

interface GcsErrorBody {
  readonly error?: {
    readonly message?: unknown;
    readonly errors?: readonly { readonly reason?: unknown }[];
  };
}

function parseError(text: string): { readonly reason: string; readonly message: string } {
  try {
    const { error } = JSON.parse(text) as GcsErrorBody;
    const reason = error?.errors?.[0]?.reason;
    const message = error?.message;
    return {
      reason: typeof reason === "string" ? reason : "",
      message: typeof message === "string" ? message : "",
    };
  } catch {
    // Proxies and uploads answer in plain text.
    return { reason: "", message: text.slice(0, 200) };
  }
}

function failed(failure: RemoteFailure, cause?: unknown): DeltaError {
  return new DeltaError("unavailable", failure.reason, { cause, details: { failure } });
}
