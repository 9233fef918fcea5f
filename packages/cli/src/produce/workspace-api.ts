// SPDX-License-Identifier: Apache-2.0
import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { parseSqlType, type StructField } from "@sluice/delta";
import { CliError, messageOf } from "../cli-error.ts";
import type { Connection } from "./connection.ts";

/** What the workspace says about a table. */
export type TableLookup =
  | { readonly kind: "found"; readonly fields: readonly StructField[] }
  /** The workspace answers, but not this question: ingestion may work all the same. */
  | { readonly kind: "unknown"; readonly reason: string };

const REQUEST_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly text: string;
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
  const url = joinUrl(
    connection.workspaceUrl,
    `/api/2.1/unity-catalog/tables/${encodeURIComponent(table)}`,
  );
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await send(url, "GET", headers, undefined, certificates);
  if (answer.status === 404 || answer.status === 400) {
    throw new CliError(`table ${table}: ${apiMessage(answer)}`);
  }
  if (answer.status === 401) {
    throw new CliError(
      `${connection.workspaceUrl} refused access to table ${table}: ${apiMessage(answer)}`,
    );
  }
  if (answer.status !== 200) {
    return { kind: "unknown", reason: `status ${answer.status}: ${apiMessage(answer)}` };
  }
  return { kind: "found", fields: fieldsOf(answer.text, table) };
}

/**
 * Asks for an access token that is good for reading metadata; `undefined` where authentication is off.
 * @throws CliError when there is none.
 */
export async function fetchToken(
  { workspaceUrl, client }: Connection,
  certificates: Buffer | undefined,
): Promise<string | undefined> {
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
    const token = parsedObject(answer.text)["access_token"];
    if (typeof token === "string") return token;
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
        new CliError(`${reason}; check that the server runs and the address is right`, { cause }),
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

function fieldsOf(text: string, table: string): StructField[] {
  const { columns } = parsedObject(text);
  if (!Array.isArray(columns))
    throw new CliError(`the workspace names no columns of table ${table}`);
  return columns.map((column: unknown) => {
    const { name, type_text: typeText, nullable } = column as Record<string, unknown>;
    if (typeof name !== "string" || typeof typeText !== "string") {
      throw new CliError(
        `the workspace describes a column of table ${table} without name or type_text`,
      );
    }
    return { name, type: parseSqlType(typeText), nullable: nullable !== false, metadata: {} };
  });
}
