// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../core/clock.ts";
import { TokenCache } from "../core/token-cache.ts";
import { providedCredentials } from "../io/credentials.ts";
import type { TlsOptions } from "../io/dial.ts";
import { withCertificateFile } from "../io/tls-settings.ts";
import { tokenEndpoint } from "../io/token-endpoint.ts";
import { fetchTableSchema } from "../schema/fetch-table-schema.ts";
import type { TableSchema } from "../schema/table-schema.ts";
import type { ProducerSettings } from "./producer-settings.ts";

/** Asks Unity Catalog for the table of a producer, as the producer's own principal. */
export interface CatalogAccess {
  fetchSchema(): Promise<TableSchema>;
}

const TIMEOUT_MS = 15_000;

/**
 * The token is another than that of streams: the hosted service refuses tokens with `authorization_details` here. Headers
 * of the application's own making are sent as they are.
 */
export function catalogAccess(
  settings: ProducerSettings,
  tlsOptions: TlsOptions | undefined,
  clock: Clock,
): CatalogAccess {
  const { auth, table, unityCatalogUrl } = settings;
  const tls = withCertificateFile(tlsOptions ?? {}, process.env);
  const base = { unityCatalogUrl, table, tls, timeoutMs: TIMEOUT_MS };
  if (auth === "none") return { fetchSchema: () => fetchTableSchema(base) };
  if ("headersProvider" in auth) {
    const provided = providedCredentials(auth.headersProvider, table);
    return {
      fetchSchema: async () => {
        const headers = (await provided.headers()).filter(([name]) => name === "authorization");
        return fetchTableSchema({ ...base, headers: Object.fromEntries(headers) });
      },
    };
  }
  const fetch = tokenEndpoint({
    ...auth,
    ucUrl: unityCatalogUrl,
    form: new URLSearchParams({ grant_type: "client_credentials", scope: "all-apis" }).toString(),
    timeoutMs: TIMEOUT_MS,
    tls,
    environment: process.env,
  });
  const tokens = new TokenCache(fetch, clock);
  return {
    fetchSchema: async () => {
      const token = await tokens.get();
      try {
        return await fetchTableSchema({ ...base, token });
      } catch (error) {
        // A token that was revoked is not asked with again.
        tokens.invalidate(token);
        throw error;
      }
    },
  };
}
