// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders as Http2Headers, ServerHttp2Stream } from "node:http2";
import type { Readable } from "node:stream";
import { type ApiHandler, type ApiResponse, MAX_API_BODY_BYTES } from "../api/api-types.ts";

/** Answers an HTTP/1.1 request. */
export async function answerHttp1(
  api: ApiHandler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.on("error", () => response.destroy());
  const answer = await answerFor(
    api,
    request.method ?? "",
    request.url ?? "/",
    request.headers,
    request,
  );
  if (answer === undefined) {
    request.destroy();
    return;
  }
  const { payload, headers } = serialized(answer);
  response.writeHead(answer.status, headers).end(payload);
}

/** Answers an HTTP/2 request. */
export async function answerHttp2(
  api: ApiHandler,
  stream: ServerHttp2Stream,
  requestHeaders: Http2Headers,
): Promise<void> {
  stream.on("error", () => stream.destroy());
  const method = requestHeaders[":method"] ?? "";
  const url = requestHeaders[":path"] ?? "/";
  const answer = await answerFor(api, method, url, requestHeaders, stream);
  if (answer === undefined || stream.closed || stream.destroyed) return;
  const { payload, headers } = serialized(answer);
  stream.respond({ ":status": answer.status, ...headers });
  stream.end(payload);
}

/** The answer, or `undefined` when the request broke off. */
async function answerFor(
  api: ApiHandler,
  method: string,
  url: string,
  headers: IncomingHttpHeaders | Http2Headers,
  body: Readable,
): Promise<ApiResponse | undefined> {
  const bytes = await readBody(body);
  if (bytes === "aborted") return undefined;
  if (bytes === "tooLarge") {
    const message = `request body over the limit of ${MAX_API_BODY_BYTES} bytes`;
    return { status: 413, body: { error_code: "INVALID_PARAMETER_VALUE", message } };
  }
  const path = url.split("?", 1)[0] as string;
  const query = new URLSearchParams(url.slice(path.length));
  return api({ method, path, query, headers: singleValued(headers), body: bytes });
}

async function readBody(body: Readable): Promise<Buffer | "tooLarge" | "aborted"> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  try {
    for await (const chunk of body) {
      byteCount += (chunk as Buffer).length;
      if (byteCount > MAX_API_BODY_BYTES) return "tooLarge";
      chunks.push(chunk as Buffer);
    }
  } catch {
    return "aborted";
  }
  return Buffer.concat(chunks);
}

function singleValued(
  headers: IncomingHttpHeaders | Http2Headers,
): Record<string, string | undefined> {
  const result: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) {
    result[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return result;
}

function serialized(answer: ApiResponse): { payload: Buffer; headers: Record<string, string> } {
  const payload = Buffer.from(JSON.stringify(answer.body));
  const headers = {
    "content-type": "application/json",
    "content-length": String(payload.length),
    "cache-control": "no-store",
    ...answer.headers,
  };
  return { payload, headers };
}
