// SPDX-License-Identifier: Apache-2.0
import { ZerobusError } from "./zerobus-error.ts";

/** Where a gRPC server is. */
export interface Endpoint {
  readonly secure: boolean;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** `host:port` as the caller gave it; the port is absent when it was. */
  readonly authority: string;
  /** The host up to its first dot, which names the workspace at the real service. */
  readonly workspaceId: string;
}

/**
 * Reads an endpoint. Without a scheme it is `https`. A path is ignored, as the official client does.
 * @throws ZerobusError `invalid_argument`
 */
export function parseEndpoint(text: string): Endpoint {
  const url = parseUrl("endpoint", text);
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return {
    secure,
    host,
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    authority: url.host,
    workspaceId: url.host.split(".", 1)[0] ?? url.host,
  };
}

/** Reads a URL of a service that speaks http or https; without a scheme it is `https`. */
export function parseUrl(name: string, text: string): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  let url: URL | undefined;
  try {
    url = new URL(withScheme);
  } catch {
    url = undefined;
  }
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new ZerobusError(
      "invalid_argument",
      `The ${name} ${JSON.stringify(text)} is not a URL such as https://host:port or http://host:port`,
    );
  }
  return url;
}
