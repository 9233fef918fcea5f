// SPDX-License-Identifier: Apache-2.0
import { writeFile } from "node:fs/promises";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { BroadcastChannel, threadId } from "node:worker_threads";

/**
 * Samples every thread of a process. The module is loaded into each of them by `--import`, which worker threads inherit;
 * the main thread gives the word over a channel and counts the answers.
 */
type ProfileMessage =
  | { readonly kind: "hello"; readonly threadId: number }
  | { readonly kind: "start" }
  | { readonly kind: "stop"; readonly directory: string }
  | { readonly kind: "done"; readonly threadId: number };

const SAMPLING_INTERVAL_MICROSECONDS = 500;

const channel = new BroadcastChannel("sluice-bench-profile");
const otherThreads = new Set<number>();
let doneCount = 0;
let onDone: () => void = () => undefined;
let session: Session | undefined;

// oxlint-disable-next-line unicorn/prefer-add-event-listener -- only this property makes the channel listen
channel.onmessage = (event) => {
  void onMessage((event as { data: ProfileMessage }).data);
};
channel.unref();
post({ kind: "hello", threadId });

/** Starts sampling in this thread and in every other that has loaded this module. */
export async function startProfiles(): Promise<void> {
  await toAll({ kind: "start" }, start);
}

/** Stops sampling; each thread writes `thread-<id>.cpuprofile` into the directory. */
export async function stopProfiles(directory: string): Promise<void> {
  await toAll({ kind: "stop", directory }, () => stop(directory));
}

async function toAll(message: ProfileMessage, here: () => Promise<void>): Promise<void> {
  doneCount = 0;
  const others = new Promise<void>((resolve) => {
    onDone = () => {
      if (doneCount >= otherThreads.size) resolve();
    };
    onDone();
  });
  post(message);
  await Promise.all([others, here()]);
}

async function onMessage(message: ProfileMessage): Promise<void> {
  switch (message.kind) {
    case "hello":
      otherThreads.add(message.threadId);
      return;
    case "done":
      doneCount++;
      onDone();
      return;
    case "start":
      await start();
      break;
    case "stop":
      await stop(message.directory);
  }
  post({ kind: "done", threadId });
}

async function start(): Promise<void> {
  session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_MICROSECONDS });
  await session.post("Profiler.start");
}

async function stop(directory: string): Promise<void> {
  if (session === undefined) return;
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  session = undefined;
  await writeFile(join(directory, `thread-${threadId}.cpuprofile`), JSON.stringify(profile));
}

function post(message: ProfileMessage): void {
  channel.postMessage(message);
}
