// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A process that does one job: takes it as its argument, answers with one message. */
export async function runJob<Answer>(script: string, job: object): Promise<Answer> {
  const child = start(script, job);
  const exited = once(child, "exit").then(([code]) => {
    throw new Error(`${script} ended with code ${String(code)} and no answer`);
  });
  const answered = once(child, "message").then(([message]) => message as Answer);
  const result = await Promise.race([answered, exited]);
  exited.catch(() => undefined);
  child.disconnect();
  if (child.exitCode === null) await once(child, "exit");
  return result;
}

/** A process that goes on: answers each message with one message. */
export class Service<Ready> {
  readonly ready: Ready;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, ready: Ready) {
    this.#child = child;
    this.ready = ready;
  }

  static async start<Ready>(script: string, options: object): Promise<Service<Ready>> {
    const child = start(script, options);
    const [ready] = (await once(child, "message")) as [Ready];
    return new Service(child, ready);
  }

  async ask<Answer>(question: object): Promise<Answer> {
    const answered = once(this.#child, "message");
    this.#child.send(question);
    const [result] = (await answered) as [Answer];
    return result;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.disconnect();
    await exited;
  }
}

function start(script: string, argument: object): ChildProcess {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  return fork(path, [JSON.stringify(argument)], { serialization: "advanced" });
}

/** The job that the process was started with. */
// oxlint-disable-next-line no-unnecessary-type-parameters -- the caller names the type of what the parent sent
export function jobOfProcess<Job>(): Job {
  return JSON.parse(process.argv[2] ?? "{}") as Job;
}

/** Answers the parent. */
export function answer(message: object): void {
  process.send?.(message);
}
