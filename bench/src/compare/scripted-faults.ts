// SPDX-License-Identifier: Apache-2.0
import {
  ScriptedServer,
  type ScriptedStream,
  serveEverything,
  type StreamScript,
  type TokenAnswer,
  TokenServer,
} from "@sluice/testkit";
import { runClient } from "../lib/fault-run.ts";
import type { RetryTimes } from "../lib/ingest-client.ts";
import type { FaultCase } from "./fault-case.ts";
import { describeRun } from "./observation.ts";

type Status = Parameters<ScriptedStream["end"]>[0];

interface ScriptedFault {
  readonly fault: string;
  readonly scripts: readonly StreamScript[];
  /** Has the client get tokens; decides their answers. */
  readonly tokens?: (index: number) => TokenAnswer | Promise<TokenAnswer>;
  readonly retries?: RetryTimes;
  readonly limitMs?: number;
}

const RECORD_COUNT = 20;
const LIMIT_MS = 4_500;
/** By then a client that gives up at all has given up. */
const OPEN_LIMIT_MS = 2_500;
const WRONG_ID = 13;
/** Attempts of one recovery then take a second, not ten. */
const FAST: RetryTimes = { backoffMs: 200 };
const HASTY: RetryTimes = { backoffMs: 200, attemptTimeoutMs: 500 };

const goodToken = (index: number): TokenAnswer => ({
  body: { access_token: `token-${index}`, token_type: "Bearer", expires_in: 3600 },
});

const refuse =
  (status: Status): StreamScript =>
  async (call) => {
    call.respond();
    await call.created();
    call.end(status, "refused by the script");
  };

/** Takes half of the records, acknowledges a quarter, and ends. */
const endMidway =
  (status: Status): StreamScript =>
  async (call) => {
    await call.accept();
    await call.received(RECORD_COUNT / 2);
    call.ack(RECORD_COUNT / 4 - 1);
    call.end(status, status === "OK" ? "" : "ended by the script");
  };

const acceptThenFail: StreamScript = async (call) => {
  await call.accept();
  await call.received(1);
  call.end("UNAVAILABLE", "overloaded");
};

const acceptSilently: StreamScript = async (call) => {
  await call.accept();
  await call.untilClosed();
};

/** Refuses one record for good, as a server does whose table it does not fit. */
const validate: StreamScript = async (call) => {
  let isRefused = false;
  call.onMessage((message) => {
    if (isRefused) return;
    isRefused = message.records.some((record) => idOf(record) === WRONG_ID);
    if (isRefused) call.end("INVALID_ARGUMENT", `record ${WRONG_ID} does not fit`);
    else call.ack(message.offsetId);
  });
  await call.accept();
  await call.untilHalfClosed();
  call.end();
};

const FAULTS: readonly ScriptedFault[] = [
  ...(["NOT_FOUND", "INVALID_ARGUMENT"] as const).map((status) => ({
    fault: `creation refused with ${status}`,
    scripts: [refuse(status)],
    tokens: goodToken,
  })),
  ...(["UNAUTHENTICATED", "PERMISSION_DENIED"] as const).map((status) => ({
    fault: `creation refused with ${status}`,
    scripts: [refuse(status)],
    tokens: goodToken,
    retries: FAST,
  })),
  {
    fault: "creation refused with UNAUTHENTICATED once",
    scripts: [refuse("UNAUTHENTICATED"), serveEverything],
    tokens: goodToken,
    retries: FAST,
  },
  ...(["UNAVAILABLE", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"] as const).map((status) => ({
    fault: `creation refused with ${status}, backoff 200 ms`,
    scripts: [refuse(status)],
    tokens: goodToken,
    retries: FAST,
    limitMs: OPEN_LIMIT_MS,
  })),
  {
    fault: "creation refused with UNAVAILABLE, recovery off",
    scripts: [refuse("UNAVAILABLE")],
    retries: { recovery: false },
  },
  { fault: "UNAVAILABLE mid-stream", scripts: [endMidway("UNAVAILABLE"), serveEverything] },
  { fault: "clean end (OK) mid-stream", scripts: [endMidway("OK"), serveEverything] },
  { fault: `one of ${RECORD_COUNT} records refused with INVALID_ARGUMENT`, scripts: [validate] },
  {
    fault: "every stream accepted, then ended with UNAVAILABLE at the first record",
    scripts: [acceptThenFail],
    tokens: goodToken,
  },
  {
    fault: "server stops acknowledging, ack timeout 500 ms, flush timeout 3 s",
    scripts: [acceptSilently],
    retries: { ackTimeoutMs: 500, flushTimeoutMs: 3_000 },
    limitMs: 10_000,
  },
  {
    fault: "token endpoint answers 401",
    scripts: [serveEverything],
    tokens: () => ({ status: 401, body: { error: "invalid_client" } }),
  },
  {
    fault: "token endpoint answers 503, backoff 200 ms",
    scripts: [serveEverything],
    tokens: () => ({ status: 503, body: "down" }),
    retries: FAST,
    limitMs: OPEN_LIMIT_MS,
  },
  {
    fault: "token endpoint hangs, attempts time out after 500 ms, backoff 200 ms",
    scripts: [serveEverything],
    tokens: () => new Promise<TokenAnswer>(() => undefined),
    retries: HASTY,
  },
];

export function scriptedFaultCases(): FaultCase[] {
  return FAULTS.map((fault) => ({
    fault: fault.fault,
    isSlow: false,
    run: async (client) => {
      await using server = await ScriptedServer.start(fault.scripts);
      await using tokens = await TokenServer.start();
      if (fault.tokens !== undefined) tokens.answer = fault.tokens;
      const run = await runClient({
        job: {
          client,
          endpoint: server.url,
          table: "main.compare.events",
          ...(fault.tokens === undefined ? {} : { ucUrl: tokens.url }),
          ...(fault.retries === undefined ? {} : { retries: fault.retries }),
          recordCount: RECORD_COUNT,
          intervalMs: 2,
          waitsForAcks: false,
        },
        limitMs: fault.limitMs ?? LIMIT_MS,
      });
      const ids = server.streams.flatMap(({ messages }) =>
        messages.flatMap(({ records }) => records.map(idOf)),
      );
      return describeRun(run, {
        callCount: server.streams.length,
        ...(fault.tokens === undefined ? {} : { tokenRequestCount: tokens.requests.length }),
        receivedCount: ids.length,
        distinctCount: new Set(ids).size,
      });
    },
  }));
}

function idOf(record: Buffer): number {
  return (JSON.parse(record.toString()) as { readonly id: number }).id;
}
