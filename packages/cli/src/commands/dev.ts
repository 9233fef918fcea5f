// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  Catalog,
  type FaultPlan,
  type Logger,
  parseFaults,
  type ServerOptions,
  type SluiceServer,
  startFaultyServer,
  startServer,
  type TlsSettings,
} from "@sluice/server";
import { CliError, messageOf } from "../cli-error.ts";
import {
  DEFAULT_PORT,
  ENVIRONMENT_VARIABLES,
  type Environment,
  fromEnvironment,
} from "../environment.ts";
import { createLineLogger } from "../terminal/line-logger.ts";
import { formatCounted } from "../terminal/numbers.ts";
import type { Style } from "../terminal/style.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_CODES, takeStopSignals } from "./signals.ts";
import { ensureTable, parseTableOption } from "./table-definition.ts";

export interface DevOptions {
  readonly data: string;
  readonly host: string;
  /** 0 for a free one. */
  readonly port?: number;
  readonly table?: readonly string[];
  readonly auth: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly commitIntervalMs?: number;
  readonly compaction: boolean;
  readonly vacuumIntervalMs?: number;
  /** What goes wrong on purpose, as `parseFaults` reads it. */
  readonly chaos?: string;
  readonly json?: boolean;
}

/** Runs a server until a signal comes, then drains it. @returns the exit code. */
export async function runDev(options: DevOptions, context: CommandContext): Promise<number> {
  const { screen, environment } = context;
  const logger = createLineLogger((line) => screen.errorOutput.write(line), screen.errorStyle);
  const dataDirectory = resolve(options.data);
  const definitions = (options.table ?? []).map(parseTableOption);
  const faults = options.chaos === undefined ? undefined : parseFaults(options.chaos);
  const tls = await readTls(options);
  const signals = takeStopSignals();
  const server = await start(
    {
      dataDirectory,
      host: options.host,
      port: options.port ?? defaultPort(environment),
      auth: options.auth,
      ...credentialsFrom(environment),
      ...(tls === undefined ? {} : { tls }),
      ...(options.commitIntervalMs === undefined
        ? {}
        : { commitIntervalMs: options.commitIntervalMs }),
      compaction: options.compaction,
      ...(options.vacuumIntervalMs === undefined
        ? {}
        : { vacuumIntervalMs: options.vacuumIntervalMs }),
    },
    faults,
    logger,
  );
  try {
    for (const definition of definitions) await ensureTable(server.catalog, definition);
    const tables = (await new Catalog(dataDirectory).list()).map((entry) => entry.name);
    const wanted = definitions[0]?.name ?? tables[0];
    if (options.json === true) await screen.print(readyJson(server, tables));
    else await screen.print(...readyLines(server, tables, wanted, screen.style));
  } catch (reason) {
    await server.close();
    throw reason;
  }

  const signal = await signals.first;
  const streams = server.streamCount;
  const held = streams === 0 ? "" : ` ${formatCounted(streams, "stream")} to end`;
  logger.info({}, `${signal}: draining${held}; the same signal again ends at once`);
  const isClosed = await Promise.race([
    server.close().then(() => true),
    signals.second.then(() => false),
  ]);
  if (!isClosed) {
    screen.tell(
      "ended at once; what was acknowledged is safe in the log and is committed at the next start",
    );
    process.exit(EXIT_CODES[signal]);
  }
  signals.release();
  logger.info({}, "closed; everything acknowledged is in its table");
  return 0;
}

/** With a plan of faults each one that happens is a line of the log. */
async function start(
  options: ServerOptions,
  faults: FaultPlan | undefined,
  logger: Logger,
): Promise<SluiceServer> {
  if (faults === undefined) return startServer(options, { logger });
  logger.warn({ seed: faults.seed }, "chaos: clients are made to fail on purpose");
  const onFault = ({ fault, text }: { fault: string; text: string }): void =>
    logger.info({}, `chaos: ${fault}: ${text}`);
  return startFaultyServer(options, faults, { onFault }, { logger });
}

/** The credentials that clients in this shell use. */
function credentialsFrom(environment: Environment): Pick<ServerOptions, "credentials"> {
  const clientId = fromEnvironment(environment, "clientId");
  const clientSecret = fromEnvironment(environment, "clientSecret");
  if (clientId === undefined || clientSecret === undefined) return {};
  return { credentials: { clientId, clientSecret } };
}

/** The port of the endpoint that clients in this shell use, if it is one of this machine. */
function defaultPort(environment: Environment): number {
  const endpoint = fromEnvironment(environment, "endpoint");
  const match = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})\/?$/.exec(endpoint ?? "");
  return match === null ? DEFAULT_PORT : Number(match[1]);
}

async function readTls({ tlsCert, tlsKey }: DevOptions): Promise<TlsSettings | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new CliError("TLS needs both a certificate and its key; pass --tls-cert and --tls-key");
  }
  return { cert: await readPem("--tls-cert", tlsCert), key: await readPem("--tls-key", tlsKey) };
}

async function readPem(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CliError(`cannot read ${option} ${file}: ${messageOf(cause)}; name a PEM file`, {
      cause,
    });
  }
}

/** One line for programs. */
function readyJson(server: SluiceServer, tables: readonly string[]): string {
  return JSON.stringify({
    endpoint: server.endpoint,
    workspaceUrl: server.workspaceUrl,
    clientId: server.credentials?.clientId ?? null,
    clientSecret: server.credentials?.clientSecret ?? null,
    dataDirectory: server.dataDirectory,
    pid: process.pid,
    tables,
  });
}

function readyLines(
  server: SluiceServer,
  tables: readonly string[],
  table: string | undefined,
  style: Style,
): string[] {
  const { credentials } = server;
  const rows: [string, string][] = [
    ["endpoint", server.endpoint],
    ["workspace URL", server.workspaceUrl],
    ["client id", credentials?.clientId ?? "none: authentication is off"],
    ...(credentials === undefined
      ? []
      : [["client secret", credentials.clientSecret] as [string, string]]),
    ["data", server.dataDirectory],
    ["tables", tables[0] ?? "none yet; create one with `sluice table create`"],
    ...tables.slice(1).map((name): [string, string] => ["", name]),
  ];
  const exports: [string, string][] = [
    [ENVIRONMENT_VARIABLES.endpoint, server.endpoint],
    [ENVIRONMENT_VARIABLES.workspaceUrl, server.workspaceUrl],
    [ENVIRONMENT_VARIABLES.table, table ?? "main.default.my_table"],
    [ENVIRONMENT_VARIABLES.clientId, credentials?.clientId ?? "none"],
    [ENVIRONMENT_VARIABLES.clientSecret, credentials?.clientSecret ?? "none"],
  ];
  return [
    style.bold(style.green("sluice is ready")),
    ...rows.map(([name, value]) => `  ${style.dim(name.padEnd(15))}${value}`),
    "",
    ...exports.map(([name, value]) => `export ${name}=${value}`),
    "",
    style.dim("Ctrl-C drains the streams, commits what is held and ends."),
  ];
}
