// SPDX-License-Identifier: Apache-2.0
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../deltalake/tasks.py", import.meta.url));

/** delta-rs in a Python process that does one task after the other; see `bench/deltalake/tasks.py`. */
export class DeltalakeProcess implements AsyncDisposable {
  readonly versions: Readonly<Record<string, string>>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    child: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string>,
    versions: Readonly<Record<string, string>>,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.versions = versions;
  }

  static async start(interpreter: string): Promise<DeltalakeProcess> {
    const child = spawn(interpreter, [SCRIPT]);
    child.stderr.pipe(process.stderr);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const versions = await nextAnswer<Readonly<Record<string, string>>>(lines, "start");
    return new DeltalakeProcess(child, lines, versions);
  }

  /** @throws Error where the task fails: the process ends with it, and says why on stderr. */
  // oxlint-disable-next-line no-unnecessary-type-parameters -- the caller names the type of what the task answers
  async ask<Answer>(task: string, values: object = {}): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify({ task, ...values })}\n`);
    return nextAnswer<Answer>(this.#lines, task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

// oxlint-disable-next-line no-unnecessary-type-parameters -- the caller names the type of what the process sends
async function nextAnswer<Answer>(lines: AsyncIterator<string>, task: string): Promise<Answer> {
  const line = await lines.next();
  if (line.done === true) throw new Error(`the delta-rs process has ended in ${task}`);
  return JSON.parse(line.value) as Answer;
}
