// SPDX-License-Identifier: Apache-2.0
import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { fetchTableSchema, type TableSchema, ZerobusError } from "@sluice/client";
import { CliError, messageOf } from "../cli-error.ts";
import type { Connection } from "./connection.ts";

/** What the workspace says about a table. */
export type TableLookup =
  | { readonly kind: "found"; readonly schema: TableSchema }
  /** The workspace answers, but not this question: ingestion may work all the same. */
  | { readonly kind: "unknown"; readonly reason: string };

const REQUEST_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly text: string;
  /** The server's `Date` header. */
  readonly date: string | undefined;
}

/**
 * Asks the workspace for a table's columns, with the client's own credentials. Finds out before the first record whether
 * the server is there, the credentials are right and the table exists.
 * @throws CliError when one of them is not so.
 */
export async function lookUpTable(
  connection: Connection,
  table: string,
  certificates: Buffer | undefined,
): Promise<TableLookup> {
  const token = await fetchToken(connection, certificates);
  try {
    const schema = await fetchTableSchema({
      unityCatalogUrl: connection.workspaceUrl,
      table,
      ...(token === undefined ? {} : { token }),
      ...(certificates === undefined ? {} : { tls: { ca: certificates } }),
    });
    return { kind: "found", schema };
  } catch (cause) {
    if (!(cause instanceof ZerobusError)) throw cause;
    const isAnswer = cause.details.httpStatus !== undefined;
    if (cause.code === "not_found" || cause.code === "unauthenticated") throw cause;
    if (cause.code === "invalid_argument" || (cause.code === "unavailable" && !isAnswer))
      throw cause;
    return { kind: "unknown", reason: cause.message };
  }
}

/**
 * Asks for an access token that is good for reading metadata; `undefined` where authentication is off.
 * @throws CliError when there is none.
 */
export async function fetchToken(
  connection: Connection,
  certificates: Buffer | undefined,
): Promise<string | undefined> {
  return (await requestToken(connection, certificates))?.value;
}

/** An access token, and what came with it. */
export interface GrantedToken {
  readonly value: string;
  /** Seconds. */
  readonly expiresIn: number | undefined;
  readonly scope: string | undefined;
  /** The `Date` header of the answer. */
  readonly date: string | undefined;
}

/** As {@link fetchToken}, with what the answer says of the token. */
export async function requestToken(
  { workspaceUrl, client }: Connection,
  certificates: Buffer | undefined,
): Promise<GrantedToken | undefined> {
  if (client === undefined) return undefined;
  const basic = Buffer.from(`${client.id}:${client.secret}`).toString("base64");
  const headers = {
    authorization: `Basic ${basic}`,
    "content-type": "application/x-www-form-urlencoded",
  };
  const body = "grant_type=client_credentials&scope=all-apis";
  const answer = await send(
    joinUrl(workspaceUrl, "/oidc/v1/token"),
    "POST",
    headers,
    body,
    certificates,
  );
  if (answer.status === 200) {
    const { access_token: value, expires_in: expiresIn, scope } = parsedObject(answer.text);
    if (typeof value === "string") {
      return {
        value,
        expiresIn: typeof expiresIn === "number" ? expiresIn : undefined,
        scope: typeof scope === "string" ? scope : undefined,
        date: answer.date,
      };
    }
  }
  const isRefused = answer.status === 400 || answer.status === 401 || answer.status === 403;
  const advice = isRefused ? "; check the client id and secret" : "";
  throw new CliError(
    `${workspaceUrl} gave no token for client ${client.id} (status ${answer.status}: ${apiMessage(answer)})${advice}`,
  );
}

function joinUrl(base: string, path: string): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(base) ? base : `https://${base}`;
  try {
    return new URL(withScheme.replace(/\/+$/, "") + path);
  } catch (cause) {
    throw new CliError(`${base} is not a URL; give it as https://host or http://host:port`, {
      cause,
    });
  }
}

function send(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
  certificates: Buffer | undefined,
): Promise<Answer> {
  const request = url.protocol === "http:" ? requestPlain : requestTls;
  const trust = certificates === undefined ? {} : { ca: certificates };
  return new Promise<Answer>((resolve, reject) => {
    const fail = (cause: unknown): void => {
      const reason = `cannot reach ${url.origin}: ${connectMessage(cause)}`;
      reject(
        new CliError(`${reason}; check that the server runs and the address is right`, {
          cause,
          isUnreachable: true,
        }),
      );
    };
    const call = request(
      url,
      { method, headers, timeout: REQUEST_TIMEOUT_MS, ...trust },
      (response) => {
        const chunks: Buffer[] = [];
        let byteCount = 0;
        response.on("data", (chunk: Buffer) => {
          byteCount += chunk.length;
          if (byteCount > MAX_ANSWER_BYTES) call.destroy(new Error("the answer is too long"));
          else chunks.push(chunk);
        });
        response.on("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString("utf8"),
            date: response.headers.date,
          });
        });
        response.on("error", fail);
      },
    );
    call.on("timeout", () =>
      call.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)),
    );
    call.on("error", fail);
    call.end(body);
  });
}

/** Node joins the failures of several addresses into one error without a text of its own. */
function connectMessage(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return messageOf(cause.errors[0]);
  return messageOf(cause);
}

/** The words of an error body, in Databricks' shape or OAuth's; else its beginning. */
function apiMessage({ text }: Answer): string {
  const body = parsedObject(text);
  const message = body["message"] ?? body["error_description"] ?? body["error"];
  if (typeof message === "string") return message;
  return text === "" ? "no explanation" : JSON.stringify(text.slice(0, 200));
}

function parsedObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
