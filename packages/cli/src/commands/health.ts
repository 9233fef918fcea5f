// SPDX-License-Identifier: Apache-2.0
import { checkHealth, type HealthCheck } from "@sluice/client";
import { requireTableName } from "../environment.ts";
import { readCertificates } from "../produce/certificates.ts";
import { type ConnectionOptions, resolveConnection } from "../produce/connection.ts";
import { formatLatency } from "../terminal/numbers.ts";
import type { CommandContext } from "./context.ts";

export interface HealthOptions extends ConnectionOptions {
  /** PEM file with the certificates to trust. */
  readonly ca?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/** Opens a stream and closes it. @returns the exit code: 0 where that went well. */
export async function runHealth(
  tableArgument: string | undefined,
  options: HealthOptions,
  { screen, environment }: CommandContext,
): Promise<number> {
  const table = requireTableName(tableArgument, environment);
  const { endpoint, workspaceUrl, client } = resolveConnection(options, environment);
  const certificates = await readCertificates(options.ca ?? environment["SSL_CERT_FILE"]);
  const check = await checkHealth({
    endpoint,
    unityCatalogUrl: workspaceUrl,
    table,
    auth: client === undefined ? "none" : { clientId: client.id, clientSecret: client.secret },
    attemptTimeoutMs: options.timeout * 1000,
    applicationName: "sluice-health",
    ...(certificates === undefined ? {} : { tls: { ca: certificates } }),
  });
  const { style } = screen;
  if (options.json === true) await screen.print(JSON.stringify(healthJson(endpoint, table, check)));
  else if (check.ok) {
    const time = formatLatency(check.openMs);
    await screen.print(
      `${style.green("healthy")}  ${endpoint} took a stream for ${table} in ${time}`,
    );
  } else {
    await screen.print(
      `${style.red("unhealthy")}  ${check.phase} (${check.category}): ${check.error.message}`,
    );
    screen.tell("`sluice doctor` looks at each part of the way there, and says what to do.");
  }
  return check.ok ? 0 : 1;
}

function healthJson(endpoint: string, table: string, check: HealthCheck): object {
  const place = { endpoint, table, ok: check.ok };
  if (check.ok) return { ...place, streamId: check.streamId, openMs: Math.round(check.openMs) };
  const { phase, category, error } = check;
  const { code, retryable, message } = error;
  return { ...place, phase, category, code, retryable, message };
}
