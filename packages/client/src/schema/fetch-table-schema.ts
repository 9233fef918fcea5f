// SPDX-License-Identifier: Apache-2.0
import { parseUrl } from "../core/endpoint.ts";
import type { Environment } from "../core/proxy-selection.ts";
import { parseTableName } from "../core/table-name.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import type { TlsOptions } from "../io/dial.ts";
import { httpRequest } from "../io/http-request.ts";
import { makeRedactor } from "../observe/redactor.ts";
import { readTable } from "./read-table.ts";
import type { TableSchema } from "./table-schema.ts";

/** An HTTP GET, answered whatever its status. Rejects when there is no answer. */
export type HttpGet = (
  url: URL,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly body: string }>;

export interface FetchTableSchemaOptions {
  /** Base URL of the Unity Catalog service, as for tokens; without a scheme it is https. */
  readonly unityCatalogUrl: string;
  /** `catalog.schema.table` */
  readonly table: string;
  /**
   * An access token, or what gets one at every fetch; none for a service that asks for none. The hosted service takes
   * only tokens without `authorization_details` here: those for ingestion are refused.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** Sent as well; names are in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** TLS settings of the connection. */
  readonly tls?: TlsOptions;
  /** Milliseconds for the answer. @default 15_000 */
  readonly timeoutMs?: number;
  /** Replaces the client's own HTTP, and with it `tls`, `timeoutMs` and the proxies of the environment. */
  readonly get?: HttpGet;
}

/** Room for the widest tables with deeply nested columns. */
const MAX_ANSWER_BYTES = 16_777_216;

/**
 * Asks Unity Catalog for a table's columns: `GET /api/2.1/unity-catalog/tables/{full_name}`.
 * @throws ZerobusError `not_found`; `unauthenticated`; `permission_denied`; `unimplemented` for a table that is not a
 *   managed Delta table or has a column of an unknown type; `unavailable`, `deadline_exceeded`, `resource_exhausted`
 */
export async function fetchTableSchema(options: FetchTableSchemaOptions): Promise<TableSchema> {
  const { table, token, headers } = options;
  parseTableName(table);
  const base = parseUrl("Unity Catalog URL", options.unityCatalogUrl);
  const url = new URL(base);
  const basePath = base.pathname.replace(/\/+$/, "");
  url.pathname = `${basePath}/api/2.1/unity-catalog/tables/${encodeURIComponent(table)}`;
  const value = typeof token === "function" ? await token() : token;
  const get = options.get ?? clientGet(options, process.env);
  const answer = await get(url, {
    accept: "application/json",
    ...headers,
    ...(value === undefined ? {} : { authorization: `Bearer ${value}` }),
  });
  if (answer.status !== 200) {
    // Services repeat what they were sent.
    const redact = makeRedactor([value ?? "", ...Object.values(headers ?? {})]);
    throw refusalOf(table, url, answer.status, redact(messageOf(answer.body) ?? ""));
  }
  return readTable(table, parsed(answer.body));
}

function clientGet(options: FetchTableSchemaOptions, environment: Environment): HttpGet {
  const { tls = {}, timeoutMs = 15_000 } = options;
  return (url, headers) =>
    httpRequest({
      method: "GET",
      url,
      path: url.pathname,
      headers,
      timeoutMs,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      tls,
      environment,
    });
}

function refusalOf(table: string, url: URL, status: number, message: string): ZerobusError {
  const said = message === "" ? `HTTP status ${status}` : `${message} (HTTP status ${status})`;
  const details = {
    httpStatus: status,
    ...(message === "" ? {} : { serverMessage: message }),
  };
  const error = (code: ZerobusError["code"], text: string): ZerobusError =>
    new ZerobusError(code, `${text}: ${said}`, { details });
  switch (status) {
    case 400:
      return error("invalid_argument", `The catalog at ${url.host} refused the name ${table}`);
    case 401:
      return error("unauthenticated", `The catalog at ${url.host} refused the access token`);
    case 403:
      return error(
        "permission_denied",
        `No permission to read the columns of table ${table}; it needs SELECT on the table, USE SCHEMA and USE CATALOG`,
      );
    case 404:
      return error("not_found", `Table ${table} was not found at ${url.host}`);
    case 429:
      return error("resource_exhausted", `The catalog at ${url.host} asks to slow down`);
    default: {
      const code = status >= 500 ? "unavailable" : "internal";
      return error(code, `The catalog at ${url.host} did not describe table ${table}`);
    }
  }
}

/** The words of an error body, in Databricks' shape. */
function messageOf(body: string): string | undefined {
  const value = parsed(body);
  if (typeof value !== "object" || value === null) return undefined;
  const { message } = value as { readonly message?: unknown };
  return typeof message === "string" ? message.slice(0, 1000) : undefined;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
