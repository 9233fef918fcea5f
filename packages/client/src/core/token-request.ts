// SPDX-License-Identifier: Apache-2.0
import { parseTableName } from "./table-name.ts";
import { ZerobusError } from "./zerobus-error.ts";

/** What a token is good for. */
export interface TokenScope {
  /** Base URL of the Unity Catalog service. */
  readonly ucUrl: string;
  readonly workspaceId: string;
  readonly tableName: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** An access token and, when the service said so, how long it is good. */
export interface Token {
  readonly value: string;
  readonly expiresInMs: number | undefined;
}

/** The form of a client-credentials request for write access to one table (RFC 6749, RFC 8707, RFC 9396). */
export function tokenRequestForm(scope: TokenScope): string {
  const { catalog, schema, table } = parseTableName(scope.tableName);
  const details = [
    privilege(["USE CATALOG"], "CATALOG", catalog),
    privilege(["USE SCHEMA"], "SCHEMA", `${catalog}.${schema}`),
    {
      object_full_path: `${catalog}.${schema}.${table}`,
      object_type: "TABLE",
      operations: ["zerobuswrite"],
      privileges: ["SELECT", "MODIFY"],
      type: "unity_catalog_privileges",
    },
  ];
  return new URLSearchParams({
    grant_type: "client_credentials",
    scope: "all-apis",
    resource: `api://databricks/workspaces/${scope.workspaceId}/zerobusDirectWriteApi`,
    authorization_details: JSON.stringify(details),
  }).toString();
}

export function basicAuthorization(scope: Pick<TokenScope, "clientId" | "clientSecret">): string {
  const credentials = `${scope.clientId}:${scope.clientSecret}`;
  return `Basic ${Buffer.from(credentials, "utf8").toString("base64")}`;
}

/**
 * Makes a token or an error of the answer. A 4xx is final, anything else unexpected may be tried again.
 * @param redact - takes secrets out of an answer that becomes the text of an error; services repeat what they were sent
 */
export function readTokenResponse(
  status: number,
  body: string,
  redact: (text: string) => string,
): Token {
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    throw invalidToken(`Client error (${status}): ${redact(body)}`, status);
  }
  if (status !== 200) {
    const text = `Token fetch failed: HTTP status ${status}: ${redact(body)}`;
    throw new ZerobusError("unavailable", text, { details: { httpStatus: status } });
  }
  const answer = parseObject(body);
  const value = answer?.["access_token"];
  if (typeof value !== "string" || value === "") {
    throw invalidToken("the answer has no access_token", status);
  }
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw invalidToken("the access_token cannot be sent in a header", status);
  }
  const seconds = Number.parseFloat(String(answer?.["expires_in"])); // some services quote it
  if (seconds <= 0) {
    const reason = `the token expired before it came: expires_in is ${seconds}`;
    throw new ZerobusError("unavailable", `Token fetch failed: ${reason}`, {
      details: { httpStatus: status },
    });
  }
  return { value, expiresInMs: seconds > 0 ? seconds * 1000 : undefined };
}

function privilege(privileges: string[], objectType: string, path: string): object {
  return {
    object_full_path: path,
    object_type: objectType,
    privileges,
    type: "unity_catalog_privileges",
  };
}

function invalidToken(reason: string, httpStatus: number): ZerobusError {
  const message = `Specified UC token is in invalid format: ${reason}`;
  return new ZerobusError("unauthenticated", message, { details: { httpStatus } });
}

function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
