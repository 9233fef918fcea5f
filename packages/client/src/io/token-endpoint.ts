// SPDX-License-Identifier: Apache-2.0
import { parseUrl } from "../core/endpoint.ts";
import type { Environment } from "../core/proxy-selection.ts";
import { basicAuthorization, readTokenResponse, type Token } from "../core/token-request.ts";
import { prefixedError } from "../core/zerobus-error.ts";
import { makeRedactor } from "../observe/redactor.ts";
import type { TlsOptions } from "./dial.ts";
import { httpRequest } from "./http-request.ts";

export interface TokenEndpointOptions {
  /** Base URL of the Unity Catalog service. */
  readonly ucUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The body of the request. */
  readonly form: string;
  readonly timeoutMs: number;
  readonly tls: TlsOptions;
  readonly environment: Environment;
}

/**
 * Makes a function that asks for a token. Services repeat in errors what they were sent, so the client's secret and the
 * token before are taken out of theirs.
 * @throws ZerobusError of the function: `unauthenticated`, `unavailable`, `deadline_exceeded`
 */
export function tokenEndpoint(options: TokenEndpointOptions): () => Promise<Token> {
  const authorization = basicAuthorization(options);
  let lastToken = "";
  return async () => {
    const { form, timeoutMs, tls, environment } = options;
    const url = parseUrl("Unity Catalog URL", options.ucUrl);
    const answer = httpRequest({
      method: "POST",
      url,
      path: `${url.pathname.replace(/\/+$/, "")}/oidc/v1/token`,
      headers: {
        authorization,
        "content-type": "application/x-www-form-urlencoded",
        accept: "application/json",
      },
      body: form,
      timeoutMs,
      tls,
      environment,
    });
    const { status, body } = await answer.catch((error: unknown) => {
      throw prefixedError("Token fetch failed: ", error);
    });
    const secrets = [options.clientSecret, authorization.slice("Basic ".length), lastToken];
    const token = readTokenResponse(status, body, makeRedactor(secrets));
    lastToken = token.value;
    return token;
  };
}
