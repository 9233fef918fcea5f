// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import type { TableSchema } from "@sluice/client";
import { CliError, messageOf } from "../cli-error.ts";
import { checkRegion } from "../doctor/regions.ts";
import { hostOf, networkChecks } from "../doctor/network-checks.ts";
import { type Check, type CheckResult, type CheckStatus, runChecks } from "../doctor/run-checks.ts";
import { serviceChecks } from "../doctor/service-checks.ts";
import { requireTableName } from "../environment.ts";
import { readCertificates } from "../produce/certificates.ts";
import { type ConnectionOptions, resolveConnection } from "../produce/connection.ts";
import type { CommandContext } from "./context.ts";

export interface DoctorOptions extends ConnectionOptions {
  /** File that `sluice types --json` wrote. */
  readonly schema?: string;
  /** PEM file with the certificates to trust. */
  readonly ca?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/** Looks at each part of the way to a table. @returns the exit code: 1 where something fails. */
export async function runDoctor(
  tableArgument: string | undefined,
  options: DoctorOptions,
  context: CommandContext,
): Promise<number> {
  const { screen, environment } = context;
  const table = requireTableName(tableArgument, environment);
  const connection = resolveConnection(options, environment);
  const certificates = await readCertificates(options.ca ?? environment["SSL_CERT_FILE"]);
  const expected = await readSchema(options.schema);
  const endpoint = urlOf(connection.endpoint);
  const workspace = urlOf(connection.workspaceUrl);
  const timeoutMs = options.timeout * 1000;
  const checks: Check[] = [
    { what: "region", needs: [], run: () => checkRegion(hostOf(endpoint)) },
    ...networkChecks({ name: "endpoint", url: endpoint, certificates, timeoutMs }, true),
    ...networkChecks({ name: "workspace", url: workspace, certificates, timeoutMs }, false),
    ...serviceChecks({ connection, table, certificates, timeoutMs, expected }),
  ];
  const results = await runChecks(checks, async (result) => {
    if (options.json !== true) await screen.print(...linesOf(result, context));
  });
  const failed = results.filter(({ status }) => status === "fail").length;
  if (options.json === true) {
    const { endpoint: address, workspaceUrl } = connection;
    await screen.print(
      JSON.stringify({ endpoint: address, workspaceUrl, table, ok: failed === 0, checks: results }),
    );
  }
  return failed === 0 ? 0 : 1;
}

const NAME_WIDTH = 16;

function linesOf({ what, status, detail, fix }: CheckResult, { screen }: CommandContext): string[] {
  const { style } = screen;
  const paint: Readonly<Record<CheckStatus, (text: string) => string>> = {
    ok: (text) => style.green(text),
    warn: (text) => style.yellow(text),
    fail: (text) => style.red(text),
    skipped: (text) => style.dim(text),
  };
  const line = `${paint[status](status.padEnd(7))}  ${what.padEnd(NAME_WIDTH)}  ${detail}`;
  return fix === undefined ? [line] : [line, `         ${" ".repeat(NAME_WIDTH)}  -> ${fix}`];
}

function urlOf(text: string): URL {
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
    if (url.protocol === "https:" || url.protocol === "http:") return url;
  } catch {
    // Told below.
  }
  throw new CliError(`${text} is not a URL; give it as https://host or http://host:port`);
}

async function readSchema(file: string | undefined): Promise<TableSchema | undefined> {
  if (file === undefined) return undefined;
  try {
    const value = JSON.parse(await readFile(file, "utf8")) as TableSchema;
    if (Array.isArray(value.columns)) return value;
    throw new Error("it has no columns");
  } catch (cause) {
    throw new CliError(
      `cannot read the schema in ${file}: ${messageOf(cause)}; write one with \`sluice types TABLE --json --out FILE\``,
      { cause },
    );
  }
}
