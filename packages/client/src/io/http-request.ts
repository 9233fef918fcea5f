// SPDX-License-Identifier: Apache-2.0
import { request as startRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type Environment, proxyForHttp } from "../core/proxy-selection.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import { dial, proxyAuthorization, type TlsOptions } from "./dial.ts";

const DEFAULT_MAX_ANSWER_BYTES = 1_048_576;

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  /** Sent as it is; `url` cannot hold every path a server may be asked for. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent with a POST. */
  readonly body?: string;
  readonly timeoutMs: number;
  /** Larger answers are an error. @default 1 MiB */
  readonly maxAnswerBytes?: number;
  readonly tls: TlsOptions;
  readonly environment: Environment;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One request on a connection of its own, through the proxy the environment asks for.
 * @throws ZerobusError `unavailable`, `deadline_exceeded`
 */
export async function httpRequest(request: HttpRequest): Promise<HttpAnswer> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), request.timeoutMs);
  try {
    return await send(request, abort.signal);
  } catch (error) {
    if (abort.signal.aborted) {
      throw new ZerobusError(
        "deadline_exceeded",
        `No answer from ${request.url.host} within ${request.timeoutMs} ms`,
        { cause: error },
      );
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function send(wanted: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const { url } = wanted;
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const proxy = proxyForHttp(wanted.environment, secure, host, port);
  // Over http a proxy is asked for the whole URL; only https is tunnelled.
  const forward = proxy !== undefined && !secure ? new URL(proxy) : undefined;
  const socket =
    forward === undefined
      ? await dial({ host, port, secure, tls: wanted.tls, proxy, signal })
      : await dial({
          host: forward.hostname.replace(/^\[|\]$/g, ""),
          port: Number(forward.port) || (forward.protocol === "https:" ? 443 : 80),
          secure: forward.protocol === "https:",
          tls: wanted.tls,
          proxy: undefined,
          signal,
        });
  const path = forward === undefined ? wanted.path : `http://${url.host}${wanted.path}`;
  const authorization = forward === undefined ? {} : proxyAuthorization(forward);
  try {
    return await exchange(wanted, socket, path, { ...wanted.headers, ...authorization }, signal);
  } finally {
    socket.destroy();
  }
}

function exchange(
  wanted: HttpRequest,
  socket: Socket,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise<HttpAnswer>((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(
        new ZerobusError("unavailable", `Request to ${wanted.url.host} failed: ${cause.message}`, {
          cause,
        }),
      );
    };
    const { method, body = "" } = wanted;
    const request = startRequest({
      method,
      path,
      headers: {
        host: wanted.url.host,
        ...headers,
        ...(method === "POST" ? { "content-length": String(Buffer.byteLength(body)) } : {}),
        connection: "close",
      },
      createConnection: () => socket,
      signal,
    });
    request.once("error", fail);
    request.once("response", (response) => {
      readBody(response, wanted.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES).then(
        (answer) => resolve({ status: response.statusCode ?? 0, body: answer }),
        (error: unknown) => fail(error instanceof Error ? error : new Error(String(error))),
      );
    });
    request.end(body);
  });
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount > maxBytes) {
      throw new Error(`the answer is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
