// SPDX-License-Identifier: Apache-2.0
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { StructType } from "@sluice/delta";
import { createNodeStorage, type Log, LogError, type LogStorage, openLog } from "@sluice/log";
import { createRouter } from "./api/router.ts";
import { createCatalogEndpoints } from "./api/catalog-endpoints.ts";
import { createTokenEndpoint } from "./api/token-endpoint.ts";
import { createTokenAuthenticator, openAuthenticator } from "./auth/authenticator.ts";
import { type Credentials, loadOrCreateCredentials } from "./auth/credentials.ts";
import { Principals } from "./auth/principals.ts";
import { TokenIssuer } from "./auth/token-issuer.ts";
import { Catalog, type TableDescription, type TableFeatures } from "./catalog/catalog.ts";
import type { CatalogEntry } from "./catalog/catalog-state.ts";
import { type Clock, systemClock } from "./clock.ts";
import { EncoderPool } from "./commit/encoder-pool.ts";
import { ServerError } from "./errors.ts";
import type { ServerFaults } from "./faults/server-faults.ts";
import type { TableState } from "./ingest/table-life.ts";
import { TableRegistry } from "./ingest/table-registry.ts";
import { Journal } from "./journal/journal.ts";
import { type RecoverySummary, recoverTables } from "./journal/recovery.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { MaintenanceScheduler } from "./maintenance/maintenance-scheduler.ts";
import { MaintenanceThread } from "./maintenance/maintenance-thread.ts";
import {
  type ClientCredentials,
  resolveServerOptions,
  type ServerOptions,
  type ServerSettings,
} from "./options.ts";
import { SessionRegistry } from "./session/session-registry.ts";
import { StreamOpener } from "./session/stream-opener.ts";
import { Listener } from "./socket/listener.ts";

/** What a server uses of the world around it, apart from its settings. */
export interface ServerComponents {
  /** @default nothing is logged */
  readonly logger?: Logger;
  /** @default the system's */
  readonly clock?: Clock;
  /** Where the log is kept, for tests of failing disks. @default the `log` folder of the data directory */
  readonly logStorage?: LogStorage;
  /** What stands between the server and its clients, to test the clients. @default nothing */
  readonly faults?: ServerFaults;
}

/** A server that takes streams. */
export interface SluiceServer {
  readonly host: string;
  readonly port: number;
  /** gRPC endpoint for clients, such as `http://127.0.0.1:50051`; `https://` when the server has a certificate. */
  readonly endpoint: string;
  /** Base URL of the token and catalog endpoints. The same port as `endpoint`. */
  readonly workspaceUrl: string;
  readonly dataDirectory: string;
  /** `undefined` where authentication is off. */
  readonly credentials: ClientCredentials | undefined;
  /** What starting found in the log. */
  readonly recovery: RecoverySummary;
  /** Open ingest streams. */
  readonly streamCount: number;
  readonly catalog: Catalog;
  /** The tables that have been written to since the start. */
  readonly tables: readonly TableStatus[];
  /** Creates a table. @throws ServerError `already_exists`, `invalid_argument`. */
  createTable(
    name: string,
    schema: StructType,
    properties?: Readonly<Record<string, string>>,
    features?: TableDescription & TableFeatures,
  ): Promise<CatalogEntry>;
  /** Commits every acknowledged record to its table now. */
  flush(): Promise<void>;
  /**
   * Drains and stops: streams get the close signal and may finish, what was acknowledged is committed, the data
   * directory is free for another server. Repeated calls return the same promise.
   * @throws ServerError when something could not be committed; it is safe in the log.
   */
  close(): Promise<void>;
}

/** How a table fares that is written to. */
export interface TableStatus {
  /** catalog.schema.table */
  readonly tableName: string;
  readonly state: TableState;
  /** Open streams. */
  readonly streamCount: number;
  /** Acknowledged records that the table did not take any more, and that are kept in files beside it. */
  readonly rejectedRecordCount: number;
}

const COMMIT_RETRIES = 8;

/**
 * Starts a server on a data directory. Records that an earlier one acknowledged and did not commit are committed.
 * @throws ServerError `invalid_argument`, `unavailable` (address taken, data directory in use, disk), `data_loss`.
 */
export async function startServer(
  options: ServerOptions,
  components: ServerComponents = {},
): Promise<SluiceServer> {
  const settings = resolveServerOptions(options);
  const logger = components.logger ?? silentLogger;
  const clock = components.clock ?? systemClock;
  await mkdir(settings.dataDirectory, { recursive: true });
  const credentials = settings.auth
    ? {
        ...(await loadOrCreateCredentials(join(settings.dataDirectory, "auth.json"))),
        ...settings.credentials,
      }
    : undefined;
  const storage = components.logStorage ?? createNodeStorage(join(settings.dataDirectory, "log"));
  const log = await openServerLog(settings, storage);
  const encoders = new EncoderPool(settings.encoderThreadCount, settings.maxOpenPartitions);
  try {
    return await startOn({
      settings,
      logger,
      clock,
      credentials,
      log,
      encoders,
      faults: components.faults,
    });
  } catch (reason) {
    await encoders.close();
    await log.close().catch(() => undefined);
    throw reason;
  }
}

/** The URL of a server at an address. */
export function endpointOf(host: string, port: number, hasTls: boolean): string {
  const bracketed = host.includes(":") ? `[${host}]` : host;
  return `${hasTls ? "https" : "http"}://${bracketed}:${port}`;
}

interface Parts {
  readonly settings: ServerSettings;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly credentials: Credentials | undefined;
  readonly log: Log;
  readonly encoders: EncoderPool;
  readonly faults: ServerFaults | undefined;
}

async function openServerLog(settings: ServerSettings, storage: LogStorage): Promise<Log> {
  try {
    return await openLog(join(settings.dataDirectory, "log"), {
      segmentBytes: settings.logSegmentBytes,
      storage,
    });
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    const code = cause.code === "data_loss" ? "data_loss" : "unavailable";
    throw new ServerError(code, cause.message, {}, cause);
  }
}

async function startOn(parts: Parts): Promise<SluiceServer> {
  const { settings, logger, clock, log, encoders } = parts;
  const journal = new Journal(log);
  const catalog = new Catalog(settings.dataDirectory);
  /** Undefined until recovery is over: the log must not be trimmed before. */
  let recovery: RecoverySummary | undefined;
  const maintenance = settings.maintenance
    ? new MaintenanceScheduler({ runner: new MaintenanceThread(), clock, logger, settings })
    : undefined;
  const tables = new TableRegistry({
    catalog,
    journal,
    encoders,
    clock,
    logger,
    settings: {
      commitIntervalMs: settings.commitIntervalMs,
      targetFileBytes: settings.targetFileBytes,
      commitRetries: COMMIT_RETRIES,
    },
    random: Math.random,
    onCommitted: (table) => {
      if (recovery !== undefined) void trimLog(log, tables, logger);
      maintenance?.noteCommit(table);
    },
  });
  try {
    recovery = await recoverTables({ log, catalog, tables, pressure: encoders, logger });
    const summary = { ...recovery };
    if (Object.values(summary).some((count) => count > 0)) logger.info(summary, "recovered");
    return await listen(parts, { journal, catalog, tables, maintenance, recovery });
  } catch (reason) {
    tables.close();
    await maintenance?.close();
    throw reason;
  }
}

interface Storage {
  readonly journal: Journal;
  readonly catalog: Catalog;
  readonly tables: TableRegistry;
  readonly maintenance: MaintenanceScheduler | undefined;
  readonly recovery: RecoverySummary;
}

/** Opens the port, when everything behind it is ready. */
async function listen(parts: Parts, storage: Storage): Promise<SluiceServer> {
  const { settings, logger, clock, credentials, log, encoders, faults } = parts;
  const { journal, catalog, tables } = storage;
  const issuer =
    credentials && new TokenIssuer(credentials.signingKey, clock, settings.tokenTtlSeconds);
  const principals = credentials && new Principals(credentials, catalog.access);
  const authenticator =
    issuer && principals ? createTokenAuthenticator(issuer, principals) : openAuthenticator;
  const sessions = new SessionRegistry({
    authenticator,
    opener: new StreamOpener(authenticator, tables, journal),
    journal,
    pressure: encoders,
    clock,
    maxStreamCount: settings.maxStreamCount,
    faults,
  });
  const token = issuer && principals && createTokenEndpoint(principals, issuer);
  log.onFailure((reason) => {
    logger.error({ err: reason }, "the log failed; no more writes are taken");
    sessions.failAll(reason);
  });
  const listener = new Listener({
    host: settings.host,
    port: settings.port,
    tls: settings.tls,
    clock,
    maxConnectionCount: settings.maxStreamCount,
    api: createRouter(
      {
        token: token && faults ? faults.wrapTokenEndpoint(token) : token,
        catalog: createCatalogEndpoints(catalog, authenticator),
      },
      logger,
    ),
    onCall: (stream, headers) => sessions.accept(stream, headers),
  });
  const port = await listener.listen();
  return describe(parts, { ...storage, port, sessions, listener });
}

interface RunningParts extends Storage {
  readonly port: number;
  readonly sessions: SessionRegistry;
  readonly listener: Listener;
}

function describe(parts: Parts, running: RunningParts): SluiceServer {
  const { settings, credentials } = parts;
  const { port, recovery, catalog, tables, sessions } = running;
  const endpoint = endpointOf(settings.host, port, settings.tls !== undefined);
  let closing: Promise<void> | undefined;
  return {
    host: settings.host,
    port,
    endpoint,
    workspaceUrl: endpoint,
    dataDirectory: settings.dataDirectory,
    credentials: credentials && {
      clientId: credentials.clientId,
      clientSecret: credentials.clientSecret,
    },
    recovery,
    catalog,
    get streamCount() {
      return sessions.streamCount;
    },
    get tables() {
      return tables.tables.map(({ tableName, state, streamCount, rejectedRecordCount }) => ({
        tableName,
        state,
        streamCount,
        rejectedRecordCount,
      }));
    },
    createTable: (name, schema, properties, features) =>
      catalog.create(name, schema, properties, features),
    flush: () => tables.flush(),
    close: () => {
      closing ??= closeAll(parts, running);
      return closing;
    },
  };
}

async function closeAll(parts: Parts, running: RunningParts): Promise<void> {
  const { settings, log, encoders, logger } = parts;
  const { tables, sessions, listener, maintenance } = running;
  listener.stopAccepting();
  await sessions.drain(settings.drainTimeoutMs);
  const problems: unknown[] = [];
  await tables.flush().catch((reason: unknown) => problems.push(reason));
  tables.close();
  await maintenance?.close();
  if (problems.length === 0) await trimLog(log, tables, logger);
  await log.close().catch((reason: unknown) => problems.push(reason));
  await encoders.close();
  await listener.close();
  if (problems.length > 0) throw ServerError.from(problems[0], "closing the server");
}

/** Gives back what of the log no table needs any more. */
async function trimLog(log: Log, tables: TableRegistry, logger: Logger): Promise<void> {
  const { durablePosition } = log;
  try {
    await log.trim(Math.min(durablePosition, tables.oldestUncommittedPosition ?? durablePosition));
  } catch (reason) {
    logger.warn({ err: reason }, "the log could not be trimmed; it will be tried again");
  }
}
