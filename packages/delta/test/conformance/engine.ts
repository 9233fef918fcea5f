// SPDX-License-Identifier: Apache-2.0
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { conformanceScript, DUCKDB_PYTHON, PYTHON, SPARK_PYTHON } from "@sluice/testkit";

export const ENGINES = ["deltalake", "duckdb", "polars", "spark"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface EngineReading {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

type Answer = { readonly result: unknown } | { readonly error: string };

/** No task takes so long on a machine that is not stuck. */
const ANSWER_TIMEOUT_MS = 300_000;

const INTERPRETERS: Readonly<Record<EngineName, string | null>> = {
  deltalake: PYTHON,
  duckdb: DUCKDB_PYTHON,
  spark: SPARK_PYTHON,
  polars: PYTHON,
};

/** Why an engine is not here and how it is installed, or `false`. */
export function skipWithoutEngine(name: EngineName): string | false {
  if (INTERPRETERS[name] !== null) return false;
  return `not installed: npm run setup:conformance${name === "spark" ? " (needs Java 17)" : ""}`;
}

/** What the engine itself says against a task. */
export class EngineRefusal extends Error {}

/** A process that does tasks with one engine, one after the other; see `conformance/delta/engine.py`. */
export class Engine implements AsyncDisposable {
  readonly name: EngineName;
  readonly versions: Readonly<Record<string, string>>;
  readonly #process: EngineProcess;

  private constructor(
    name: EngineName,
    versions: Readonly<Record<string, string>>,
    process: EngineProcess,
  ) {
    this.name = name;
    this.versions = versions;
    this.#process = process;
  }

  static async start(name: EngineName): Promise<Engine> {
    const process = new EngineProcess(name);
    try {
      const versions = (await process.answer()) as Readonly<Record<string, string>>;
      return new Engine(name, versions, process);
    } catch (error) {
      await process.end();
      throw error;
    }
  }

  /** @throws EngineRefusal with the engine's own words. */
  async ask(task: string, values: object): Promise<unknown> {
    return this.#process.ask({ task, ...values });
  }

  async read(location: string, options: object = {}): Promise<EngineReading> {
    return (await this.ask("read", { location, ...options })) as EngineReading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.end();
  }
}

class EngineProcess {
  readonly #name: EngineName;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<void>;
  #errors = "";
  #lastTask: Promise<unknown> = Promise.resolve();

  constructor(name: EngineName) {
    this.#name = name;
    this.#child = spawn(
      INTERPRETERS[name] as string,
      [conformanceScript("delta/engine.py"), name],
      { env: { ...process.env, TZ: "UTC" } },
    );
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", () => resolve());
      this.#child.once("error", () => resolve());
    });
    // A process that is gone shows in its output, which ends.
    this.#child.stdin.on("error", () => undefined);
    this.#child.stderr.setEncoding("utf8");
    this.#child.stderr.on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(task: object): Promise<unknown> {
    const answered = this.#lastTask.then(async () => {
      this.#child.stdin.write(`${JSON.stringify(task)}\n`);
      return this.answer();
    });
    this.#lastTask = answered.catch(() => undefined);
    return answered;
  }

  async answer(): Promise<unknown> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), ANSWER_TIMEOUT_MS);
    try {
      const line = await this.#lines.next();
      if (line.done === true) throw new Error(`${this.#name} has ended: ${this.#errors}`);
      const answer = JSON.parse(line.value) as Answer;
      if ("error" in answer) throw new EngineRefusal(answer.error);
      return answer.result;
    } finally {
      clearTimeout(timer);
    }
  }

  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}

/** The engines that are here, each started when it is first asked for. */
export class EngineSet implements AsyncDisposable {
  readonly #started = new Map<EngineName, Promise<Engine>>();

  async engine(name: EngineName): Promise<Engine> {
    let started = this.#started.get(name);
    if (started === undefined) {
      started = Engine.start(name);
      this.#started.set(name, started);
    }
    return started;
  }

  /** Those that were started and are there. */
  async all(): Promise<readonly Engine[]> {
    const settled = await Promise.allSettled(this.#started.values());
    return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const engine of await this.all()) await engine[Symbol.asyncDispose]();
  }
}
