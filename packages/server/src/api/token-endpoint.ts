// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import {
  readAuthorizationDetails,
  type RequestedPrivilege,
} from "../auth/authorization-details.ts";
import type { Principals } from "../auth/principals.ts";
import type { TokenIssuer } from "../auth/token-issuer.ts";
import type { ApiHandler, ApiResponse } from "./api-types.ts";

/** Answers `POST /oidc/v1/token` (RFC 6749, client credentials; RFC 9396 authorization details). */
export function createTokenEndpoint(principals: Principals, issuer: TokenIssuer): ApiHandler {
  return async ({ method, headers, body }) => {
    if (method !== "POST")
      return { ...oauthError(405, "invalid_request", "use POST"), headers: { allow: "POST" } };
    const form = new URLSearchParams(body.toString("utf8"));
    const client = readBasic(headers["authorization"]) ?? readForm(form);
    if (client === undefined || !(await principals.verify(client.id, client.secret))) {
      const answer = oauthError(401, "invalid_client", "the client id or secret is wrong");
      return { ...answer, headers: { "www-authenticate": 'Basic realm="sluice"' } };
    }
    const grantType = form.get("grant_type");
    if (grantType !== "client_credentials") {
      const text = `grant_type ${JSON.stringify(grantType)} is not supported; use client_credentials`;
      return oauthError(400, "unsupported_grant_type", text);
    }
    const detailsText = form.get("authorization_details");
    const details = detailsText === null ? undefined : readAuthorizationDetails(detailsText);
    if (details?.kind === "invalid")
      return oauthError(400, "invalid_authorization_details", details.message);
    const refusal = await refusalOf(principals, client.id, details?.requested ?? []);
    if (refusal !== undefined) return refusal;
    const token = await issuer.issue(client.id, details?.grants);
    return {
      status: 200,
      body: {
        access_token: token.accessToken,
        token_type: "Bearer",
        expires_in: token.expiresInSeconds,
        scope: "all-apis",
      },
    };
  };
}

/** The service's answer to one who asks for more than was granted. */
async function refusalOf(
  principals: Principals,
  clientId: string,
  requested: readonly RequestedPrivilege[],
): Promise<ApiResponse | undefined> {
  for (const { privilege, ...securable } of requested) {
    if (await principals.holds(clientId, privilege, securable)) continue;
    const body = {
      error: "invalid_authorization_details",
      request_id: randomUUID(),
      error_description: "User is not authorized to the requested authorizations",
    };
    return { status: 401, body };
  }
  return undefined;
}

interface Client {
  readonly id: string;
  readonly secret: string;
}

function readBasic(header: string | undefined): Client | undefined {
  const encoded = /^basic +(\S+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}

function readForm(form: URLSearchParams): Client | undefined {
  const id = form.get("client_id");
  const secret = form.get("client_secret");
  return id === null || secret === null ? undefined : { id, secret };
}

function oauthError(status: number, error: string, description: string): ApiResponse {
  return { status, body: { error, error_description: description } };
}
