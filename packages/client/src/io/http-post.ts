// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type Environment, proxyForHttp } from "../core/proxy-selection.ts";
import { ZerobusError } from "../core/zerobus-error.ts";
import { dial, proxyAuthorization, type TlsOptions } from "./dial.ts";

const MAX_ANSWER_BYTES = 1_048_576;

export interface HttpPost {
  readonly url: URL;
  /** Sent as it is; `url` cannot hold every path a server may be asked for. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly tls: TlsOptions;
  readonly environment: Environment;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One POST on a connection of its own, through the proxy the environment asks for.
 * @throws ZerobusError `unavailable`, `deadline_exceeded`
 */
export async function httpPost(post: HttpPost): Promise<HttpAnswer> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), post.timeoutMs);
  try {
    return await send(post, abort.signal);
  } catch (error) {
    if (abort.signal.aborted) {
      throw new ZerobusError(
        "deadline_exceeded",
        `No answer from ${post.url.host} within ${post.timeoutMs} ms`,
        { cause: error },
      );
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function send(post: HttpPost, signal: AbortSignal): Promise<HttpAnswer> {
  const { url } = post;
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const proxy = proxyForHttp(post.environment, secure, host, port);
  // Over http a proxy is asked for the whole URL; only https is tunnelled.
  const forward = proxy !== undefined && !secure ? new URL(proxy) : undefined;
  const socket =
    forward === undefined
      ? await dial({ host, port, secure, tls: post.tls, proxy, signal })
      : await dial({
          host: forward.hostname.replace(/^\[|\]$/g, ""),
          port: Number(forward.port) || (forward.protocol === "https:" ? 443 : 80),
          secure: forward.protocol === "https:",
          tls: post.tls,
          proxy: undefined,
          signal,
        });
  const path = forward === undefined ? post.path : `http://${url.host}${post.path}`;
  const authorization = forward === undefined ? {} : proxyAuthorization(forward);
  try {
    return await exchange(post, socket, path, { ...post.headers, ...authorization }, signal);
  } finally {
    socket.destroy();
  }
}

function exchange(
  post: HttpPost,
  socket: Socket,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise<HttpAnswer>((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(
        new ZerobusError("unavailable", `Request to ${post.url.host} failed: ${cause.message}`, {
          cause,
        }),
      );
    };
    const request = httpRequest({
      method: "POST",
      path,
      headers: {
        host: post.url.host,
        ...headers,
        "content-length": String(Buffer.byteLength(post.body)),
        connection: "close",
      },
      createConnection: () => socket,
      signal,
    });
    request.once("error", fail);
    request.once("response", (response) => {
      readBody(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, body }),
        (error: unknown) => fail(error instanceof Error ? error : new Error(String(error))),
      );
    });
    request.end(post.body);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount > MAX_ANSWER_BYTES) {
      throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
