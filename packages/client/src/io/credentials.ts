// SPDX-License-Identifier: Apache-2.0
import { TABLE_NAME_HEADER } from "@sluice/protocol";
import type { Clock } from "../core/clock.ts";
import { parseUrl } from "../core/endpoint.ts";
import type { Environment } from "../core/proxy-selection.ts";
import { parseTableName } from "../core/table-name.ts";
import { TokenCache } from "../core/token-cache.ts";
import { tokenRequestForm, type TokenScope } from "../core/token-request.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import type { TlsOptions } from "./dial.ts";
import { tokenEndpoint } from "./token-endpoint.ts";

type HeaderList = [string, string][];

/**
 * Gives the headers of a call, instead of a client id and secret. Called again at every attempt to open a stream, so
 * that tokens may be renewed. Either method; the result may be a promise.
 */
export interface HeadersProvider {
  /** The name the official package calls. */
  getHeadersCallback?(): HeaderList | Promise<HeaderList>;
  getHeaders?(): HeaderList | Promise<HeaderList>;
}

/** Where a stream gets the headers of a call from. */
export interface CallCredentials {
  /** @throws ZerobusError */
  headers(): Promise<HeaderList>;
  /** The last headers were refused. */
  invalidate(): void;
}

export interface TokenServiceOptions {
  readonly ucUrl: string;
  readonly workspaceId: string;
  readonly timeoutMs: number;
  readonly tls: TlsOptions;
  readonly environment: Environment;
  readonly clock: Clock;
}

/** The tokens of one SDK: one cache per table and client. */
export class TokenService {
  readonly #options: TokenServiceOptions;
  readonly #caches = new Map<string, TokenCache>();

  constructor(options: TokenServiceOptions) {
    this.#options = options;
  }

  /** @throws ZerobusError `invalid_argument` for a table name or service address that cannot be right */
  credentials(tableName: string, clientId: string, clientSecret: string): CallCredentials {
    parseTableName(tableName);
    const { ucUrl, workspaceId } = this.#options;
    parseUrl("Unity Catalog URL", ucUrl);
    const scope: TokenScope = { ucUrl, workspaceId, tableName, clientId, clientSecret };
    const key = JSON.stringify([tableName, clientId, clientSecret]);
    let cache = this.#caches.get(key);
    if (cache === undefined) {
      const { timeoutMs, tls, environment } = this.#options;
      const form = tokenRequestForm(scope);
      const fetch = tokenEndpoint({ ...scope, form, timeoutMs, tls, environment });
      cache = new TokenCache(fetch, this.#options.clock);
      this.#caches.set(key, cache);
    }
    return tokenCredentials(cache, tableName);
  }
}

function tokenCredentials(cache: TokenCache, tableName: string): CallCredentials {
  let token = "";
  return {
    headers: async () => {
      token = await cache.get();
      return [
        ["authorization", `Bearer ${token}`],
        [TABLE_NAME_HEADER, tableName],
      ];
    },
    invalidate: () => cache.invalidate(token),
  };
}

/** Headers of the application's own making. The table name is added when it is not among them. */
export function providedCredentials(provider: HeadersProvider, tableName: string): CallCredentials {
  if (
    typeof provider.getHeadersCallback !== "function" &&
    typeof provider.getHeaders !== "function"
  ) {
    throw new ZerobusError(
      "invalid_argument",
      "The headers provider has neither getHeadersCallback() nor getHeaders()",
    );
  }
  return {
    headers: async () => {
      const list = await callProvider(provider);
      const headers = checkedHeaders(list);
      if (!headers.some(([name]) => name === TABLE_NAME_HEADER)) {
        headers.push([TABLE_NAME_HEADER, tableName]);
      }
      return headers;
    },
    invalidate: () => undefined,
  };
}

async function callProvider(provider: HeadersProvider): Promise<unknown> {
  try {
    return await (provider.getHeadersCallback?.() ?? provider.getHeaders?.());
  } catch (cause) {
    if (cause instanceof ZerobusError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ZerobusError("unavailable", `The headers provider failed: ${reason}`, { cause });
  }
}

const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  "te",
  "content-type",
  "content-length",
  "connection",
  "transfer-encoding",
  "host",
]);

function checkedHeaders(list: unknown): HeaderList {
  if (!Array.isArray(list)) {
    throw new ZerobusError(
      "invalid_argument",
      "The headers provider must return an array of [name, value] pairs",
    );
  }
  return list.map((pair: unknown) => {
    const [name, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
    const lowerCase = typeof name === "string" ? name.toLowerCase() : "";
    const legalName = /^[a-z0-9_.-]+$/.test(lowerCase) && !RESERVED_HEADERS.has(lowerCase);
    if (!legalName || typeof value !== "string" || !/^[\x20-\x7e]*$/.test(value)) {
      throw new ZerobusError(
        "invalid_argument",
        `The headers provider returned a header that cannot be sent: ${JSON.stringify(name)}`,
      );
    }
    return [lowerCase, value];
  });
}
