// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A process that has not answered for so long hangs, and is killed. */
const ANSWER_TIMEOUT_MS = 240_000;

/** A process that does one job: takes it as its argument, answers with one message, and ends. */
export async function runJob<Answer>(script: string, job: object): Promise<Answer> {
  const service = await Service.start<Answer>(script, job);
  await service.stop();
  return service.ready;
}

export interface ServiceOptions {
  readonly execArgv?: readonly string[];
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Ends the process at once. */
  readonly signal?: AbortSignal;
}

/** A process that goes on: says when it is ready, then answers each message with one message. */
export class Service<Ready> {
  readonly ready: Ready;
  readonly #child: ChildProcess;
  readonly #script: string;

  private constructor(child: ChildProcess, script: string, ready: Ready) {
    this.#child = child;
    this.#script = script;
    this.ready = ready;
  }

  /** @throws Error when the process ends before it is ready. */
  static async start<Ready>(
    script: string,
    job: object,
    options: ServiceOptions = {},
  ): Promise<Service<Ready>> {
    const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
    const child = fork(path, [JSON.stringify(job)], {
      serialization: "advanced",
      execArgv: [...(options.execArgv ?? [])],
      env: { ...process.env, ...options.environment },
    });
    options.signal?.addEventListener("abort", () => child.kill("SIGKILL"), { once: true });
    const ready = await nextMessage<Ready>(child, script);
    return new Service(child, script, ready);
  }

  /** @throws Error when the process ends instead. */
  // oxlint-disable-next-line no-unnecessary-type-parameters -- the caller names the type of what the process sends
  async ask<Answer>(question: object | string): Promise<Answer> {
    const answered = nextMessage<Answer>(this.#child, this.#script);
    this.#child.send(question);
    return answered;
  }

  /** Sends a message that is not answered. */
  tell(message: string): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** For `SIGSTOP` and `SIGCONT`. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends the process at once, as a crash would, and waits for it. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  /** Lets the process end and waits for it. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    if (child.connected) child.disconnect();
    await exited;
  }
}

// oxlint-disable-next-line no-unnecessary-type-parameters -- the caller names the type of what the process sends
async function nextMessage<Message>(child: ChildProcess, script: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), ANSWER_TIMEOUT_MS);
    const onExit = (code: number | null, signal: string | null): void => {
      clearTimeout(timer);
      child.removeListener("message", onMessage);
      reject(new Error(`${script} ended with ${signal ?? `code ${code}`} and no answer`));
    };
    const onMessage = (message: unknown): void => {
      clearTimeout(timer);
      child.removeListener("exit", onExit);
      resolve(message as Message);
    };
    child.once("exit", onExit);
    child.once("message", onMessage);
  });
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
