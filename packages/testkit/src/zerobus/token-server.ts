// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { TEST_SERVER_CERTIFICATE, TEST_SERVER_KEY } from "../fixtures/certificates.ts";

export interface TokenRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly form: URLSearchParams;
}

export interface TokenAnswer {
  readonly status?: number;
  readonly body: unknown;
}

/** A token endpoint for tests; answers with `token-N` for request N unless told otherwise. */
export class TokenServer {
  readonly requests: TokenRequest[] = [];
  readonly url: string;
  readonly port: number;
  /** Decides the answer to request number `index`. */
  answer: (index: number) => TokenAnswer | Promise<TokenAnswer> = (index) => ({
    body: { access_token: `token-${index}`, token_type: "Bearer", expires_in: 3600 },
  });
  readonly #server: Server;

  private constructor(server: Server, secure: boolean) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.url = `${secure ? "https" : "http"}://127.0.0.1:${this.port}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void this.#handle(request, response);
    });
  }

  static async start(options: { readonly secure?: boolean } = {}): Promise<TokenServer> {
    const secure = options.secure ?? false;
    const server = secure
      ? createSecureServer({ cert: TEST_SERVER_CERTIFICATE, key: TEST_SERVER_KEY })
      : createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new TokenServer(server, secure);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString();
    const index = this.requests.length;
    this.requests.push({
      path: `${request.method} ${request.url}`,
      authorization: request.headers.authorization,
      contentType: request.headers["content-type"],
      form: new URLSearchParams(body),
    });
    const answer = await this.answer(index);
    response.statusCode = answer.status ?? 200;
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  }
}
