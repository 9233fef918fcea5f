// SPDX-License-Identifier: Apache-2.0
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as sendRequest,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface FaultAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What becomes of one request. */
export interface HttpFault {
  readonly matches: (request: ProxiedRequest) => boolean;
  /** How many of the requests that match fail, from the first on. @default 1 */
  readonly times?: number;
  /** Whether the server gets the request, and has done it, before the fault. */
  readonly isApplied: boolean;
  /** The connection is cut, nothing is ever answered, the answer's body is cut, or another answer is given. */
  readonly outcome: "drop" | "hang" | "cutBody" | FaultAnswer;
  /** Runs before the fault, such as another writer's work. */
  readonly meanwhile?: () => Promise<void>;
}

/** A proxy before a real server, which spoils what it is told to. */
export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  /** All requests so far. */
  readonly requests: readonly ProxiedRequest[];
  /** The most requests that were under way at once. */
  readonly maxConcurrentCount: number;
  /** Takes the place of the faults before, and forgets the requests. */
  set(faults: readonly HttpFault[]): void;
}

export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const requests: ProxiedRequest[] = [];
  let concurrentCount = 0;
  let maxConcurrentCount = 0;
  let faults: { readonly fault: HttpFault; leftCount: number }[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    const request = { method, url, headers };
    requests.push(request);
    concurrentCount += 1;
    maxConcurrentCount = Math.max(maxConcurrentCount, concurrentCount);
    outgoing.once("close", () => (concurrentCount -= 1));
    const due = faults.find(({ fault, leftCount }) => leftCount > 0 && fault.matches(request));
    if (due !== undefined) due.leftCount -= 1;
    // A client that has gone away needs no answer.
    serve(upstream, incoming, outgoing, due?.fault).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    get maxConcurrentCount() {
      return maxConcurrentCount;
    },
    set: (given) => {
      requests.length = 0;
      maxConcurrentCount = 0;
      faults = given.map((fault) => ({ fault, leftCount: fault.times ?? 1 }));
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(
  upstream: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: HttpFault | undefined,
): Promise<void> {
  const body = await buffer(incoming);
  if (fault === undefined) {
    const { answer, bytes } = await forward(upstream, incoming, body);
    copyHead(answer, outgoing);
    outgoing.end(bytes);
    return;
  }
  const forwarded = fault.isApplied ? await forward(upstream, incoming, body) : undefined;
  await fault.meanwhile?.();
  const { outcome } = fault;
  if (outcome === "hang") return;
  if (outcome === "drop") {
    incoming.socket.destroy();
  } else if (outcome === "cutBody") {
    if (forwarded === undefined) throw new Error("a body that is cut comes from the server");
    copyHead(forwarded.answer, outgoing);
    outgoing.write(forwarded.bytes.subarray(0, forwarded.bytes.length >> 1), () =>
      incoming.socket.destroy(),
    );
  } else {
    outgoing.writeHead(outcome.status, outcome.headers);
    outgoing.end(outcome.body);
  }
}

function copyHead(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
}

/** Signatures cover the host, so all headers go on as they came. */
async function forward(
  upstream: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<{ readonly answer: IncomingMessage; readonly bytes: Buffer }> {
  const { hostname, port } = new URL(upstream);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = sendRequest({ hostname, port, method, path: url, headers }, resolve);
    request.once("error", reject);
    request.end(body);
  });
  return { answer, bytes: await buffer(answer) };
}
