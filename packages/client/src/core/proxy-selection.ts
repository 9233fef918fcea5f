// SPDX-License-Identifier: Apache-2.0

export type Environment = Readonly<Record<string, string | undefined>>;

const GRPC_PROXY_NAMES = [
  "grpc_proxy",
  "GRPC_PROXY",
  "https_proxy",
  "HTTPS_PROXY",
  "http_proxy",
  "HTTP_PROXY",
];
const GRPC_BYPASS_NAMES = ["no_grpc_proxy", "NO_GRPC_PROXY", "no_proxy", "NO_PROXY"];
const HTTPS_PROXY_NAMES = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const HTTP_PROXY_NAMES = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
const BYPASS_NAMES = ["no_proxy", "NO_PROXY"];

/** The proxy for a gRPC connection, plaintext ones included; `undefined` to connect directly. */
export function proxyForGrpc(
  environment: Environment,
  host: string,
  port: number,
): string | undefined {
  return select(environment, GRPC_PROXY_NAMES, GRPC_BYPASS_NAMES, host, port);
}

/** The proxy for a request to the token endpoint; `undefined` to connect directly. */
export function proxyForHttp(
  environment: Environment,
  secure: boolean,
  host: string,
  port: number,
): string | undefined {
  const names = secure ? HTTPS_PROXY_NAMES : HTTP_PROXY_NAMES;
  return select(environment, names, BYPASS_NAMES, host, port);
}

function select(
  environment: Environment,
  proxyNames: readonly string[],
  bypassNames: readonly string[],
  host: string,
  port: number,
): string | undefined {
  const proxy = firstValue(environment, proxyNames);
  if (proxy === undefined) return undefined;
  const bypass = firstValue(environment, bypassNames);
  if (bypass !== undefined && isBypassed(bypass, host, port)) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

function firstValue(environment: Environment, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = environment[name]?.trim();
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

/** An entry is `*`, a host, or a suffix of one at a dot, each perhaps with a port. */
function isBypassed(bypass: string, host: string, port: number): boolean {
  const name = host.toLowerCase();
  return bypass.split(",").some((rawEntry) => {
    const entry = rawEntry.trim().toLowerCase();
    if (entry === "*") return true;
    const withPort = /^(.*[^:]):(\d+)$/.exec(entry);
    if (withPort !== null && Number(withPort[2]) !== port) return false;
    const suffix = (withPort?.[1] ?? entry).replace(/^\*?\./, "").replace(/^\[|\]$/g, "");
    return suffix !== "" && (name === suffix || name.endsWith(`.${suffix}`));
  });
}
