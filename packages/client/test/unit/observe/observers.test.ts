// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import diagnosticsChannel from "node:diagnostics_channel";
import { test } from "node:test";
import { type DiagnosticsMessages, diagnosticsObserver } from "../../../src/observe/diagnostics.ts";
import { observers } from "../../../src/observe/observers.ts";
import type { ProducerObserver } from "../../../src/producer/producer-observer.ts";
import { errorWith, LANE_COUNT, ORIGIN } from "./samples.ts";

/** One call of every method, by its name. */
const CALLS: Readonly<
  Record<keyof ProducerObserver, (observer: Required<ProducerObserver>) => void>
> = {
  submitted: (observer) => observer.submitted(1, 10),
  sent: (observer) => observer.sent(2, 20),
  acknowledged: (observer) => observer.acknowledged(3, 30, 300),
  resent: (observer) => observer.resent(4),
  invalid: (observer) => observer.invalid(5),
  deadLettered: (observer) => observer.deadLettered(6),
  reconnected: (observer) => observer.reconnected("auth"),
  tokenRefreshed: (observer) => observer.tokenRefreshed(),
  flushed: (observer) => observer.flushed(7, undefined),
  closed: (observer) => observer.closed(8, 9),
  event: (observer) => observer.event(LANE_COUNT),
};
const NAMES = Object.keys(CALLS) as (keyof ProducerObserver)[];

type Call = [string, ...unknown[]];

/** Notes every call, and fails after that if it is told to. */
function recorder(calls: Call[], failing: boolean): Required<ProducerObserver> {
  const methods = NAMES.map((name) => [
    name,
    (...parameters: unknown[]) => {
      calls.push([name, ...parameters]);
      if (failing) throw new Error(`${name} failed`);
    },
  ]);
  return Object.fromEntries(methods) as Required<ProducerObserver>;
}

test("tells every observer everything, in order, whatever one of them throws", () => {
  const failingCalls: Call[] = [];
  const calls: Call[] = [];
  const combined = observers(recorder(failingCalls, true), undefined, recorder(calls, false));
  for (const name of NAMES) CALLS[name](combined);
  assert.deepEqual(calls, [
    ["submitted", 1, 10],
    ["sent", 2, 20],
    ["acknowledged", 3, 30, 300],
    ["resent", 4],
    ["invalid", 5],
    ["deadLettered", 6],
    ["reconnected", "auth"],
    ["tokenRefreshed"],
    ["flushed", 7, undefined],
    ["closed", 8, 9],
    ["event", LANE_COUNT],
  ]);
  assert.deepEqual(failingCalls, calls);
  assert.equal(combined.failedCalls, NAMES.length);
});

test("takes observers that have only what they must have", () => {
  const calls: Call[] = [];
  const { sent: _sent, flushed: _flushed, closed: _closed, ...small } = recorder(calls, false);
  const combined = observers(small);
  for (const name of NAMES) CALLS[name](combined);
  assert.equal(calls.length, NAMES.length - 3);
  assert.equal(combined.failedCalls, 0);
});

const CHANNEL_OF: Readonly<Record<keyof ProducerObserver, keyof DiagnosticsMessages>> = {
  submitted: "sluice:producer:submit",
  sent: "sluice:producer:send",
  acknowledged: "sluice:producer:ack",
  resent: "sluice:producer:resend",
  invalid: "sluice:producer:invalid",
  deadLettered: "sluice:producer:dead-letter",
  reconnected: "sluice:producer:reconnect",
  tokenRefreshed: "sluice:producer:token-refresh",
  flushed: "sluice:producer:flush",
  closed: "sluice:producer:close",
  event: "sluice:producer:event",
};

test("publishes each thing on its own channel, with where it happened", () => {
  const observer = diagnosticsObserver(ORIGIN);
  for (const name of NAMES) {
    const messages: unknown[] = [];
    const listener = (message: unknown): void => void messages.push(message);
    diagnosticsChannel.subscribe(CHANNEL_OF[name], listener);
    for (const called of NAMES) CALLS[called](observer);
    diagnosticsChannel.unsubscribe(CHANNEL_OF[name], listener);
    for (const called of NAMES) CALLS[called](observer);
    assert.equal(messages.length, 1, name);
    const { endpoint, table } = messages[0] as typeof ORIGIN;
    assert.deepEqual({ endpoint, table }, ORIGIN);
  }
});

test("publishes numbers and errors as they are", () => {
  const observer = diagnosticsObserver(ORIGIN);
  const messages: unknown[] = [];
  const listener = (message: unknown): void => void messages.push(message);
  const channels = ["sluice:producer:ack", "sluice:producer:flush"] as const;
  for (const name of channels) diagnosticsChannel.subscribe(name, listener);
  const error = errorWith("down");
  observer.acknowledged(3, 30, 300);
  observer.flushed(7, error);
  for (const name of channels) diagnosticsChannel.unsubscribe(name, listener);
  assert.deepEqual(messages, [
    { ...ORIGIN, recordCount: 3, byteCount: 30, latencyMs: 300 },
    { ...ORIGIN, durationMs: 7, error },
  ]);
});
