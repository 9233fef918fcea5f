// SPDX-License-Identifier: Apache-2.0
import {
  checkHealth,
  compareSchemas,
  descriptorOfSchema,
  fetchTableSchema,
  type TableSchema,
  ZerobusError,
} from "@sluice/client";
import { MAX_COLUMNS, MAX_RECORD_BYTES } from "@sluice/protocol";
import { messageOf } from "../cli-error.ts";
import type { Connection } from "../produce/connection.ts";
import { type GrantedToken, requestToken } from "../produce/workspace-api.ts";
import { formatCount, formatLatency } from "../terminal/numbers.ts";
import type { Check, Finding } from "./run-checks.ts";

export interface ServiceTarget {
  readonly connection: Connection;
  readonly table: string;
  readonly certificates: Buffer | undefined;
  readonly timeoutMs: number;
  /** Columns that records are made for, to be compared with the table's. */
  readonly expected: TableSchema | undefined;
}

/** Seconds by which clocks may differ before tokens come into question. */
const SKEW_WARNING_SECONDS = 30;
const SKEW_FAILURE_SECONDS = 300;

/** From the credentials to an open stream. */
export function serviceChecks(target: ServiceTarget): Check[] {
  const { connection, expected } = target;
  let token: GrantedToken | undefined;
  let answer: TableSchema | ZerobusError | undefined;
  const schemaOf = (): TableSchema => {
    if (answer === undefined || answer instanceof ZerobusError) throw answer ?? new Error("none");
    return answer;
  };
  return [
    {
      what: "token",
      needs: ["workspace TLS"],
      run: async () => {
        if (connection.client === undefined)
          return { status: "ok", detail: "none asked for (--no-auth)" };
        try {
          token = await requestToken(connection, target.certificates);
        } catch (reason) {
          return { status: "fail", detail: messageOf(reason), fix: TOKEN_FIX };
        }
        return tokenFinding(connection.client.id, token);
      },
    },
    { what: "clock", needs: ["token"], run: () => clockFinding(token?.date, Date.now()) },
    {
      what: "table",
      needs: ["token"],
      run: async () => {
        try {
          answer = await fetchSchema(target, token?.value);
          return {
            status: "ok",
            detail: `${target.table} is a managed Delta table that this client may read`,
          };
        } catch (reason) {
          if (!(reason instanceof ZerobusError)) throw reason;
          answer = reason;
          return tableFinding(target.table, reason);
        }
      },
    },
    {
      what: "schema",
      needs: ["table"],
      run: () => (answer instanceof ZerobusError ? UNKNOWN_COLUMNS : schemaFinding(schemaOf())),
    },
    ...(expected === undefined
      ? []
      : [
          {
            what: "drift",
            needs: ["table"],
            run: () =>
              answer instanceof ZerobusError ? UNKNOWN_COLUMNS : driftFinding(expected, schemaOf()),
          },
        ]),
    { what: "stream", needs: ["endpoint HTTP/2", "token"], run: () => streamFinding(target) },
    {
      what: "limits",
      needs: [],
      run: () => ({
        status: "ok",
        detail: `${formatCount(MAX_RECORD_BYTES)} bytes per record, ${formatCount(MAX_COLUMNS)} columns; the hosted service takes 100,000 records/s and 100 MB/s per stream`,
      }),
    },
  ];
}

const TOKEN_FIX =
  "check the id and secret of the service principal, that the secret has not expired, and that the workspace URL is that of its workspace";
const UNKNOWN_COLUMNS: Finding = {
  status: "skipped",
  detail: "the catalog does not tell the columns",
};

function tokenFinding(clientId: string, token: GrantedToken | undefined): Finding {
  const life = token?.expiresIn === undefined ? "of unknown life" : `for ${token.expiresIn} s`;
  const scope = token?.scope === undefined ? "" : `, scope ${token.scope}`;
  const isShort = token?.expiresIn !== undefined && token.expiresIn < 60;
  if (!isShort) return { status: "ok", detail: `client ${clientId} gets one ${life}${scope}` };
  return {
    status: "warn",
    detail: `client ${clientId} gets one ${life}${scope}`,
    fix: "tokens that end within a minute are renewed all the time: have them last longer",
  };
}

/** Compares the clock of the token service with this machine's. */
export function clockFinding(date: string | undefined, nowMs: number): Finding {
  const thereMs = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(thereMs)) return { status: "skipped", detail: "no Date header to compare with" };
  // The header counts whole seconds.
  const seconds = Math.round((nowMs - thereMs) / 1000);
  const detail = `this machine is ${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"} the workspace`;
  if (Math.abs(seconds) < SKEW_WARNING_SECONDS) return { status: "ok", detail };
  const status = Math.abs(seconds) < SKEW_FAILURE_SECONDS ? "warn" : "fail";
  return { status, detail, fix: "set the clock by NTP: tokens and certificates are good by time" };
}

function fetchSchema(target: ServiceTarget, token: string | undefined): Promise<TableSchema> {
  const { connection, table, certificates, timeoutMs } = target;
  return fetchTableSchema({
    unityCatalogUrl: connection.workspaceUrl,
    table,
    timeoutMs,
    ...(token === undefined ? {} : { token }),
    ...(certificates === undefined ? {} : { tls: { ca: certificates } }),
  });
}

function tableFinding(table: string, error: ZerobusError): Finding {
  const detail = error.message;
  switch (error.code) {
    case "permission_denied":
      return {
        status: "fail",
        detail,
        fix: `GRANT USE CATALOG, USE SCHEMA, and on the table itself MODIFY and SELECT: ${table}`,
      };
    case "not_found":
      return {
        status: "fail",
        detail,
        fix: "create the table, or check its name: catalog.schema.table",
      };
    case "unimplemented":
      return { status: "fail", detail, fix: "write to a managed Delta table of supported types" };
    case "unauthenticated":
      return { status: "fail", detail, fix: TOKEN_FIX };
    default:
      return {
        status: "fail",
        detail,
        fix: "check that the workspace URL is that of a Unity Catalog service",
      };
  }
}

function schemaFinding(schema: TableSchema): Finding {
  const { length } = schema.columns;
  if (length > MAX_COLUMNS) {
    return {
      status: "fail",
      detail: `${length} columns; the limit is ${MAX_COLUMNS}`,
      fix: "use a table with fewer columns",
    };
  }
  const requiredCount = schema.columns.filter((column) => !column.nullable).length;
  const detail = `${length} columns, ${requiredCount} of them NOT NULL`;
  const odd = schema.columns.find(({ name }) => !/^[A-Za-z0-9_]+$/.test(name));
  if (odd !== undefined) {
    return {
      status: "warn",
      detail: `column ${JSON.stringify(odd.name)} has other than ASCII letters, digits and underscores`,
      fix: "the hosted service takes no such names",
    };
  }
  try {
    descriptorOfSchema(schema);
    return { status: "ok", detail: `${detail}; all have a form in protobuf` };
  } catch (reason) {
    return {
      status: "warn",
      detail: `${detail}; ${messageOf(reason)}`,
      fix: "send JSON (--encoding json)",
    };
  }
}

function driftFinding(expected: TableSchema, found: TableSchema): Finding {
  const differences = compareSchemas(expected, found);
  const [worst] = [...differences].sort(
    (left, right) => rank(left.severity) - rank(right.severity),
  );
  if (worst === undefined) return { status: "ok", detail: "the table is as the given schema says" };
  const columns = differences.map(({ column, kind }) => `${column} ${kind}`).join(", ");
  const status =
    worst.severity === "breaking" ? "fail" : worst.severity === "warning" ? "warn" : "ok";
  return { status, detail: columns, fix: `${worst.column}: ${worst.consequence}` };
}

function rank(severity: "breaking" | "warning" | "info"): number {
  return ["breaking", "warning", "info"].indexOf(severity);
}

async function streamFinding(target: ServiceTarget): Promise<Finding> {
  const { connection, table, certificates, timeoutMs } = target;
  const { endpoint, workspaceUrl, client } = connection;
  const check = await checkHealth({
    endpoint,
    unityCatalogUrl: workspaceUrl,
    table,
    auth: client === undefined ? "none" : { clientId: client.id, clientSecret: client.secret },
    attemptTimeoutMs: timeoutMs,
    applicationName: "sluice-doctor",
    ...(certificates === undefined ? {} : { tls: { ca: certificates } }),
  });
  if (check.ok)
    return { status: "ok", detail: `opened and closed in ${formatLatency(check.openMs)}` };
  const { phase, category, error } = check;
  const isGrant = error.code === "permission_denied" || phase === "authenticate";
  return {
    status: "fail",
    detail: `${phase} (${category}): ${error.message}`,
    fix: isGrant
      ? `GRANT MODIFY, SELECT ON TABLE ${table} to the client, with USE CATALOG and USE SCHEMA; ALL PRIVILEGES is not enough`
      : "see what the server says above; `sluice health` tries just this again",
  };
}
