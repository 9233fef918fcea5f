// SPDX-License-Identifier: Apache-2.0
import type { ClientRun } from "../lib/fault-run.ts";

/** What the other side saw of the client. */
export interface ServerView {
  /** Calls that reached the server. */
  readonly callCount?: number;
  readonly tokenRequestCount?: number;
  /** TCP connections that reached the server or the proxy. */
  readonly connectionCount?: number;
  /** Records that arrived, and how many different ones they are. */
  readonly receivedCount?: number;
  readonly distinctCount?: number;
}

const MAX_TEXT_LENGTH = 72;

/** What a client did in a fault, in words made of what was seen. */
export function describeRun(run: ClientRun, server: ServerView): string {
  return [clientPart(run), ...serverParts(run, server)].join("; ");
}

function clientPart({ ready, answer, limitMs }: ClientRun): string {
  if (ready === undefined) return `still opening after ${duration(limitMs)}`;
  if (ready.openError !== undefined) {
    return `open fails after ${duration(ready.openMs)}: ${quote(ready.openError)}`;
  }
  if (answer === undefined) return `still trying after ${duration(limitMs)}, no error`;
  const { takenCount, rejectedCount, failedAfterMs = 0, unacknowledged } = answer;
  const error = answer.firstRejection ?? answer.flushError;
  if (error === undefined) return `all ${takenCount} acknowledged, no error`;
  const parts = [`first error after ${duration(failedAfterMs)}: ${quote(error)}`];
  if (rejectedCount > 0) parts.push(`${rejectedCount} of ${takenCount + rejectedCount} not taken`);
  parts.push(
    typeof unacknowledged === "number"
      ? `${unacknowledged} unacknowledged handed back`
      : `unacknowledged not told: ${quote(unacknowledged)}`,
  );
  return parts.join("; ");
}

function serverParts({ ready }: ClientRun, server: ServerView): string[] {
  const { callCount, tokenRequestCount, connectionCount, receivedCount, distinctCount } = server;
  const parts: string[] = [];
  if (callCount !== undefined) {
    const isOpen = ready !== undefined && ready.openError === undefined;
    parts.push(isOpen ? counted(callCount - 1, "reconnect") : counted(callCount, "attempt"));
  }
  if (tokenRequestCount !== undefined) parts.push(counted(tokenRequestCount, "token request"));
  if (connectionCount !== undefined) parts.push(counted(connectionCount, "connection"));
  if (receivedCount !== undefined && distinctCount !== undefined && distinctCount > 0) {
    parts.push(`${distinctCount} records arrived, ${receivedCount - distinctCount} of them again`);
  }
  return parts;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Cells of a table hold no bars and no line ends; what call failed is known. */
function quote(text: string): string {
  const line = text
    .replace(/^(Failed to [a-z ]+: )+/, "")
    .replace(/[|\s]+/g, " ")
    .replaceAll("`", "'");
  const shown = line.length > MAX_TEXT_LENGTH ? `${line.slice(0, MAX_TEXT_LENGTH)}...` : line;
  return `"${shown}"`;
}
