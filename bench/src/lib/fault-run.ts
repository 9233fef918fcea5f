// SPDX-License-Identifier: Apache-2.0
import type { FaultClientAnswer, FaultClientJob, FaultClientReady } from "../load/fault-client.ts";
import { Service } from "./child.ts";

/** What one client was seen to do. */
export interface ClientRun {
  /** Undefined where the stream was neither open nor refused within the limit. */
  readonly ready: FaultClientReady | undefined;
  /** Undefined where the client was not through within the limit, or never began. */
  readonly answer: FaultClientAnswer | undefined;
  readonly limitMs: number;
}

export type FaultClientService = Service<FaultClientReady>;

export interface ClientRunOptions {
  readonly job: FaultClientJob;
  /** The client is given up after so long, counted from its first call. */
  readonly limitMs: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** What happens meanwhile, from when the stream is open; the client may be told to stop. */
  readonly during?: (client: FaultClientService) => Promise<void>;
}

/** Runs the program of `load/fault-client.ts` in a process of its own, which does not outlive the run. */
export async function runClient(options: ClientRunOptions): Promise<ClientRun> {
  const { job, limitMs, environment = {}, during } = options;
  const abort = new AbortController();
  const starting = Service.start<FaultClientReady>("load/fault-client.js", job, {
    environment,
    signal: abort.signal,
  });
  try {
    const client = await within(limitMs + START_MS, starting);
    const ready = client?.ready;
    if (client === undefined || ready?.openError !== undefined) {
      return { ready, answer: undefined, limitMs };
    }
    const answering = client.ask<FaultClientAnswer>("go");
    answering.catch(() => undefined);
    await during?.(client);
    return { ready, answer: await within(limitMs, answering), limitMs };
  } finally {
    abort.abort();
    await starting.then((client) => client.kill()).catch(() => undefined);
  }
}

/** For a process of Node to begin. */
const START_MS = 500;

/** Undefined after `limitMs`. */
async function within<T>(limitMs: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
